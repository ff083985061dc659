"""What the fields name that describe a model, instead of holding it: told in words, as short strings are.

ultralytics' training builds a model again of its description, of which it evaluates a text and calls what is named;
validation takes the data that the checkpoint's settings name, and runs what their own description says.
"""

from __future__ import annotations

from safeload.lean import Any, Callable, Final

ELSEWHERE: Final = "elsewhere"  # what is fetched, or lies outside of the folder that it is written to
HERE: Final = "here"
_ODD: Final = object()  # no library writes it
_LITERALS: Final = frozenset({int, float, bool, str, type(None)})
_DEEP: Final = 4  # lists within lists


def described(name: str, value: Any) -> Any:
    """The value of a field, or what it names, where the field is such a description."""
    return _TELLS[name](value) if name in _TELLS else value


def _layers(value: Any) -> Any:
    """The classes that a model is built of again, and the text that makes its activation."""
    if type(value) is not dict or not all(type(value.get(part, [])) is list for part in _PARTS):
        return value if value is None else _ODD
    made = value.get("activation")
    told = [] if made is None else [made]
    for part in _PARTS:
        for layer in value.get(part, []):
            fits = type(layer) in (list, tuple) and len(layer) == 4 and _plain(layer)
            told.append(layer[2] if fits else _ODD)
    return [*dict.fromkeys(told)] if all(type(one) is str for one in told) else _ODD


_PARTS: Final = ("backbone", "head")


def _plain(value: Any, depth: int = 0) -> bool:
    if type(value) in (list, tuple):
        return depth < _DEEP and all(_plain(one, depth + 1) for one in value)
    return type(value) in _LITERALS


def _folders(value: Any) -> Any:
    """Names of classes become names of folders."""
    names = [*value.values()] if type(value) is dict else value
    if names is None or type(names) not in (list, tuple):
        return None if names is None else _ODD
    return [*dict.fromkeys(_ODD if type(one) is not str else ELSEWHERE if _leads_out(one) else HERE for one in names)]


def _leads_out(name: str) -> bool:
    return name[:1] == "/" or "\\" in name or name[1:2] == ":" or ".." in name.split("/") or "\0" in name


def _settings(value: Any) -> Any:
    """Settings of a training run: does any of them name something that is fetched?"""
    if type(value) is not dict:
        return value
    texts = [one for one in value.values() if type(one) is not bool and type(one) not in (int, float, type(None))]
    plain = all(_plain(one) or type(one) is dict for one in texts)
    return ELSEWHERE if any("://" in str(one) for one in _texts(texts)) else HERE if plain else _ODD


def _texts(values: Any, depth: int = 0) -> list[str]:
    found: list[str] = []
    for one in values:
        if type(one) is str:
            found.append(one)
        elif type(one) in (list, tuple, dict) and depth < _DEEP:
            found += _texts([*one, *one.values()] if type(one) is dict else one, depth + 1)
    return found


_TELLS: Final[dict[str, Callable[[Any], Any]]] = {
    "yaml": _layers,
    "names": _folders,
    "args": _settings,
    "train_args": _settings,
}
