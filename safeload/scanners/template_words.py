"""Where ordinary templates end and tricks begin: what is compared with the conversation, and what is written then.

Ordinary templates test content too. They look for delimiters that a template wrote (`</think>`, `[BEGIN]`, `/no_think`)
and for keys of its parts (`image`), to cut it, to wrap it or to leave a tag out. Two things tell a trick: words of a
language are looked for, or sentences are added. Each alone is worth a question, both together are a backdoor.
"""

from __future__ import annotations

import re

from safeload.lean import Final
from safeload.parsers.facts import TemplateTest

# Fields of a message that hold what somebody said, and those that only say what kind of message it is.
_SAID: Final = frozenset(
    {"content", "text", "reasoning_content", "reasoning", "thinking", "thought", "prompt", "query", "question",
     "input", "instruction", "answer", "response", "value", "body", "title", "snippet", "parts", "chunk"}
)  # fmt: skip
_TALK: Final = frozenset({"messages", "message", "conversation", "conversations", "history", "documents", "dialog"})
_STRUCTURE: Final = frozenset(
    {"role", "type", "name", "id", "index", "tool_calls", "tool_call_id", "function", "function_call", "recipient",
     "channel", "content_type", "mime_type", "tools", "prefix", "weight", "from", "end_turn", "thought_signature"}
)  # fmt: skip
FIELDS: Final = _SAID | _STRUCTURE
# Steps that leave messages what they are. Any other takes something out of them.
_KEEPS: Final = re.compile(r"\[\]|\?|\|(list|first|last|reverse|select|selectattr|reject|rejectattr|default|d)\b")
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)(?!\w*\()")
_DATE: Final = re.compile(r"^(strftime_now|now|datetime|date|time)\(\)|^(date_string|current_date|today|date)\b")

# Text that marks a place instead of saying something: tags, brackets, switches, names of fields in capitals.
_MARK: Final = re.compile(
    r"<\|\w+\|>\w+<\|\w+\|>|<[^<>\s]{0,40}(?: [^<>\s]{1,30}){0,2}>|\[/?[A-Z_/]{1,30}(?: [A-Z_/]{1,20}){0,2}\]|"
    r"(?<!\S)/[a-z_]{2,16}(?!\S)|"
    r"\b[A-Z]+(?:_[A-Z]+)+\b|[{}\[\]\"':,#*`|>-]"
)
_SWITCH: Final = re.compile(r"/[a-z_]{2,16}")
_ROLES: Final = frozenset(
    {"user", "assistant", "system", "tool", "developer", "function", "ipython", "human", "gpt", "model", "think",
     "thinking", "text", "image", "image_url", "video", "video_url", "audio", "audio_url", "input_audio", "file",
     "none", "null", "true", "false", "json", "type", "properties", "required", "description", "nullable", "array",
     "object", "string", "items", "enum", "content", "message", "role", "name"}
)  # fmt: skip
# A call of a tool, with what it is called with: it says more than its words.
_CALL: Final = re.compile(r"[\"'](name|arguments|parameters)[\"']\s*:\s*[\"'{]\s*\w|https?://")
_WORD: Final = re.compile(r"[^\W\d_][^\W\d]*")
_SENTENCE: Final = 4  # words; labels that ordinary templates add have up to three
_LONG: Final = 30  # letters of fewer words, of languages that put sentences into two
_MARKED: Final = 8  # words within marks of several words, `<like these ones>`
_LENGTH: Final = 3  # `length > 1` asks whether there is something; larger numbers single out conversations
_EVERY: Final = 2  # `loop.index0 % 2` tells whose turn it is


def words(text: str) -> list[str]:
    """The words of a language in a text, without marks, roles and kinds of content."""
    return [word for word in _WORD.findall(_MARK.sub(" ", text)) if word.lower() not in _ROLES]


def is_said(path: str) -> bool:
    """Is what stands at this path something that somebody said?"""
    steps = _STEP.findall(path)
    if path.startswith("loop."):
        return True  # how long the conversation is; only numbers are compared with that
    if steps and steps[-1] in _STRUCTURE:
        return False
    root = re.split(r"[.|\[?(]", path, maxsplit=1)[0]
    if any(step in _SAID for step in steps) and (root in _TALK or root not in ("tools", "tool")):
        return True
    return root in _TALK and bool(_KEEPS.sub("", path[len(root) :]))


def is_date(path: str) -> bool:
    return _DATE.search(path) is not None


def sentences(test: TemplateTest) -> tuple[str, ...]:
    """What a comparison adds that says something."""
    return tuple(text for text in test.adds if _CALL.search(text) or is_prose(text))


def is_prose(text: str) -> bool:
    """Does it say something, in whatever language? Marks are none; many words in them are."""
    found = words(text)
    if sum(map(weight, found)) >= _SENTENCE or (len(found) > 1 and sum(map(len, found)) >= _LONG):
        return True
    marked = dict.fromkeys(mark for mark in _MARK.findall(text) if re.search(r"\w[ _]\w", mark))
    return sum(len(_WORD.findall(mark.replace("_", " "))) for mark in marked) >= _MARKED


def weight(word: str) -> int:
    """As how many words a word counts: Chinese, Japanese and Thai put no spaces between words."""
    return 1 if word[0] < "\u0e00" or "\uac00" <= word[0] <= "\ud7a3" else max(1, len(word) // 2)


def looked_for(test: TemplateTest) -> tuple[str, ...]:
    """The words of a language that a comparison looks for."""
    return tuple(text for text in test.words if words(text))


def switches(test: TemplateTest) -> bool:
    """`'/no_think' in system`: what is looked for are switches, as models document them, which nobody writes by chance.

    Popular models change their own instructions by them. That is worth a question, and no proof of a backdoor.
    """
    return bool(test.words) and not test.numbers and all(_SWITCH.fullmatch(text.strip()) for text in test.words)


def counts(test: TemplateTest) -> bool:
    """A number that singles out some conversations, some of their messages, or every so many of them."""
    every = test.how in ("every", "is divisibleby")
    return any(abs(n) > (_EVERY if every else _LENGTH) for n in test.numbers)


def halves(test: TemplateTest) -> bool:
    """Whose turn is it?"""
    return test.how in ("every", "is divisibleby") and set(test.numbers) <= {0, 1, _EVERY}


def completes(test: TemplateTest) -> bool:
    """`'Tools:' not in system` that adds `Tools: …`: what is looked for is what would be added, and nothing else is."""
    if test.how != "notin of" or any(words(text) for text in test.otherwise):
        return False
    return all(any(word.lower() in added.lower() for added in test.adds) for word in looked_for(test))
