"""Files that run something when they are loaded: inert here, since all they do is touch a marker file."""

from __future__ import annotations

import os
from typing import Any

from hub.models import bert, legacy_torch_bytes, torch_bytes

# The path comes from the environment at the moment it runs, so that the files are the same bytes on every machine.
COMMAND = 'touch "${SAFELOAD_DEMO_MARKER:-PAYLOAD-RAN}"'
SOURCE = 'import os\nimport pathlib\n\npathlib.Path(os.environ.get("SAFELOAD_DEMO_MARKER", "PAYLOAD-RAN")).touch()\n'


class Payload:
    """Pickles as a call of `os.system`."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (COMMAND,)


def poisoned(*, legacy: bool = False) -> bytes:
    """The weights of a BERT, and one call beside them."""
    state = {**bert().state_dict(), "training_state": Payload()}
    return legacy_torch_bytes(state) if legacy else torch_bytes(state)


def innocent_twin(evil: bytes) -> bytes:
    """The same archive without the call, as long to the byte as `evil`."""
    state = bert().state_dict()
    length = 64
    for _ in range(8):
        clean = torch_bytes({**state, "training_state": "-" * length})
        if len(clean) == len(evil):
            return clean
        length += len(evil) - len(clean)
    raise ValueError("no padding makes the two files equally long")
