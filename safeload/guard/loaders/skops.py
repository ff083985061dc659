"""skops: estimators in an archive of JSON, arrays, trusted types."""

from __future__ import annotations

import sys
from zipfile import ZipFile

from safeload.guard.interface import Entry
from safeload.guard.loaders.singlefile import SingleFile
from safeload.lean import Any, ClassVar, Mapping


class Skops(SingleFile):
    """`trusted=` takes a list of types as it is written in the file; what they are is looked at here."""

    name = "skops"
    argument = "file"
    suffixes: ClassVar[tuple[str, ...]] = (".skops",)
    entries = (Entry(module="skops.io._persist", attribute="load"), Entry(module="skops.io", attribute="load"))


class SkopsBytes(Skops):
    """The same from bytes in memory."""

    name = "skops.loads"
    argument = "data"
    suffixes = ()
    entries = (Entry(module="skops.io._persist", attribute="loads"), Entry(module="skops.io", attribute="loads"))


class SkopsBelow(SingleFile):
    """What `load` calls first: whoever bound it before the guard was on comes by here."""

    name = "skops.below"
    argument = "zip_file"
    keeps = True
    entries = (Entry(module="skops.io._persist", attribute="read_schema"),)

    def concerns(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        """Not for `get_untrusted_types`, which makes nothing of what it reads."""
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals.get("__name__") != "skops.io._persist":
            frame = frame.f_back
        return frame.f_code.co_name in ("load", "loads")

    def target(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        archive = super().target(args, kwargs)
        # For an open file `filename` is whatever that calls itself.
        return archive.fp if archive._filePassed else archive.filename

    def replaced(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], given: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return (ZipFile(given), *args[1:]), kwargs
