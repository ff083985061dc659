"""The folder that a conversion writes: there whole, or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

from safeload import limits
from safeload.errors import StateError, UsageError
from safeload.lean import TYPE_CHECKING, Any, Sequence, sha256
from safeload.rescue.interface import PROVENANCE, Dropped, Rescued, Taken

if TYPE_CHECKING:
    from types import TracebackType

    from safeload.rescue.source import Source


class Folder:
    """A context. Until `finish`, all is in a folder beside it, which goes away again."""

    def __init__(self, target: Path) -> None:
        self.target = target.absolute()
        self._made: Path | None = None

    def __enter__(self) -> Folder:
        if os.path.lexists(self.target) and not (self.target.is_dir() and not any(self.target.iterdir())):
            raise UsageError(f"{self.target} is there already.", next="Give a folder that is not: --output DIR.")
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._made = Path(tempfile.mkdtemp(prefix=f".{self.target.name[:100]}.", dir=self.target.parent))
        except OSError as error:
            raise _unwritable(self.target, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._made is not None:
            shutil.rmtree(self._made, ignore_errors=True)
        if isinstance(error, OSError):
            raise _unwritable(self.target, error) from error

    def place(self, path: str) -> Path:
        """Where a file is to be written."""
        assert self._made is not None  # noqa: S101
        found = self._made / path
        found.parent.mkdir(parents=True, exist_ok=True)
        return found

    def copy(self, path: str, source: Source) -> str:
        """The file as it is; its digest."""
        with source, self.place(path).open("xb") as out:
            for data in source.all():
                out.write(data)
            return source.sha256

    def index(self, old: str, new: str, taken: Sequence[Taken]) -> None:
        """In which file each tensor is, of those in the same folder."""
        inside = [one for one in taken if one.file.rpartition("/")[0] == new.rpartition("/")[0]]
        where = {name: one.file.rpartition("/")[2] for one in inside for name in one.tensors}
        said = {"metadata": {"total_size": sum(one.bytes for one in inside)}, "weight_map": dict(sorted(where.items()))}
        self._json(new, said)

    def provenance(self, done: Rescued) -> str:
        """The record; its digest."""
        self._json(PROVENANCE, described(done))
        return sha256(self.place(PROVENANCE).read_bytes()).hexdigest()

    def finish(self) -> None:
        """Give it its name."""
        assert self._made is not None  # noqa: S101
        umask = os.umask(0)
        os.umask(umask)
        self._made.chmod(0o777 & ~umask)
        self._made.rename(self.target)
        self._made = None

    def _json(self, path: str, value: Any) -> None:
        with self.place(path).open("x", encoding="ascii") as out:
            json.dump(value, out, indent=1)
            out.write("\n")


def described(done: Rescued) -> dict[str, Any]:
    """The record that stands in the folder: where everything came from, what was not kept."""
    from safeload import __version__

    origin = done.origin
    return {
        "safeload": __version__,
        "source": {"kind": origin.kind.value, "name": origin.name, "revision": origin.revision},
        "converted": [_taken(one) for one in done.taken],
        "copied": [{"file": path, "sha256": sha256} for path, sha256 in sorted(done.copied.items())],
        "left_out": _dropped(done.left_out),
    }


def _taken(one: Taken) -> dict[str, Any]:
    return {
        "from": one.path,
        "from_sha256": one.sha256,
        "file": one.file,
        "sha256": one.file_sha256,
        "tensors": len(one.tensors),
        "bytes": one.bytes,
        "under": one.within,
        "aliases": dict(one.aliases),
        "no_longer_shared": list(one.unshared),
        "state_only_of": list(one.modules),
        "names_never_called": [name[: limits.NAME] for name in one.names],
        "not_kept": _dropped(one.dropped),
        "not_kept_beyond_those": one.more,
    }


def _dropped(many: Sequence[Dropped]) -> list[dict[str, str]]:
    return [{"path": one.path, "what": one.what} for one in many]


def _unwritable(path: Path, error: OSError) -> StateError:
    return StateError(
        f"{path} cannot be written ({error.strerror or error}).", next="Make room or give yourself the right."
    )
