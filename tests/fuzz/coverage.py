"""Coverage-guided fuzzing of everything that reads bytes: any bytes give parts, within the limits, without an effect.

python -m tests.fuzz.coverage [--seconds 60] [-- libFuzzer's own flags]
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["safeload.parsers"]):
    from safeload.parsers import coding, external, facts, tiers
    from safeload.parsers.examine import examine
    from safeload.parsers.purposes import PYTHON, TEMPLATE, YAML
    from safeload.parsers.reader import Reader
    from safeload.parsers.sandbox.rights import HARMLESS
    from safeload.parsers.signs import heads

from safeload.lean import sha256
from tests.fuzz import seeds

_MEMORY = 2 << 30
tiers.load()
sha256()  # imported when it is called first, as `serve` does before it gives up its rights
# Third-party parsers among them, though these are not instrumented.
_OTHERS = external.load(external.KINDS)
_watching = False


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if _watching and event not in HARMLESS:
        raise AssertionError(f"reading these bytes has an effect: {event}")


def one(data: bytes) -> None:
    """One input, as a file of unknown purpose, and a text as what it could be for."""
    global _watching
    for purpose in ("", PYTHON, TEMPLATE, YAML) if heads.text(data[:512]) else ("",):
        _watching = True
        try:
            parts = examine(Reader.of_bytes(data), purpose=purpose, others=_OTHERS)
        except (MemoryError, RecursionError):
            continue  # the worker's own loop makes a gap of these
        finally:
            _watching = False
        sent = json.loads(json.dumps(coding.encode(parts)))
        assert coding.decode(tuple[facts.Part, ...], sent) == parts
        assert parts


def main() -> None:
    arguments = sys.argv[1:]
    seconds = arguments[arguments.index("--seconds") + 1] if "--seconds" in arguments else "60"
    own = arguments[arguments.index("--") + 1 :] if "--" in arguments else []
    sys.addaudithook(_heard)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(seeds.all_kinds()):
            Path(folder, str(number)).write_bytes(content)
        own = [f"-artifact_prefix={folder}/", f"-max_total_time={seconds}", *own]
        flags = ["-rss_limit_mb=2048", "-timeout=10", "-max_len=8192", *own]
        atheris.Setup([sys.argv[0], folder, *flags], one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
