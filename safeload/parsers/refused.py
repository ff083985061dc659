"""Reading that is given up, for a reason of ours."""

from __future__ import annotations

from safeload.errors import Malformed
from safeload.parsers.facts import Gap, GapReason


class Refused(Malformed):
    """The run is given up, for a reason of ours. `UnpicklingError` is what the VM itself raises."""

    def __init__(self, message: str, *, reason: GapReason = GapReason.MALFORMED) -> None:
        super().__init__(message)
        self.reason = reason

    @property
    def gap(self) -> Gap:
        return Gap(reason=self.reason, detail=str(self))
