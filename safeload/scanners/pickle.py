"""Judges what a pickle would import and call, by name, role and arguments."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final, Iterator
from safeload.parsers.facts import Part, PickleFacts, PickleRole, Use
from safeload.parsers.pickles.watched import watched
from safeload.scanners import names, shapes
from safeload.scanners import pickle_rules as rules
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner
from safeload.scanners.names import Standing
from safeload.scanners.pickle_words import EXAMPLES, RUNS, Name, arguments, by_name, finding, folded, roles

if TYPE_CHECKING:
    from safeload.sources.interface import Artifact

_MOST: Final = 8  # persistent ids and shapes shown
# Free types that call methods of what they are given; and the tags of what has methods of its own.
_CONVERTERS = frozenset({"builtins", "__builtin__", "collections"})
_MAKERS = frozenset({"copyreg", "copy_reg", "functools", "_functools"})  # a partial keeps: it calls nothing on loading
_INSTANCES = frozenset({"result", "other", "persistent"})


class PickleScanner(Scanner):
    """An allowlist of (module, name, role, arguments). Lists of dangerous names only choose the words."""

    name: ClassVar[str] = "pickle"
    formats: ClassVar[frozenset[str]] = frozenset({"pickle", "joblib", "torch-legacy", "torch-zip"})
    rules: ClassVar[tuple[Rule, ...]] = rules.RULES

    def sees(self, part: Part) -> bool:
        return part.pickle is not None

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        if part.pickle is None:
            return ()
        place = Location(artifact=artifact.path, member=part.member)
        found = [each for one in by_name(part.pickle.uses) for each in _judge_name(one, place)]
        return (*folded(found, place), *_judge_rest(part.pickle, place))


def _judge_name(one: Name, place: Location) -> Iterator[Finding]:
    standing = names.classify(one.module, one.name)
    if one.module == "copyreg" and one.name.startswith("<extension code"):
        yield finding(rules.EXTENSION_CODE, one, place, "The file names something by its number in a registry.")
    elif one.module == "":  # What a persistent id gave: not a name, but it can be called and changed.
        if PickleRole.STATED in one.roles:
            yield _unexpected(one, place)
    elif standing is Standing.DANGEROUS:
        yield from _dangerous(one, place)
    elif standing is Standing.UNKNOWN:
        yield finding(
            rules.UNKNOWN_NAME,
            one,
            place,
            f"{one.shown} is on no list of names that are known to be harmless. It is {roles(one)} while loading.",
        )
    elif standing is Standing.CONDITIONAL:
        yield from _conditions(one, place)
    elif one.module in _CONVERTERS:
        yield from _converted(one, place)
    if PickleRole.TAMPERED in one.roles:
        yield finding(
            rules.TAMPERING, one, place, f"Loading changes {one.shown} itself, for everything that uses it afterwards."
        )
    if PickleRole.RESULT_CALLED in one.roles:
        yield finding(rules.CALL_ON_RESULT, one, place, f"Loading calls what a call of {one.shown} returned.")


def _dangerous(one: Name, place: Location) -> Iterator[Finding]:
    what = names.dangerous(one.module, one.name) or "is dangerous"
    entry = names.known(one.module, one.name)
    condition = entry.condition if entry is not None else None
    if condition is not None:
        rest = tuple(use for use in one.uses if not _is_exception(use, condition.called))
        if not rest:
            return
        if all(_is_exception(use, condition.asked) for use in rest):
            yield _not_met(one.only(rest), place)
            return
    if one.roles & RUNS:
        yield finding(rules.DANGEROUS_CALL, one, place, f"Loading calls {one.shown}, which {what}.")
        return
    message = f"Loading fetches {one.shown}, which {what}. It is not called while loading."
    yield finding(rules.DANGEROUS_IMPORT, one, place, message)


def _is_exception(use: Use, allowed: tuple[shapes.Pattern, ...] | None) -> bool:
    return use.role is PickleRole.CALLED and any(p.accepts(use.shape, names.fits) for p in allowed or ())


def _conditions(one: Name, place: Location) -> Iterator[Finding]:
    entry = names.known(one.module, one.name)
    condition = entry.condition if entry is not None else None
    forged = tuple(use for use in one.uses if use.shape[-1:] == ("odd",))
    if forged:
        message = f"What {one.shown} makes is not what libraries write: its description does not fit its contents."
        yield finding(rules.FORGED_ARRAY, one.only(forged), place, message)
    unread = tuple(use for use in one.uses if use.shape == ("unread",))
    if unread:
        message = f"{one.shown} is known, but not all of its numbers were looked at (too many, or of another kind)."
        yield finding(rules.CONDITIONS_NOT_MET, one.only(unread), place, message)
    apart = (*forged, *unread)
    stated = tuple(
        use for use in one.uses if use.role is PickleRole.STATED and use not in apart and not _meets(use, condition)
    )
    named = tuple(use for use in stated if condition is not None and condition.fields and _fits_plainly(use, condition))
    if named:
        fields = sorted({tag for use in named for tag in use.shape if not _field_fits(tag, condition)})[:EXAMPLES]
        given = ", ".join(plain(tag.removeprefix("."), limits.EVIDENCE) for tag in fields)
        message = f"What {one.shown} is given decides what it calls later, and is not what the library writes: {given}."
        yield finding(rules.CONDITIONS_NOT_MET, one.only(named), place, message)
    partial = tuple(use for use in stated if _is_partial(use))
    if partial:
        yield _not_met(one.only(partial), place)
    if len(named) + len(partial) < len(stated):
        yield _unexpected(one.only(tuple(use for use in stated if use not in (*named, *partial))), place)
    rest = tuple(use for use in one.uses if use.role is not PickleRole.STATED and use not in forged)
    yield from _odd_uses(one.only(rest), condition, place)


def _converted(one: Name, place: Location) -> Iterator[Finding]:
    """`str(x)`, `list(x)`, `int(x)` call methods of `x`: harmless for plain data; those of an instance are its own."""
    instances = _INSTANCES | {"odd"}
    if one.name == "bytearray":
        instances -= {"result"}  # protocols 0 to 2: of encoded text; any other result is odd
    odd = tuple(use for use in one.uses if use.role in RUNS and not instances.isdisjoint(use.shape))
    if odd:
        seen = one.only(odd)
        message = f"{one.shown} is known, but not in this use: it is given an object whose methods it calls."
        yield finding(rules.CONDITIONS_NOT_MET, seen, place, message)


def _unexpected(one: Name, place: Location) -> Finding:
    message = f"Loading overwrites the contents of what {one.shown} gave, which files that a library wrote do not do."
    return finding(rules.UNEXPECTED_STATE, one, place, message)


def _odd_uses(one: Name, condition: names.Condition | None, place: Location) -> Iterator[Finding]:
    met = {use.role for use in one.uses if _meets(use, condition)}
    odd = tuple(
        use
        for use in one.uses
        # One reading may end between a name and its call: the whole reading shows the call.
        if not _meets(use, condition) and not (use.role is PickleRole.REFERENCED and not use.shape and met & RUNS)
    )
    if not odd:
        return
    seen = one.only(odd)
    handed = sorted({tag.removeprefix("global:") for use in odd for tag in use.shape if tag.startswith("global:")})
    unknown = all(_is_unknown(tag) for use in odd for tag in use.shape if _is_class(tag))
    if handed and seen.roles & RUNS and not (one.module in _MAKERS and unknown):
        given = ", ".join(plain(name, limits.EVIDENCE) for name in handed[:EXAMPLES])
        message = f"{one.shown} is handed {given}, which it may call."
        yield finding(rules.HANDS_OVER, seen, place, message)
        return
    yield _not_met(seen, place)


def _not_met(one: Name, place: Location) -> Finding:
    message = f"{one.shown} is known, but not in this use: it is {roles(one)}{arguments(one)}."
    return finding(rules.CONDITIONS_NOT_MET, one, place, message)


def _is_partial(use: Use) -> bool:
    """The state of a partial, as `functools` writes it, of a function that nobody knows."""
    function, *rest = use.shape or ("",)
    form = use.name == "partial" and use.module in _MAKERS and _is_unknown(function)
    return form and rest in (["tuple", kept, held] for kept in ("dict", "none") for held in ("dict", "none"))


def _is_class(tag: str) -> bool:
    pair = shapes.pairs(tag)
    return pair is not None and names.classify(*pair) is not Standing.FREE


def _is_unknown(tag: str) -> bool:
    """A class that nobody knows: that is a finding of its own."""
    pair = shapes.pairs(tag)
    return pair is not None and names.classify(*pair) is Standing.UNKNOWN


def _meets(use: Use, condition: names.Condition | None) -> bool:
    if condition is None:
        return False
    allowed: tuple[shapes.Pattern, ...] | None
    if use.role is PickleRole.REFERENCED:
        return condition.referenced
    if use.role is PickleRole.CALLED:
        allowed = condition.called
    elif use.role is PickleRole.CONSTRUCTED:
        allowed = condition.constructed
    elif use.role is PickleRole.STATED:
        allowed = condition.state
    else:
        return True  # Tampering, and calling a result, have rules of their own.
    if use.role is PickleRole.STATED and condition.fields:
        # Of another spelling of the class, nobody looked at the fields.
        told = condition.fields.keys() <= {*watched(use.module, use.name)}
        return told and _fits_plainly(use, condition) and all(_field_fits(tag, condition) for tag in use.shape)
    return allowed is not None and any(pattern.accepts(use.shape, names.fits) for pattern in allowed)


def _fits_plainly(use: Use, condition: names.Condition) -> bool:
    """Is the state one that the condition allows, whatever its fields hold?"""
    shape = tuple(tag for tag in use.shape if not tag.startswith("."))
    return any(pattern.accepts(shape, names.fits) for pattern in condition.state or ())


def _field_fits(tag: str, condition: names.Condition | None) -> bool:
    """`.stack_method_=str:'predict'`: is this field, or this item of it, one that the condition allows?"""
    if not tag.startswith(".") or condition is None:
        return True
    name, _, held = tag[1:].partition("=")
    return name in condition.fields and condition.fields[name].accepts(held, names.fits)


def _judge_rest(facts: PickleFacts, place: Location) -> Iterator[Finding]:
    if facts.odd_persistent:
        shown = tuple(plain(text, limits.EVIDENCE) for text in facts.odd_persistent[:_MOST])
        message = "The file asks its loader for objects by ids that are not torch's."
        yield _plain(rules.ODD_PERSISTENT_ID, place, message, shown)
    if facts.leftover > 0:
        reading = plain(facts.reading, limits.EVIDENCE)
        message = f"{facts.leftover:,} bytes follow the last pickle, and no loader of {reading} reads them."
        yield _plain(rules.LEFTOVER, place, message, (f"{facts.leftover:,} bytes",))


def _plain(rule: Rule, place: Location, message: str, evidence: tuple[str, ...]) -> Finding:
    return Finding(rule=rule, confidence=Confidence.HIGH, location=place, message=message, evidence=evidence)
