"""What parsers say of bytes: plain facts, no opinions. `coding` carries them between worker and parent."""

from __future__ import annotations

from safeload.lean import Choice, field, record
from safeload.parsers.codefacts import CodeFacts
from safeload.parsers.plan import Plan


class GapReason(str, Choice):
    """Why something was not read."""

    UNKNOWN_FORMAT = "unknown-format"
    MALFORMED = "malformed"  # truncated, contradictory, or not what it claims to be
    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    LIMIT = "limit"  # memory, CPU time, depth, count or size
    CRASHED = "crashed"  # the worker died while reading it
    MISSING = "missing"  # named by an index or by the load, not there
    MISSING_DEPENDENCY = "missing-dependency"
    UNREADABLE = "unreadable"  # not a regular file, no permission
    UNREACHABLE = "unreachable"  # the source stopped delivering


class PickleRole(str, Choice):
    """What a stream does with a global that it names."""

    CALLED = "called"  # REDUCE, INST, OBJ
    CONSTRUCTED = "constructed"  # NEWOBJ, NEWOBJ_EX
    REFERENCED = "referenced"  # resolved, and only passed along
    TAMPERED = "tampered"  # BUILD, SETITEM, APPEND aimed at the global itself
    RESULT_CALLED = "result-called"  # what a call returned was called again
    STATED = "stated"  # BUILD aimed at an instance: one that was constructed, or what a call returned


@record(frozen=True, slots=True, kw_only=True)
class Use:
    """One way in which a stream uses a global; equal uses are counted, not repeated.

    `shape` holds one tag an argument: `str`, `int`, `float`, `bytes`, `bool`, `none`, `tuple`, `list`, `dict`, `set`,
    `global:module.name`, `result` (of a call), `persistent`, `other`, and `keywords` last where there are any; short
    strings also as `str:'latin1'`. For `tampered`, the first tag is the opcode (`str:'BUILD'`). For `stated` it is the
    tag of the state, or those of its items if it is a tuple of any other length than one. `odd` stands last where
    an array's type, shape and bytes, or a random number generator's numbers, do not agree as numpy writes them;
    `unread` where such contents were not looked at. Of classes in `watched.py`, a state that is a dict also has a tag
    for each value of some fields: `.stack_method_=str:'predict'`.
    `offset` is where the global's name first stands in the member, in bytes, -1 where it could not be told.
    `example` is the first call's arguments as escaped, shortened text.
    """

    module: str
    name: str
    role: PickleRole
    shape: tuple[str, ...] = ()
    count: int = 1
    offset: int = -1
    example: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Stream:
    """One pickle, from its first opcode to STOP. `offset` and `length` in bytes within its member.

    `whole`: it is all of the artifact. What that hashes to is not the worker's to say: `of` fills it in.
    """

    offset: int = 0
    length: int = 0
    sha256: str = ""
    names: tuple[tuple[str, str], ...] = ()
    whole: bool = False

    def of(self, size: int, sha256: str) -> Stream:
        """The same, if it is the whole of an artifact of this length that hashes to that."""
        return Stream(length=size, sha256=sha256, names=self.names, whole=True) if self.whole else self


@record(frozen=True, slots=True, kw_only=True)
class PickleFacts:
    """What running the streams on inert stand-ins showed. `reading` says which loader's rules were followed.

    `persistent` counts ids of torch's own shape, `odd_persistent` holds examples of any other.
    `leftover` is the number of bytes behind the last stream that no loader of this reading accounts for.
    `nested` counts pickles inside byte or string literals that were run too (their uses are in `uses`).
    """

    reading: str
    streams: tuple[Stream, ...] = ()
    uses: tuple[Use, ...] = ()
    persistent: int = 0
    odd_persistent: tuple[str, ...] = ()
    leftover: int = 0
    nested: int = 0


@record(frozen=True, slots=True, kw_only=True)
class ArchiveFacts:
    """A ZIP by its central directory. `anomalies` are codes with detail, e.g. `duplicate-member: data.pkl`."""

    members: int
    anomalies: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class TensorFacts:
    """Tensors by header. `parameters` by dtype; `tensors` is their number; `metadata` the header's own strings."""

    tensors: int
    parameters: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    anomalies: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class TextFacts:
    """Text that is valid UTF-8. `json` tells whether all of it parses as JSON.

    `anomalies` are codes with detail: `duplicate-key: 'auto_map'`, `too-deep`.
    """

    json: bool = False
    lines: int = 0
    anomalies: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class Mention:
    """Something that a file says, and that a loader of its format may act on.

    `kind` names what it is within the format (`keras-layer`, `external-data`, `op`), `text` is what stands there,
    whole where it decides, else shortened; `where` is the way to it in words of the format.
    """

    kind: str
    text: str
    where: str = ""
    count: int = 1


@record(frozen=True, slots=True, kw_only=True)
class TemplateTest:
    """A comparison in a template. `how` is its operator, test or method (`of`: what is named stood on the right).

    `sources` are ways to what is compared (`messages[].content`; `loop.count` for what a loop counts up), `words` and
    `numbers` what it is compared with, `adds` the texts in the branches that it decides, `otherwise` those of them that
    stand in its last `else`.
    """

    how: str
    sources: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    adds: tuple[str, ...] = ()
    otherwise: tuple[str, ...] = ()
    line: int = 0


@record(frozen=True, slots=True, kw_only=True)
class TemplateText:
    """A text that stands in a template. `line` is 0 where it was put together from several places.

    `tools`: it stands only where the conversation has tools.
    """

    text: str
    line: int = 0
    tools: bool = False


@record(frozen=True, slots=True, kw_only=True)
class TemplateFacts:
    """A template that was parsed, never rendered. `work` is how often its innermost loop runs by constants alone."""

    tests: tuple[TemplateTest, ...] = ()
    texts: tuple[TemplateText, ...] = ()
    work: int = 1
    source: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Gap:
    reason: GapReason
    detail: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Part:
    """An artifact, or a member of it (`member` names the way through nested containers).

    `format` is the one it was read as, `also` every other whose signature matches. Facts and gap may both be there:
    what was seen before reading failed is still evidence. `needs` is the kind of `parsers.external` that would read it.
    """

    member: tuple[str, ...] = ()
    format: str
    also: tuple[str, ...] = ()
    pickle: PickleFacts | None = None
    archive: ArchiveFacts | None = None
    tensors: TensorFacts | None = None
    text: TextFacts | None = None
    code: CodeFacts | None = None
    template: TemplateFacts | None = None
    plan: Plan | None = None
    mentions: tuple[Mention, ...] = ()
    needs: str = ""
    gap: Gap | None = None
