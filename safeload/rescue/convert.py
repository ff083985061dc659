"""From a model whose weights are pickles to a folder that holds its tensors, and runs nothing when it is loaded."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

from safeload import limits
from safeload.deciding import write_down
from safeload.errors import NotConverted, NotFound, SourceError
from safeload.lean import TYPE_CHECKING, Any, Final, Mapping, record
from safeload.looking import open_call
from safeload.parsers.formats import packed
from safeload.rescue import names
from safeload.rescue.folder import Folder
from safeload.rescue.interface import PROVENANCE, Dropped, Rescued, Taken
from safeload.rescue.source import Source
from safeload.rescue.take import take
from safeload.sources.interface import Artifact, Progress, Role, Silent
from safeload.sources.registry import open_source

if TYPE_CHECKING:
    from safeload.looking import Opened
    from safeload.sources.interface import Call

_NAMES: Final = 100  # of what a pickle names, in one entry of the log
_CODE: Final = (".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".sh")
# What may hold tensors; all else is a file that the load needs beside them.
_WEIGHTS: Final = (Role.WEIGHTS, Role.TARGET, Role.FOUND)


@record(slots=True, kw_only=True)
class _Sorted:
    """The files of a load by what becomes of them."""

    pickles: list[Artifact]
    indices: list[Artifact]
    beside: list[Artifact]
    left_out: list[Dropped]


def convert(call: Call, output: Path, *, progress: Progress | None = None) -> Rescued:
    """Write the tensors of what `call` would load, with its settings, to a new folder `output`.

    Nothing of the model runs: the pickles are read on stand-ins, in a process without rights, which says where the
    numbers lie; they are copied from there. The folder is there whole, or not at all. Raises `NotConverted`,
    `SourceError`.
    """
    progress = progress or Silent()
    opened = open_call(call, open_source(call.target, revision=call.revision), progress)
    _all_there(opened)
    progress.step("Fetching")
    places = dict(opened.closure.fetch(progress))
    for artifact in opened.closure.snapshot.artifacts:
        place = opened.closure.cached(artifact)
        if place is not None:
            places.setdefault(artifact.path, place)
    sorted_ = _sort(opened, places)
    with Folder(output) as folder:
        taken = _taken(opened, sorted_, places, folder, progress)
        copied = {one.path: folder.copy(one.path, Source(places[one.path], one)) for one in sorted_.beside}
        for index in sorted_.indices:
            folder.index(index.path, names.index(index.path), taken)
        done = Rescued(
            folder=folder.target, origin=opened.source.origin, taken=tuple(taken), copied=copied,
            left_out=tuple(sorted_.left_out),
        )  # fmt: skip
        record = folder.provenance(done)
        write_down("converted", None, None, **_entry(done, record))  # first: nothing is there that is not in the log
        folder.finish()
    return done


def _entry(done: Rescued, record: str) -> dict[str, Any]:
    """What the audit log says; the record in the folder has it in full, and is named by its digest."""
    return {
        "origin": str(done.origin),
        "folder": str(done.folder),
        "record": f"sha256:{record}",
        "files": {one.path: f"sha256:{one.sha256}" for one in done.taken},
        "written": {one.file: f"sha256:{one.file_sha256}" for one in done.taken},
        "copied": {path: f"sha256:{sha256}" for path, sha256 in done.copied.items()},
        "not_kept": {one.path: len(one.dropped) + one.more for one in done.taken},
        "never_called": sorted({name[: limits.EVIDENCE] for one in done.taken for name in one.names})[:_NAMES],
        "left_out": [one.path for one in done.left_out],
    }


def _all_there(opened: Opened) -> None:
    for failure in opened.closure.failures.values():
        raise failure
    for artifact in opened.closure.snapshot.artifacts:
        if artifact.path in opened.closure.missing:
            raise NotFound(f"{opened.source.origin} names {artifact.path}, which is not there.", next=names.OTHER)


def _sort(opened: Opened, places: Mapping[str, Path]) -> _Sorted:
    found = _Sorted(pickles=[], indices=[], beside=[], left_out=[])
    for artifact in opened.closure.snapshot.artifacts:
        if artifact.path not in places:
            raise SourceError(f"{artifact.path} did not arrive.", next="Try again.")
        why = _not_wanted(artifact)
        if why:
            found.left_out.append(Dropped(path=artifact.path, what=why))
        elif names.is_index(artifact.path):
            found.indices.append(artifact)
        elif not _pickled(places[artifact.path]):
            if artifact.role is Role.FOUND and not artifact.path.endswith(".safetensors"):
                found.left_out.append(Dropped(path=artifact.path, what="no library is known that would open it"))
            else:
                found.beside.append(artifact)
        elif artifact.role in _WEIGHTS:
            found.pickles.append(artifact)
        else:
            found.left_out.append(Dropped(path=artifact.path, what="a pickle that holds no weights"))
    if not found.pickles:
        raise NotConverted(
            f"{opened.source.origin}: what a load of it opens is no pickle, so there is nothing to convert.",
            next="Name the file itself, or add --option use_safetensors=false to have its pickled weights.",
        )
    return found


def _not_wanted(artifact: Artifact) -> str:
    if artifact.role is Role.CODE:
        return "code of the repository, which nobody approved here"
    if artifact.role is Role.BESIDE or artifact.path == PROVENANCE:
        return "not opened by a load"
    if artifact.origin is not None:
        return "a file of another repository, which is loaded from there"
    if artifact.path.lower().endswith(_CODE):
        return "code, which nobody approved here"
    parts = PurePosixPath(artifact.path).parts
    if ".." in parts or artifact.path.startswith("/") or "\\" in artifact.path or "\0" in artifact.path:
        return "a path that leads out of the folder"
    return ""


def _pickled(path: Path) -> bool:
    """By its first bytes: a ZIP, a tar, a pickle of protocol 2 or later, or what may hold one: the reader says."""
    with path.open("rb") as file:
        head = file.read(512)
    return head[:4] == b"PK\x03\x04" or head[:1] == b"\x80" or head[257:262] == b"ustar" or packed(head)


def _taken(
    opened: Opened, found: _Sorted, places: Mapping[str, Path], folder: Folder, progress: Progress
) -> list[Taken]:
    apart = _apart(found, places)
    taken: list[Taken] = []
    files: dict[str, str] = {artifact.path: artifact.path for artifact in found.beside}
    for artifact in found.pickles:
        progress.step(f"Converting {artifact.path}")
        name = names.converted(artifact.path)
        if name in files:
            raise NotConverted(f"{artifact.path} and {files[name]} would both be {name}.", next="Convert one file.")
        files[name] = artifact.path
        taken.append(take(Source(places[artifact.path], artifact), folder.place(name), file=name, apart=apart))
    if found.indices:
        _told_apart(taken)
    return taken


def _told_apart(taken: list[Taken]) -> None:
    """Shards of one model hold each tensor once."""
    where: dict[str, str] = {}
    for one in taken:
        for name in (*one.tensors, *one.aliases):
            if where.setdefault(name, one.path) != one.path:
                raise NotConverted(f"{where[name]} and {one.path} both hold {ascii(name)[:80]}.", next=names.OTHER)


def _apart(found: _Sorted, places: Mapping[str, Path]) -> bool:
    """Does the configuration say that tensors with the same numbers are not the same tensor?"""
    path = next((places[one.path] for one in found.beside if one.path == "config.json"), None)
    if path is None or path.stat().st_size > limits.SMALL_FILE:
        return False
    try:
        said: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("tie_word_embeddings") is False
