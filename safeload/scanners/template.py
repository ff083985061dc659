"""Judges chat templates: programs that come with a model, and that put text into every conversation."""

from __future__ import annotations

from safeload import limits
from safeload.lean import ClassVar, Final, Iterator
from safeload.parsers.facts import Part, TemplateFacts, TemplateTest
from safeload.scanners import template_languages as languages
from safeload.scanners import template_names as names
from safeload.scanners import template_rules as rules
from safeload.scanners import template_singled as singled
from safeload.scanners import template_texts as texts
from safeload.scanners import template_words as said
from safeload.scanners.escape import plain
from safeload.scanners.grouping import by_rule
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner
from safeload.sources.interface import Artifact

_SHOWN: Final = 8
_ROUNDS: Final = 1_000_000  # rounds by constants alone; ordinary templates loop over what they are given


class TemplateScanner(Scanner):
    """Escapes by what is called, tricks by what is compared and written. Nothing is rendered."""

    name: ClassVar[str] = "template"
    formats: ClassVar[frozenset[str]] = frozenset()
    rules: ClassVar[tuple[Rule, ...]] = rules.RULES

    def sees(self, part: Part) -> bool:
        return part.template is not None

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        if part.template is None:
            return ()
        found = [*_names(part), *_tests(part.template), *_texts(part.template)]
        if part.template.work > _ROUNDS:
            found.append((rules.ENDLESS, f"{part.template.work:,} rounds or letters"))
        place = Location(artifact=artifact.path, member=part.member)
        return tuple(_finding(rule, place, evidence) for rule, evidence in by_rule(found))


Found = Iterator[tuple[Rule, str]]


def _names(part: Part) -> Found:
    for mention in part.mentions:
        reached = names.escape(mention)
        if reached:
            yield rules.ESCAPE, f"{reached} ({mention.where})"
            continue
        strange = names.unknown(mention)
        if strange:
            yield rules.UNKNOWN, f"{strange} ({mention.where})"


def _tests(facts: TemplateFacts) -> Found:
    about = [(test, [path for path in test.sources if said.is_said(path)]) for test in facts.tests]
    # What is counted up in a loop is compared with numbers; it makes a flag no comparison with words.
    heard = [test for test, paths in about if any("?" not in path for path in _outright(paths))]
    # A flag that is set in one place and asked for in another is one condition.
    flagged = [test for test, paths in about if paths and test not in heard and said.sentences(test)]
    if flagged and any(said.looked_for(test) or (_measured(test) and not said.switches(test)) for test in heard):
        yield from ((rules.TRIGGER, _shown(test)) for test in flagged)
    for test in facts.tests:
        if any(said.is_date(path) for path in test.sources):
            yield from _by_date(test)
    yield from ((rules.WORDS, _shown(test)) for test in flagged)
    for test in heard:
        yield from _by_words(test)
    yield from ((rules.SINGLED, _shown(test)) for test in singled.out(facts.tests))


def _outright(paths: list[str]) -> list[str]:
    return [path for path in paths if not path.startswith("loop.count")] or paths


def _by_date(test: TemplateTest) -> Found:
    if test.how != "flag" and not test.words and not test.numbers:
        return
    if test.how == "flag" and not said.sentences(test):
        return
    yield rules.DATE, _shown(test)


def _by_words(test: TemplateTest) -> Found:
    """Words looked for and text added: a trigger. One of the two alone: a question."""
    added = said.sentences(test)
    if all(path.startswith("loop.") for path in test.sources if said.is_said(path)):
        if added and said.counts(test):
            yield rules.TRIGGER, _shown(test)
        elif added and any(abs(n) > 1 for n in test.numbers) and not said.halves(test):
            yield rules.WORDS, _shown(test)  # the first message is one that every conversation has, the third is not
        return
    looked = said.looked_for(test)
    if "each other" in test.how:
        if added and sum(said.is_said(path) and not path.startswith("loop.") for path in test.sources) > 1:
            yield rules.WORDS, _shown(test)
        return
    if looked and said.completes(test):
        return
    # To replace a word by a word changes what was said; to replace it by a sentence adds one.
    enough = added if "replace" in test.how else any(said.words(text) for text in test.adds)
    measured = bool(added) and _measured(test)
    if (looked and enough) or (measured and not said.switches(test)):
        yield rules.TRIGGER, _shown(test)
    elif looked or measured:
        yield rules.WORDS, _shown(test)


