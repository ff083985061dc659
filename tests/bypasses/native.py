"""A shared library that makes a folder when it is loaded, and is nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = "#include <sys/stat.h>\n__attribute__((constructor)) static void loaded(void) {{ mkdir({path}, 0700); }}\n"


def library(path: Path, marker: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler here")
    source = path.with_suffix(".c")
    source.write_text(SOURCE.format(path=json.dumps(str(marker))))
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(path), str(source)], check=True)
    source.unlink()
    return path
