"""Formats that a well-kept library reads better: one module each, imported only in a worker that is started for it.

Each module has `read(reader, visit)`, as in `parsers.registry`, and imports all it needs when it is imported: later, in
a process without rights, nothing can be.
"""

from __future__ import annotations

import os
import sys

from safeload.lean import TYPE_CHECKING, Any, Final, Iterable, attribute, record

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


@record(frozen=True, slots=True, kw_only=True)
class External:
    """A library that reads one kind: `module` wraps it, `packages` have to be there, `extra` brings them.

    `imports` are the packages' names in Python, where those differ.
    """

    module: str
    packages: tuple[str, ...]
    extra: str = "formats"
    imports: tuple[str, ...] = ()


KINDS: Final = {
    "template": External(module="safeload.parsers.external.jinja", packages=("jinja2",)),
    "hdf5": External(module="safeload.parsers.external.hdf5", packages=("pyfive",)),
    "lz4": External(module="safeload.parsers.external.lz4", packages=("lz4",)),
    "yaml": External(module="safeload.parsers.external.yaml", packages=("pyyaml",), imports=("yaml",)),
    "7z": External(module="safeload.parsers.external.sevenzip", packages=("py7zr",)),
    # No library of others: a purpose that few files are read for, and that needs a worker of its own start.
    "rescue": External(module="safeload.parsers.rescue.read", packages=()),
    "zstd": External(module="safeload.parsers.external.zstd", packages=("zstandard",)),
}


def how_to_get(kind: str) -> str:
    """What a person does about a missing library."""
    wanted = KINDS[kind]
    return f"{' and '.join(wanted.packages)} reads this: pip install 'safeload[{wanted.extra}]'"


def missing() -> tuple[str, ...]:
    """The packages that are not there, in name order, without importing any."""
    wanted = {pair for one in KINDS.values() for pair in zip(one.packages, one.imports or one.packages, strict=True)}
    return tuple(sorted(package for package, name in wanted if _spec(name) is None))


def installed() -> str:
    """What tells one release of these libraries from another, without importing any: where they are, since when."""
    found = []
    for name in sorted({name for one in KINDS.values() for name in one.imports or one.packages}):
        spec = _spec(name)
        origin = spec.origin if spec is not None and spec.origin else ""
        since = os.stat(origin).st_mtime_ns if os.path.isfile(origin) else 0  # noqa: PTH116, PTH113
        found.append(f"{name}={origin}@{since}")
    return ",".join(found)


def _spec(name: str) -> ModuleSpec | None:
    """As `importlib.util.find_spec`, which takes 7 ms to import."""
    specs = (finder.find_spec(name, None) for finder in sys.meta_path)
    return next((spec for spec in specs if spec is not None), None)


def load(kinds: Iterable[str]) -> dict[str, Any]:
    """The `read` functions of these kinds, without those whose library is not there."""
    found = {}
    for kind in sorted(kinds):
        try:
            found[kind] = attribute(KINDS[kind].module, "read")
        except ImportError:
            continue  # the part then keeps its gap, which names the command that adds it
    return found
