"""What may be called can also be kept, and called by a listed class with arguments that no pattern was held against.

So somebody has to look at each: it is harmless whoever calls it (`kept` says why, beside it), or it is one of the names
that a second run looks for in all that a stream keeps (`parsers/pickles/kept.py`).
"""

from __future__ import annotations

import enum
import importlib
import pickle
from collections.abc import Callable, Iterator

import pytest

from safeload.parsers.pickles.kept import SINKS
from safeload.policy.interface import Action
from safeload.scanners import names_table
from safeload.scanners.interface import Report
from safeload.scanners.names import variants
from safeload.scanners.names_file import Entry, checked, read
from tests.builders import opcodes as op
from tests.bypasses.conftest import verdict

Pair = tuple[str, str]
Look = Callable[..., Report]


def entries() -> Iterator[tuple[str, Entry]]:
    for file in names_table._files():
        for entry in checked(names_table._read(file), file=file).entries:
            yield file, entry


def pairs(entry: Entry) -> set[Pair]:
    listed = {(module, name) for module, names in entry.classes for name in names.split()}
    return listed | {(module, name) for module in entry.modules for name in entry.names}


def called(entry: Entry) -> bool:
    return entry.condition is not None and entry.condition.called is not None


def unlooked(entry: Entry) -> set[Pair]:
    """Names that may be called, and of which nobody wrote what comes of it when another class calls them."""
    return pairs(entry) - SINKS if called(entry) and not entry.kept else set()


def test_every_name_that_may_be_called_was_looked_at() -> None:
    assert sum(len(pairs(entry)) for _, entry in entries() if called(entry)) > 1_000
    assert [(file, pair) for file, entry in entries() for pair in sorted(unlooked(entry))] == []


def test_a_name_is_harmless_to_keep_or_is_looked_for_and_not_both() -> None:
    for file, entry in entries():
        assert not (entry.kept and pairs(entry) & SINKS), file
        assert not entry.kept or called(entry), f"{file}: nobody may call {sorted(pairs(entry))[:3]}"


def made_only(entry: Entry) -> bool:
    known = entry.condition
    return known is not None and known.constructed is not None and not known.referenced


def test_every_name_that_is_looked_for_may_be_used() -> None:
    """Others would be findings at their first use: a name in vain makes each of its pickles run twice.

    Called, or a class of which only instances are made: its constructor is for nobody to call.
    """
    allowed = {pair for _, entry in entries() if called(entry) or made_only(entry) for pair in pairs(entry)}
    assert {pair for pair in SINKS if allowed.isdisjoint(variants(*pair))} == set()


def test_a_new_name_without_a_word_about_it_is_noticed() -> None:
    text = "library = 'a'\n[[conditional]]\nmodules = 'm builtins'\nnames = 'type'\ncalled = ['none']\n"
    (entry,) = read(text, file="x.toml").entries
    assert unlooked(entry) == {("m", "type")}
    (entry,) = read(text + "kept = 'a value'\n", file="x.toml").entries
    assert unlooked(entry) == set()


def test_an_enumeration_without_members_makes_any_class() -> None:
    """The reason why those are on no list: called with a name and a dictionary, it does what `type` does."""

    class Kind(enum.Enum):
        pass

    made = Kind("Made", {"__len__": print, "one": 1})
    assert vars(made)["__len__"] is print


@pytest.mark.heavy
def test_every_listed_enumeration_has_members() -> None:
    found, empty = 0, []
    for _, entry in entries():
        for module, name in sorted(pairs(entry)) if called(entry) and entry.what == "a value of an enumeration" else ():
            try:
                kind = getattr(importlib.import_module(module), name)
            except (ImportError, AttributeError):
                continue  # not installed, or of another release
            found += 1
            empty += [f"{module}.{name}"] if issubclass(kind, enum.Enum) and not kind.__members__ else []
    assert found > 20
    assert empty == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("transformers.utils.generic", "ExplicitEnum"),
        ("torchmetrics.utilities.enums", "EnumStr"),
        ("sentence_transformers.sentence_transformer.losses.triplet", "TripletDistanceMetric"),
    ],
)
def test_a_layer_that_keeps_one_is_a_question(module: str, name: str, look: Look) -> None:
    layer = op.glob("torch.nn.modules.container", "Sequential") + b")\x81}" + op.text("_modules") + b"}" + op.text("0")
    content = op.proto(2) + layer + op.glob(module, name) + b"ssb."
    assert verdict(look(content)) is not Action.ALLOW
    pytest.importorskip("torch")
    try:
        made = pickle.loads(content)
    except ImportError:
        pytest.skip(f"{module} is not installed")
    made_class = made._modules["0"]("Made", {"__len__": print})  # what another layer could do with it
    assert vars(made_class)["__len__"] is print
