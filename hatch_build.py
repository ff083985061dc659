"""What a wheel is made of besides its files: data files of names as Python, and the audit hook's filter in C.

The data loads in a tenth of the time of TOML. The filter is optional: without a compiler or Python's headers the wheel
is for every platform, and the hook is the one in Python. `python hatch_build.py` builds the filter beside its source.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # `python hatch_build.py`, which needs none
    BuildHookInterface = object  # type: ignore[assignment, misc]

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = "safeload/scanners/imports"
FILTER = "safeload/guard/_filter.c"
PURE = "SAFELOAD_BUILD_PURE"  # set: do not even try


def compiled(text: str, name: str) -> str:
    """A module that holds what the TOML says; `names_table` reads it where it is there."""
    return f'"""Made of {name} when this wheel was built."""\n\nDOCUMENT = {tomllib.loads(text)!r}\n'


def built(source: Path, folder: Path) -> tuple[Path | None, str]:
    """The filter for the Python that runs this, or None with the reason."""
    if os.environ.get(PURE):
        return None, f"{PURE} is set"
    # It counts on the lock of CPython; `LDSHARED` is how CPython was told to link its own extensions.
    command, suffix = sysconfig.get_config_var("LDSHARED"), sysconfig.get_config_var("EXT_SUFFIX")
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED") or not (command and suffix):
        return None, "it is made for CPython with its lock, on POSIX"
    target = folder / f"{source.stem}{suffix}"
    include = [f"-I{sysconfig.get_path(name)}" for name in ("include", "platinclude")]
    fresh = target.with_name(f".{target.name}.{os.getpid()}")  # a process may have the old one mapped
    words = [*shlex.split(os.environ.get("LDSHARED") or command), "-O2", "-fPIC", *include, str(source)]
    try:
        done = subprocess.run([*words, "-o", str(fresh)], capture_output=True, text=True, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"no C compiler: {error}"
    if done.returncode:
        return None, (done.stderr.strip().splitlines() or ["the compiler failed"])[0]
    fresh.replace(target)
    return target, ""


class Build(BuildHookInterface):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        self.filter(build_data, editable=version == "editable")
        if version != "editable":  # the texts are edited there
            self.names(build_data)

    def filter(self, build_data: dict[str, Any], *, editable: bool) -> None:
        source = Path(self.root, FILTER)
        made, why = built(source, source.parent if editable else Path(tempfile.mkdtemp(prefix="safeload-filter-")))
        if made is None:
            self.app.display_warning(f"The audit hook's filter in C was not built, the hook is in Python: {why}")
            return
        # For this Python, system and processor only: what adds a hook in C is not in the limited API.
        build_data["pure_python"], build_data["infer_tag"] = False, True
        if not editable:
            build_data["force_include"][str(made)] = f"{Path(FILTER).parent}/{made.name}"

    def names(self, build_data: dict[str, Any]) -> None:
        made = Path(tempfile.mkdtemp(prefix="safeload-names-"))
        for file in sorted(Path(self.root, FOLDER).glob("*.toml")):
            if file.stem.endswith("_classes"):
                continue  # one long text, which TOML reads as fast
            module = made / f"{file.stem}.py"
            module.write_text(compiled(file.read_text("utf-8"), file.name), "utf-8")
            build_data["force_include"][str(module)] = f"{FOLDER}/{module.name}"


if __name__ == "__main__":
    beside = Path(__file__).resolve().parent / FILTER
    print(*(item for item in built(beside, beside.parent) if item))  # noqa: T201
