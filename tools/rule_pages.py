"""Writes docs/rules.md, the page of every rule: `python -m tools.rule_pages`, or `make docs`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from safeload.scanners import consistency, identity, remote_code
from safeload.scanners.interface import Rule
from safeload.scanners.registry import SCANNERS

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "rules.md"
_HEAD: Final = """# Rules

Written by `make docs` from the rules in `safeload/scanners/`; do not edit. A rule says what was found and how bad it
is; the policy says what follows from it. What could not be read is no rule but a gap: see [formats](formats.md).
"""
_CWE: Final = "https://cwe.mitre.org/data/definitions/{}.html"


def page() -> str:
    return "\n".join([_HEAD, *_contents(), *(line for name, rules in _groups() for line in _section(name, rules))])


def _groups() -> Iterator[tuple[str, tuple[Rule, ...]]]:
    for scanner in (listed.scanner for listed in SCANNERS):
        if scanner.rules:
            yield scanner.name, scanner.rules
    yield "any file", (*remote_code.RULES, *identity.RULES, *consistency.RULES)


def _contents() -> Iterator[str]:
    yield "| rule | severity | what it says |\n|---|---|---|"
    for _, rules in _groups():
        yield from (f"| [{rule.id}](#{rule.id}) | {rule.severity.value} | {rule.title} |" for rule in rules)
    yield ""


def _section(name: str, rules: tuple[Rule, ...]) -> Iterator[str]:
    yield f"## {name[:1].upper()}{name[1:]}\n"
    for rule in rules:
        cwe = f" · [CWE-{rule.cwe}]({_CWE.format(rule.cwe)})" if rule.cwe else ""
        yield f"### {rule.id}\n\n**{rule.title}.** {rule.severity.value} · revision {rule.revision}{cwe}\n"
        yield f"{rule.why}\n\nWhat to do: {rule.fix}\n"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
