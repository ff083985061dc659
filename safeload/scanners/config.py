"""Judges settings that name code: kernels to download, Python files to run, names to import, text to evaluate."""

from __future__ import annotations

from safeload import limits
from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.parsers.containers import membernames
from safeload.parsers.programs import settings
from safeload.scanners import mentioned, references, registered
from safeload.scanners.escape import plain
from safeload.scanners.interface import Confidence, Finding, Location, Rule, Scanner, Severity
from safeload.scanners.names import Standing
from safeload.sources.interface import Artifact, Role

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part

REMOTE_KERNEL: Final = Rule(
    id="remote-kernel",
    title="The configuration downloads compiled code",
    severity=Severity.HIGH,
    why="An attention or experts implementation with a slash in its name is a kernel repository: machine code that is "
    "downloaded and run when the model is loaded, even without trust_remote_code.",
    fix="Pass attn_implementation='eager' or 'sdpa' yourself, or approve it if you trust that repository.",
    cwe=829,
)
CONFIG_CODE: Final = Rule(
    id="config-names-code",
    title="The configuration names Python code",
    severity=Severity.LOW,
    why="The configuration points to Python files in a repository. They run only if the load asks for them; those that "
    "it would run are findings of their own.",
    fix="Leave trust_remote_code off where the library knows the architecture itself.",
    cwe=829,
)
TRUSTS: Final = Rule(
    id="config-trusts-remote-code",
    title="The configuration has code of another repository run",
    severity=Severity.MEDIUM,
    why="transformers ignores trust_remote_code in a configuration. Libraries with archives and settings of their own "
    "hand it to transformers together with the name of a repository, and what that holds then runs.",
    fix="Look at the repository that the setting stands beside, or set it to false.",
    cwe=829,
)
AMBIGUOUS: Final = Rule(
    id="config-ambiguous",
    title="A setting stands twice in the configuration",
    severity=Severity.MEDIUM,
    why="Readers of JSON and YAML differ in which of two equal keys they take. One that checks the file can see "
    "another setting than the library that uses it.",
    fix="Ask the publisher to remove one of the two.",
    cwe=436,
)
IMPORTS: Final = Rule(
    id="config-imports-unknown",
    title="The configuration names something to import that is not known",
    severity=Severity.MEDIUM,
    why="Libraries import and call what such a setting names, with arguments that stand beside it. Nobody has vouched "
    "for this name.",
    fix="Find out what the name is, and whether it is installed here.",
    cwe=470,
)
DANGEROUS: Final = Rule(
    id="config-imports-dangerous",
    title="The configuration names something dangerous to import and call",
    severity=Severity.CRITICAL,
    why="Libraries import and call what such a setting names, with arguments that stand beside it. This one can do "
    "harm to your computer.",
    fix="Do not load it. No model needs this.",
    cwe=470,
)
EXPRESSION: Final = Rule(
    id="config-expression",
    title="The configuration holds text that a library evaluates as Python",
    severity=Severity.MEDIUM,
    why="The library of this format runs such text as code.",
    fix="Read the expression. Approve it only if you understand it.",
    cwe=95,
)
TEMPLATE_NAME: Final = Rule(
    id="config-template-path",
    title="A chat template has a name that leads out of its folder",
    severity=Severity.HIGH,
    # CVE-2026-9856
    why="transformers writes a template into a file of its name when it saves a tokenizer. Before 5.10 such a name had "
    "it write anywhere.",
    fix="Do not use it. Names of templates are plain words.",
    cwe=22,
)
REGISTERED: Final = Rule(
    id="config-registered-function",
    title="The settings of a pipeline call a function that nobody has vouched for",
    severity=Severity.MEDIUM,
    why="spaCy calls the registered functions that config.cfg names, with arguments that stand beside them. Some make "
    "files, send what they see, or load another pipeline; what an installed package registers can do anything.",
    fix="Find out which package registers the function, and what it does with these arguments.",
    cwe=470,
)

_CONFIGS: Final = frozenset({Role.CONFIG, Role.TOKENIZER, Role.FOUND, Role.TARGET})
_SHOWN: Final = 8
_FUNCTIONS: Final = frozenset({settings.REGISTERED, settings.TRAINING})
_KINDS: Final = settings.KINDS | _FUNCTIONS


class ConfigScanner(Scanner):
    """What settings name is judged by allowlists; keys that stand twice are a finding where a load reads them."""

    name: ClassVar[str] = "config"
    formats: ClassVar[frozenset[str]] = frozenset()
    rules: ClassVar[tuple[Rule, ...]] = (
        REMOTE_KERNEL,
        CONFIG_CODE,
        TRUSTS,
        AMBIGUOUS,
        IMPORTS,
        DANGEROUS,
        EXPRESSION,
        TEMPLATE_NAME,
        REGISTERED,
    )

    def sees(self, part: Part) -> bool:
        return part.text is not None and (
            any(text.startswith("duplicate-key:") for text in part.text.anomalies)
            or any(mention.kind in _KINDS for mention in part.mentions)
        )

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        name = plain(part.member[-1] if part.member else artifact.name_in_origin, limits.EVIDENCE)
        trusts = TRUSTS if part.member or (part.format != "json" and artifact.role is not Role.FOUND) else CONFIG_CODE
        found = mentioned.findings(part, artifact, lambda mention: _judged(mention, name, trusts))
        return (*found, *_ambiguous(part, artifact, name))


def _judged(mention: Mention, name: str, trusts: Rule) -> tuple[Rule, str] | None:
    if mention.kind == settings.KERNEL:
        return REMOTE_KERNEL, f"{name} has compiled code downloaded and run."
    if mention.kind == settings.TRUST:
        return trusts, f"{name} has the library run code of a repository, without asking."
    if mention.kind == settings.CODE:
        return CONFIG_CODE, f"{name} names Python code for the library to run."
    if mention.kind == settings.TEMPLATE:
        said = mentioned.shown(mention.text)
        odd = "/" in mention.text or membernames.outside(mention.text) or membernames.unprintable(mention.text)
        return (TEMPLATE_NAME, f"{name} has a chat template of the name {said}.") if odd else None
    if mention.kind == settings.EXPRESSION:
        return EXPRESSION, f"{name} holds text that a library evaluates: {mentioned.shown(mention.text)}."
    if mention.kind in _FUNCTIONS:
        said = f"{name} has {mentioned.shown(mention.text)} called; nobody has vouched for it."
        return None if registered.only_builds(mention) else (REGISTERED, said)
    if mention.kind not in settings.KINDS:
        return None
    standing, what = references.standing(mention)
    said = mentioned.shown(mention.text)
    if standing is Standing.DANGEROUS:
        return DANGEROUS, f"{name} has {said} imported and called, which {what}."
    if standing is Standing.FREE:
        return None
    return IMPORTS, f"{name} has {said} imported and called; nobody has vouched for it."


def _ambiguous(part: Part, artifact: Artifact, name: str) -> tuple[Finding, ...]:
    anomalies = part.text.anomalies if part.text is not None else ()
    twice = [text.partition(":")[2].strip() for text in anomalies if text.startswith("duplicate-key:")]
    if not twice or artifact.role not in _CONFIGS:
        return ()
    return (
        Finding(
            rule=AMBIGUOUS,
            confidence=Confidence.HIGH,
            location=Location(artifact=artifact.path, member=part.member),
            message=f"{name} has a setting that stands there twice.",
            evidence=tuple(plain(text, limits.EVIDENCE) for text in dict.fromkeys(twice))[:_SHOWN],
        ),
    )
