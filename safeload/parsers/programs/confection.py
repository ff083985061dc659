"""Settings in the form of confection (`config.cfg` of spaCy): INI whose values are JSON; they name functions.

https://github.com/explosion/confection: a key that begins with `@` names a registry, its value the function in it, and
the keys beside it are what that is called with. spaCy calls those of `[nlp]` and `[components]` when it loads a
pipeline, the others when it trains one.
"""

from __future__ import annotations

import configparser
import json
import re

from safeload.lean import TYPE_CHECKING, Any, Final, Iterator, replace
from safeload.parsers.mentions import Mentions
from safeload.parsers.programs.settings import REGISTERED, TRAINING
from safeload.parsers.refused import Refused
from safeload.parsers.text import read_part

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_TRAINING: Final = frozenset({"training", "pretraining", "corpora", "initialize"})
_REFERENCE: Final = re.compile(r"\$\{\s*([^}.:]*)[^}]*\}")
_COMPONENT: Final = ("factory", "source")  # a function that makes a component; another pipeline that it is taken from


def read(reader: Reader, visit: Visit) -> Parts | None:
    """A text, with what it names; nothing is named by a text that confection could not read either."""
    parts = read_part(reader, visit)
    if parts is None:
        return None
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    found = Mentions()
    try:
        parser.read_string(reader.read_at(0, reader.size).decode("utf-8"))
        for kind, text, where in _named({name: dict(parser.items(name)) for name in parser.sections()}):
            found.add(kind, text, where)
    except configparser.Error:
        return parts
    except (Refused, RecursionError) as error:
        refused = error if isinstance(error, Refused) else Refused("values nested too deeply")
        return (replace(parts[0], gap=refused.gap), *parts[1:])
    return (replace(parts[0], mentions=(*parts[0].mentions, *found.all())), *parts[1:])


def _named(sections: dict[str, dict[str, str]]) -> Iterator[tuple[str, str, str]]:
    # What is for training only, unless the rest refers to it.
    referred = {
        root
        for name, held in sections.items()
        if _root(name) not in _TRAINING
        for value in held.values()
        for root in _REFERENCE.findall(value)
    }
    later = _TRAINING if _TRAINING.isdisjoint(referred) else frozenset[str]()
    for name, held in sections.items():
        kind = TRAINING if _root(name) in later else REGISTERED
        for key, raw in held.items():
            for text in _of_value(key, raw, component=_root(name) == "components"):
                yield kind, text, name


def _root(section: str) -> str:
    return section.partition(".")[0].strip()


def _of_value(key: str, raw: str, *, component: bool) -> Iterator[str]:
    bare = _REFERENCE.sub("", raw)
    if bare != raw and ("{" in bare or "@" in key + raw):
        yield f"{key.lstrip('@')}:{raw}"  # put together from other values: nobody can say what it will be
        return
    yield from _of(key, _parsed(raw), component=component)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=list)  # pairs: readers differ in which of two equal keys counts
    except ValueError:
        return text


def _of(key: str, value: Any, *, component: bool) -> Iterator[str]:
    if key[:1] == "@":
        yield f"{key[1:]}:{value}"
    elif component and key in _COMPONENT and isinstance(value, str):
        yield f"{key}:{value}"
    elif isinstance(value, str):
        again = _parsed(value)  # text in a list is read as JSON once more
        if isinstance(again, list):
            yield from _of("", again, component=component)
        elif '"@' in value:
            yield value
    for item in value if isinstance(value, list) else ():
        if isinstance(item, tuple):
            yield from _of(item[0], item[1], component=component)
        else:
            yield from _of("", item, component=component)
