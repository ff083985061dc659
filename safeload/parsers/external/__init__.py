"""Formats that a well-kept library reads better: one module each, imported only in a worker that is started for it.

Each module has `read(reader, visit)`, as in `parsers.registry`, and imports all it needs when it is imported: later, in
a process without rights, nothing can be.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

from safeload.lean import Any, Final, Iterable, record


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
    "zstd": External(module="safeload.parsers.external.zstd", packages=("zstandard",)),
}


def how_to_get(kind: str) -> str:
    """What a person does about a missing library."""
    wanted = KINDS[kind]
    return f"{' and '.join(wanted.packages)} reads this: pip install 'safeload[{wanted.extra}]'"


def missing() -> tuple[str, ...]:
    """The packages that are not there, in name order, without importing any."""
    wanted = {pair for one in KINDS.values() for pair in zip(one.packages, one.imports or one.packages, strict=True)}
    return tuple(sorted(package for package, name in wanted if importlib.util.find_spec(name) is None))


def installed() -> str:
    """What tells one release of these libraries from another, without importing any: where they are, since when."""
    found = []
    for name in sorted({name for one in KINDS.values() for name in one.imports or one.packages}):
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec is not None and spec.origin else ""
        since = Path(origin).stat().st_mtime_ns if origin and Path(origin).is_file() else 0
        found.append(f"{name}={origin}@{since}")
    return ",".join(found)


def load(kinds: Iterable[str]) -> dict[str, Any]:
    """The `read` functions of these kinds, without those whose library is not there."""
    found = {}
    for kind in sorted(kinds):
        try:
            found[kind] = importlib.import_module(KINDS[kind].module).read
        except ImportError:
            continue  # the part then keeps its gap, which names the command that adds it
    return found