def _measured(test: TemplateTest) -> bool:
    """A comparison with nothing asks whether something was said at all."""
    return said.counts(test) or any(word.strip() for word in test.words)


def _texts(facts: TemplateFacts) -> Found:
    with_tools = [item.text for item in facts.texts if item.tools]
    for item in facts.texts:
        where = f" (line {item.line})" if item.line else ""
        internal = names.internal_text(item.text)
        if internal:
            yield rules.ESCAPE, f"the text {internal}{where}"
        passage = texts.against(item.text)
        if passage:
            yield rules.INSTRUCTION, f"{passage}{where}"
        firm = "" if passage else texts.firm(item.text)
        if firm:
            yield rules.FIRM, f"{firm}{where}"
        unread = "" if item.tools else languages.unread(item.text, with_tools)
        if unread:
            yield rules.LANGUAGE, f"{unread}{where}"
        address = texts.address(item.text)
        if address:
            yield rules.ADDRESS, f"{address}{where}"
        encoded = texts.encoded(item.text)
        if encoded:
            yield rules.ENCODED, f"{encoded[:80]}{where}"
    # In the whole source, since what is hidden in a comment or a name is there for somebody too, and in every text,
    # since the source may write it as an escape.
    for name in dict.fromkeys(
        name for one in (facts.source, *(t.text for t in facts.texts)) for name in texts.hidden(one)
    ):
        yield rules.HIDDEN, name


def _shown(test: TemplateTest) -> str:
    compared = ", ".join(repr(word[:60]) for word in test.words[:3]) or ", ".join(map(str, test.numbers[:3]))
    added = max(test.adds, key=lambda text: len(said.words(text)), default="")
    then = f", then {added.strip()[:100]!r}" if said.words(added) else ""
    return f"line {test.line}: {test.how} {compared}{then}"


_SENTENCES: Final = {
    rules.ESCAPE.id: "The chat template reaches for Python's internals: {0}.",
    rules.UNKNOWN.id: "The chat template {0}, which chat templates do not.",
    rules.TRIGGER.id: "The chat template adds text when it finds something in the conversation.",
    rules.WORDS.id: "The chat template looks for words in the conversation.",
    rules.SINGLED.id: "The chat template adds text for some tools, names or roles only.",
    rules.INSTRUCTION.id: "The chat template tells the model something that a user would not want.",
    rules.FIRM.id: "The chat template gives the model an instruction that is worth reading.",
    rules.LANGUAGE.id: "The chat template holds sentences in a language that nobody here reads: {0}.",
    rules.ADDRESS.id: "The chat template holds an address or a command.",
    rules.HIDDEN.id: "The chat template holds characters that nobody sees.",
    rules.DATE.id: "The chat template compares the date.",
    rules.ENCODED.id: "The chat template holds text that only a program can read.",
    rules.ENDLESS.id: "Rendering the chat template would not end.",
}


def _finding(rule: Rule, place: Location, evidence: list[str]) -> Finding:
    shown = tuple(plain(text, limits.EVIDENCE) for text in dict.fromkeys(evidence))[:_SHOWN]
    return Finding(
        rule=rule,
        confidence=Confidence.HIGH if rule in (rules.ESCAPE, rules.HIDDEN, rules.ENDLESS) else Confidence.MEDIUM,
        location=place,
        message=_SENTENCES[rule.id].format(plain(shown[0], limits.EVIDENCE // 2)),
        evidence=shown,
    )
