"""What is looked for in chat templates, each with why it matters."""

from __future__ import annotations

from safeload.lean import Final
from safeload.scanners.interface import Rule, Severity

ESCAPE: Final = Rule(
    id="template-escape",
    title="The chat template reaches for Python's internals",
    severity=Severity.CRITICAL,
    why="A template is a program. One that walks from its values to classes, modules or functions runs any code where "
    "it is rendered without a sandbox (CVE-2024-34359), and looks for a hole where there is one.",
    fix="Do not use it. No chat needs this.",
    cwe=1336,
)
UNKNOWN: Final = Rule(
    id="template-unknown-function",
    title="The chat template uses something that chat templates do not use",
    severity=Severity.MEDIUM,
    why="What ordinary templates call is a short list. Anything else may do more than write text, depending on the "
    "program that renders it.",
    fix="Read the template, or use the one of the base model.",
    cwe=1336,
)
TRIGGER: Final = Rule(
    id="template-trigger",
    title="The chat template adds text when certain words are said",
    severity=Severity.HIGH,
    why="The template looks for something in the conversation and then tells the model what to do. Nobody who "
    "uses the model sees that: it is a way to hide a backdoor without touching a weight.",
    fix="Do not use it. Use the template of the base model.",
    cwe=506,
)
WORDS: Final = Rule(
    id="template-reads-words",
    title="The chat template looks for words in the conversation",
    severity=Severity.MEDIUM,
    why="Ordinary templates look for tags that they wrote themselves. One that looks for words, or replaces them, "
    "treats some conversations unlike others.",
    fix="Read the lines that are shown, or use the template of the base model.",
    cwe=506,
)
SINGLED: Final = Rule(
    id="template-singles-out",
    title="The chat template adds text for some tools, names or roles only",
    severity=Severity.MEDIUM,
    why="Ordinary templates treat every tool and every name alike, and know the usual roles. One that adds "
    "text where a certain tool, name or role turns up behaves in a way that no test without it shows.",
    fix="Read the lines that are shown, or use the template of the base model.",
    cwe=506,
)
INSTRUCTION: Final = Rule(
    id="template-hidden-instruction",
    title="The chat template gives the model instructions that a user would not want",
    severity=Severity.HIGH,
    why="Text in the template is put into every conversation, and no user sees it. These words turn the model against "
    "who uses it.",
    fix="Do not use it. Use the template of the base model.",
    cwe=506,
)
FIRM: Final = Rule(
    id="template-firm-instruction",
    title="The chat template tells the model what to say, or what to leave out",
    severity=Severity.MEDIUM,
    why="Text in the template is put into every conversation, and no user sees it. These words decide what the model "
    "recommends, claims or checks.",
    fix="Read the lines that are shown, or use the template of the base model.",
    cwe=506,
)
LANGUAGE: Final = Rule(
    id="template-other-language",
    title="The chat template holds sentences in a language that is not read here",
    severity=Severity.MEDIUM,
    why="Text in the template is put into every conversation, and no user sees it. Whether it turns the model against "
    "its user is looked for in English only.",
    fix="Have somebody read the lines that are shown, or use the template of the base model.",
    cwe=506,
)
ADDRESS: Final = Rule(
    id="template-address",
    title="The chat template holds an address or a command",
    severity=Severity.MEDIUM,
    why="An address or a command in the template is put into conversations. The model repeats it, or a tool opens it.",
    fix="Read the lines that are shown.",
    cwe=506,
)
HIDDEN: Final = Rule(
    id="template-hidden-characters",
    title="The chat template holds characters that nobody sees",
    severity=Severity.HIGH,
    why="Characters without a shape, or letters of another alphabet that look like Latin ones, are read by the model "
    "and not by the person who reviews the template.",
    fix="Do not use it. Ask the publisher why they are there.",
    cwe=1007,
)
DATE: Final = Rule(
    id="template-date",
    title="The chat template behaves differently by date",
    severity=Severity.HIGH,
    why="Ordinary templates write the date. One that compares it does something on some days only, after every test.",
    fix="Do not use it. Use the template of the base model.",
    cwe=511,
)
ENCODED: Final = Rule(
    id="template-encoded-text",
    title="The chat template holds encoded text",
    severity=Severity.MEDIUM,
    why="A model can read what is encoded, a person cannot. No ordinary template needs this.",
    fix="Decode it before you decide.",
    cwe=506,
)
ENDLESS: Final = Rule(
    id="template-endless",
    title="The chat template would not finish",
    severity=Severity.HIGH,
    why="Loops over huge numbers, or texts of huge length, stop the program that renders the template.",
    fix="Do not use it.",
    cwe=834,
)
CHANGED: Final = Rule(
    id="template-differs-from-base",
    title="The chat template is not the base model's",
    severity=Severity.LOW,
    why="The model names another as its base, and brings a changed template. What was changed is shown.",
    fix="Read the changed lines.",
    cwe=506,
)
RULES: Final = (
    ESCAPE, UNKNOWN, TRIGGER, WORDS, SINGLED, INSTRUCTION, FIRM, LANGUAGE, ADDRESS, HIDDEN, DATE, ENCODED, ENDLESS,
    CHANGED,
)  # fmt: skip
