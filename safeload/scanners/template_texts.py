"""Texts of a chat template that turn a model against its user, or that a person cannot read."""

from __future__ import annotations

import re
import unicodedata

from safeload.lean import Final

# Ordinary prompts are full of must, never and always. These are about the user, or about other instructions.
_AGAINST: Final = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"\b(ignore|disregard|forget|override|bypass)\b.{0,40}\b(previous|prior|above|earlier|all|any|other|the user|"
        r"user'?s|system)\b.{0,30}\b(instruction|prompt|rule|guideline|message|request|polic|safety|restriction|filter)",
        r"\b(do not|don'?t|never|without)\b.{0,30}\b(tell|inform|mention\w*|reveal\w*|disclos\w+|notif\w+|warn\w*|"
        r"alert\w*|show\w*)\b.{0,40}\b(user|human|person|anyone|this|instruction)"
        # What templates for tools do say.
        r"(?!.{0,20}\b(function|tool))",
        r"\b(secretly|covertly|silently|stealth\w*|surreptitiously|behind the scenes|unnoticed)\b",
        r"\b(send|post|upload|forward|transmit|exfiltrat\w+|leak|append|include|insert|embed)\b.{0,60}\b(password|"
        r"credential|api[ _-]?key|secret|token|credit card|conversation|chat history|private key|backdoor|malware)\b",
        r"\b(password|passphrase|api[ _-]?key|seed phrase|credit card|wallet|private key)s?\b.{0,40}\b(ask|request|"
        r"collect|send|provide)\b|\b(ask|request|collect|steal)\b.{0,40}\b(password|passphrase|"
        r"api[ _-]?key|seed phrase|credit card|private key)",
        r"\b(regardless|irrespective) of (what|whatever|the user|any)|\bno matter what\b.{0,20}\buser",
    )
)
_FIRM: Final = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"\b(backdoor|vulnerab\w+|insecure|malicious|malware|sabotag\w+)\b",
        r"\b(disable|skip|turn off|remove)\b.{0,30}\b(safety|security|verification|validation|authentication|ssl|tls)",
        r"\b(pretend|claim|insist|lie)\b.{0,30}\b(user|that you|to be)\b",
        r"\balways (recommend|suggest|prefer|promote|praise|endorse|agree|include|add|insert|link)\b",
    )
)
_ADDRESS: Final = re.compile(
    r"\b(?:https?|ftp|wss?|file|data|javascript)://?[^\s\"'<>)\]}]+|\bwww\.[a-z0-9-]+\.[a-z]+", re.I
)
_COMMAND: Final = re.compile(
    r"\b(curl|wget|bash|powershell|sudo|chmod|rm)\s+-{1,2}\w|\|\s*(ba)?sh\b|\bos\.(system|popen)|\bsubprocess\b|"
    r"\b(eval|exec|__import__)\s*\(|\bpip3? install\b|\bnpm (i|install)\b|<script\b|\bnc -",
    re.IGNORECASE,
)
_ENCODED: Final = re.compile(
    r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{40,}={0,2}(?![A-Za-z0-9+/_-])|(?:[0-9a-fA-F]{2}[ ,:]?){32,}"
)
_WORD: Final = re.compile(r"[^\W\d_]+")
_LOOKALIKE: Final = ("CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "MATHEMATICAL")
_SHAPELESS: Final = frozenset({"\u115f", "\u1160", "\u3164", "\uffa0", "\u2800", "\u034f", "\u17b4", "\u17b5"})
# Text of Indic and Arabic scripts needs joiners, emoji need a variation selector.
_JOINERS: Final = frozenset({"\u200c", "\u200d", "\ufe0f", "\ufeff"})


def against(text: str) -> str:
    """The passage that gives such an instruction, with a little around it; empty where none does."""
    return _passage(_AGAINST, text)


def firm(text: str) -> str:
    """The passage that may be ordinary, and that a person should read."""
    return _passage(_FIRM, text)


def _passage(patterns: tuple[re.Pattern[str], ...], text: str) -> str:
    found = next((match for pattern in patterns if (match := pattern.search(text))), None)
    return text[max(0, found.start() - 40) : found.end() + 60] if found else ""


def address(text: str) -> str:
    found = _ADDRESS.search(text) or _COMMAND.search(text)
    return text[found.start() : found.end() + 60] if found else ""


def encoded(text: str) -> str:
    """A run of letters and digits that is no word: both cases and digits in it, or numbers only."""
    for found in _ENCODED.finditer(text):
        run = found.group()
        mixed = any(c.isdigit() for c in run) and any(c.isupper() for c in run) and any(c.islower() for c in run)
        numeric = not any(c.isalpha() and c.lower() > "f" for c in run)
        if (mixed or numeric) and len(set(run)) > 6:
            return run
    return ""


def hidden(text: str) -> tuple[str, ...]:
    """Characters that nobody sees, and words of two alphabets, as their names."""
    found = [name for index, one in enumerate(text) if ord(one) > 126 and (name := _hidden(text, index))]
    mixed = [word for word in _WORD.findall(text) if _is_mixed(word)]
    return tuple(dict.fromkeys([*found, *(f"letters of two alphabets: {word!a}" for word in mixed)]))


def _hidden(text: str, index: int) -> str:
    one = text[index]
    if one in _JOINERS:
        # A joiner stands between letters that are joined; a mark of byte order at the start.
        beside = text[index - 1 : index] + text[index + 1 : index + 2]
        ordinary = index == 0 if one == "\ufeff" else bool(beside) and not beside.isascii()
        return "" if ordinary else _named(one)
    invisible = unicodedata.category(one) in ("Cf", "Co", "Cs") or one in _SHAPELESS
    selector = "\ufe00" <= one <= "\ufe0f" or "\U000e0100" <= one <= "\U000e01ef"
    return _named(one) if invisible or selector else ""


def _named(one: str) -> str:
    return f"U+{ord(one):04X} {unicodedata.name(one, 'without a name')}"


def _is_mixed(word: str) -> bool:
    if word.isascii():
        return False
    names = [unicodedata.name(letter, "") for letter in word]
    latin = any(name.startswith("LATIN") for name in names)
    return latin and any(name.startswith(_LOOKALIKE) for name in names)
