"""Conditions on what kind of message it is, from whom, with which tools: most ask what every template asks.

Ordinary templates tell the usual roles and kinds of content apart, and look for built-in tools by name. What else is
looked for by name, and adds sentences where it is found, waits for a conversation that nobody tests.
"""

from __future__ import annotations

import re

from safeload.lean import Final, Iterable, Iterator
from safeload.parsers.facts import TemplateTest
from safeload.scanners import template_words as said

_MESSAGES: Final = re.compile(r"(messages|message|conversation|conversations|history|dialog)\b(?!\()")
_TOOLS: Final = re.compile(r"(tools|tool|functions|builtin_tools)\b(?!\()")
_FIELD: Final = re.compile(r"\.([A-Za-z_]\w*)(?!\w*\()")
_WORD: Final = re.compile(r"[^\W\d_][\w$]*")
_ROLES: Final = frozenset(
    {"user", "assistant", "system", "tool", "tools", "developer", "function", "functions", "ipython", "model", "human",
     "gpt", "ai", "bot", "chatbot", "tool_call", "tool_calls", "tool_response", "tool_responses", "tool_result",
     "tool_results", "function_call", "function_response", "function_result", "observation", "observations", "context",
     "document", "documents", "environment", "critic", "search", "search_results", "memory", "root", "platform",
     "thought", "thinking", "code", "interpreter", "execution", "query", "response", "instruction", "input", "output",
     "data", "control", "guardian", "available_tools", "latest_reminder", "content", "prompt", "unknown"}
)  # fmt: skip
_KINDS: Final = frozenset(
    {"text", "image", "image_url", "images", "input_image", "video", "video_url", "videos", "audio", "audio_url",
     "input_audio", "input_text", "output_text", "file", "document", "documents", "thinking", "think", "reasoning",
     "reasoning_content", "redacted_thinking", "tool", "tools", "tool_call", "tool_calls", "tool_use", "tool_result",
     "tool_results", "tool_response", "tool_reference", "function", "functions", "code", "json", "json_object",
     "json_schema", "message", "refusal", "analysis", "commentary", "final", "auto", "none", "required", "any"}
)  # fmt: skip
# Tools that models bring themselves, each with its instructions in the template.
_BUILT_IN: Final = frozenset(
    {"browser", "python", "code_interpreter", "brave_search", "wolfram_alpha", "web_search", "ipython", "search",
     "photogen", "directly_answer", "direct_answer", "grounded_answer", "internet_search", "python_interpreter"}
)  # fmt: skip
# Fields of a JSON schema, and what stands in them.
_SCHEMA: Final = frozenset(
    {"type", "string", "number", "integer", "float", "boolean", "bool", "array", "object", "null", "enum", "items",
     "anyof", "oneof", "allof", "properties", "required", "description", "default", "format", "nullable", "strict",
     "parameters", "return", "returns", "response", "name", "function", "title", "additionalproperties", "$ref",
     "$defs", "const", "any", "int", "str", "list", "dict", "none", "minimum", "maximum", "pattern"}
)  # fmt: skip
_ROLE: Final = frozenset({"role", "from", "author"})
_NAMES: Final = frozenset({"name", "recipient", "id", "tool_call_id", "function"})
_TYPES: Final = frozenset({"type", "content_type", "channel", "mime_type"})


def out(tests: Iterable[TemplateTest]) -> Iterator[TemplateTest]:
    """Those that add sentences where a certain tool, name, role or kind of content turns up, or has turned up."""
    strange: set[str] = set()
    flags: list[TemplateTest] = []
    for test in tests:
        looked = {word.lower() for text in test.words for word in _WORD.findall(text)}
        found = {path for path in test.sources if "?" not in path and looked and _strange(path, looked)}
        strange |= found
        if not said.sentences(test):
            continue
        if found:
            yield test
        elif test.how == "flag":
            flags.append(test)
    # A flag that is set in one place and asked for in another is one condition.
    yield from (one for one in flags if any(path.partition("?")[0] in strange for path in one.sources if "?" in path))


def _strange(path: str, looked: set[str]) -> bool:
    """Is anything looked for here that ordinary templates do not look for?"""
    last = next(reversed(_FIELD.findall(path)), "")
    if _TOOLS.match(path):
        known = _BUILT_IN if last == "name" else _SCHEMA | _KINDS | (_BUILT_IN if last in ("", "function") else set())
    elif not _MESSAGES.match(path):
        return False
    elif last in _ROLE:
        known = _ROLES
    elif last in _TYPES:
        known = _KINDS | _SCHEMA
    elif last in _NAMES:
        known = _BUILT_IN
    elif not last:
        known = said.FIELDS | _KINDS | _ROLE
    else:
        return False  # what was said: that is looked at with all that was said
    return not looked <= known
