"""Which names a chat template may use: a short list allows, everything else is said.

Reading a value runs nothing: an escape needs a call, so the calls are what the lists decide. Internal names are looked
for beside that, since they tell what a template is after.
"""

from __future__ import annotations

import re

from safeload.lean import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention

# What transformers gives to a template, and what jinja2 has of its own that makes only values.
# https://huggingface.co/docs/transformers/chat_templating_writing
_CALLS: Final = frozenset({"raise_exception", "strftime_now", "namespace", "range", "dict", "caller", "namespace()"})
_METHODS: Final = frozenset(
    {"append", "capitalize", "casefold", "copy", "count", "endswith", "extend", "find", "get", "index", "insert",
     "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper",
     "items", "join", "keys", "ljust", "lower", "lstrip", "partition", "pop", "removeprefix", "removesuffix", "replace",
     "rfind", "rindex", "rjust", "rpartition", "rsplit", "rstrip", "setdefault", "split", "splitlines", "startswith",
     "strip", "title", "update", "upper", "values", "zfill", "center", "cycle", "changed", "format", "format_map"}
)  # fmt: skip
_FILTERS: Final = frozenset(
    {"abs", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e", "escape", "first", "float",
     "format", "from_json", "groupby", "indent", "int", "items", "join", "last", "length", "list", "lower", "map",
     "max", "min", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select", "selectattr", "slice",
     "sort", "string", "striptags", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "wordcount"}
)  # fmt: skip
_TESTS: Final = frozenset(
    {"!=", "<", "<=", "==", ">", ">=", "boolean", "callable", "contains", "defined", "divisibleby", "eq", "equalto",
     "even", "false", "filter", "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan",
     "lower", "lt", "mapping", "ne", "none", "number", "odd", "sameas", "sequence", "string", "test", "true",
     "undefined", "upper"}
)  # fmt: skip
# Objects that jinja2 or a web framework gives to templates, with Python behind them. No list allows their use as
# values: their text alone is what underscores are cut out of.
_DOORS: Final = frozenset(
    {"self", "lipsum", "cycler", "joiner", "request", "url_for", "get_flashed_messages", "__builtins__"}
)
# Attributes of Python's own objects that lead from a value to code.
_INTERNAL: Final = frozenset(
    {"mro", "func_globals", "func_code", "gi_frame", "gi_code", "cr_frame", "cr_code", "ag_frame", "ag_code",
     "tb_frame", "f_globals", "f_locals", "f_builtins", "f_back", "f_code", "co_code", "environment", "im_func",
     "im_self", "popen", "subclasses", "eval_ctx"}
)  # fmt: skip
_DUNDER: Final = re.compile(r"__[A-Za-z0-9_]*|_TemplateReference|_[a-z]+__[a-z]")
# `{0.__class__}`, `{x[y]}`: fields that reach into what is formatted, or whose text nobody knows.
_REACHES: Final = re.compile(r"\{[^{}]*[.\[][^{}]*\}|\{a computed text\}")
_LETTERS: Final = re.compile(r"%[^%]*?[cra]")


def escape(mention: Mention) -> str:
    """What about this use reaches for Python's internals; empty where nothing does."""
    kind, text = mention.kind, mention.text
    if kind in ("attribute", "method", "keyword") and (text in _INTERNAL or _DUNDER.match(text)):
        return f"the attribute {text}"
    if kind in ("name", "call") and (text in _DOORS or _DUNDER.match(text)):
        return f"the name {text}"
    if kind == "filter" and text == "attr":
        return "attr, which looks an attribute up by a computed name"
    if kind == "call" and text.startswith("the result of "):
        return f"a call of {text}"
    if kind == "format" and _REACHES.search(text):
        return f"a format that reaches into its values: {text}"
    if kind == "computed":
        return f"{text} with a computed name of an attribute"
    return ""


def unknown(mention: Mention) -> str:
    """What about this use is on no list; empty where it is ordinary."""
    kind, text = mention.kind, mention.text
    if kind == "call" and text not in _CALLS:
        return f"calls {text}"
    if kind == "method" and text not in _METHODS:
        return f"calls the method {text}"
    if kind == "filter" and text not in _FILTERS:
        return f"uses the filter {text}"
    if kind == "test" and text not in _TESTS:
        return f"uses the test {text}"
    if kind == "loads":
        return f"loads another template: {text}"
    if kind == "percent" and ("computed text" in text or _LETTERS.search(text)):
        return "makes letters of numbers"
    if kind == "attribute" and text.startswith("_"):
        return f"reads {text}"
    return ""


def internal_text(text: str) -> str:
    """A name of Python's internals within a text: it becomes an attribute where something looks it up."""
    found = re.search(r"__[a-z]{2,}__|_TemplateReference__|^_{2,}$", text)
    return found.group() if found else ""
