"""A class of the user's own that only holds a state is made and filled without a question; nothing else is."""

from __future__ import annotations

import abc
import collections
import dataclasses
import enum
import pickle
import sys
import types
import typing
from pathlib import Path

import pytest

from safeload import patch
from safeload.errors import Blocked, DecisionNeeded
from safeload.guard import own
from safeload.scanners import names

HERE = __name__


class Plain:
    size = 3

    def __init__(self, value):
        self.value = value

    def method(self):
        return self.value

    @property
    def doubled(self):
        return 2 * self.value

    def __eq__(self, other):
        return vars(self) == vars(other)


class Child(Plain):
    class Inner:
        pass


class Slotted:
    __slots__ = ("a", "b")


class Abstract(abc.ABC):
    @abc.abstractmethod
    def method(self): ...


class Generic(Abstract, typing.Generic[typing.TypeVar("T")]):
    pass


class Items(list):
    pass


class Named(dict):
    pass


@dataclasses.dataclass
class Data:
    x: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    x: int = 1


@dataclasses.dataclass(unsafe_hash=True)
class Hashed:
    x: int = 1


Point = collections.namedtuple("Point", "x y")


class Typed(typing.NamedTuple):
    x: int


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


PLAIN = [Plain, Child, Child.Inner, Slotted, Abstract, Generic, Items, Named, Data, Frozen, Hashed, Point, Typed]


@pytest.mark.parametrize("cls", [*PLAIN, Colour, Level], ids=lambda cls: cls.__name__)
def test_a_plain_state_holder_is_known_here(cls):
    assert own.known(HERE, cls.__qualname__) is not None


def ran(*_):
    raise AssertionError("code of the class ran")


class Sets:
    __setstate__ = ran


class Makes:
    def __new__(cls, *args):
        return ran()


class Drops:
    def __del__(self):
        pass


class Gets:
    def __getattr__(self, name):
        return ran()


class Keeps:
    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)


class Compares:
    def __hash__(self):
        return 1


class Writes:
    @property
    def path(self):
        return 1

    @path.setter
    def path(self, value):
        ran()


class Descriptor:
    def __set__(self, instance, value):
        ran()


class Described:
    field = Descriptor()


class Appends(list):
    def append(self, item):
        ran()


class Stores(dict):
    def __setitem__(self, key, value):
        ran()


class Meta(type):
    pass


class WithMeta(metaclass=Meta):
    pass


class Inherits(Sets):
    pass


class Odd(enum.Enum):
    A = 1

    @classmethod
    def _missing_(cls, value):
        return ran()


class OfTheLibrary(pickle.Unpickler):
    pass


class Error(Exception):
    pass


RUNS = [Sets, Makes, Drops, Gets, Keeps, Compares, Writes, Described, Appends, Stores, WithMeta, Inherits, Odd]


@pytest.mark.parametrize("cls", [*RUNS, OfTheLibrary], ids=lambda cls: cls.__name__)
def test_a_class_with_code_that_a_pickle_sets_off_is_not(cls):
    assert own.known(HERE, cls.__qualname__) is None


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("pathlib", "PurePath"),
        ("pickle", "PickleError"),
        ("pytest", "Session"),
        ("not_imported_at_all", "Own"),
        (HERE, "ran"),
        (HERE, "missing"),
        (HERE, "enum.Enum"),
        (HERE, "types.ModuleType"),
        (HERE, "Plain.method"),
    ],
)
def test_a_name_of_a_library_or_of_no_class_or_not_imported_is_not(module, name):
    assert own.known(module, name) is None


def test_a_class_that_came_with_a_model_is_not(monkeypatch):
    module = types.ModuleType("transformers_modules.org.modeling")
    module.__file__ = "/somewhere/modeling.py"
    module.Own = type("Own", (), {"__module__": module.__name__})
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert own.known(module.__name__, "Own") is None


def test_nothing_is_imported_or_asked(monkeypatch):
    class Computes(types.ModuleType):
        def __getattr__(self, name):
            ran()

    monkeypatch.setitem(sys.modules, "computes", Computes("computes"))
    assert own.known("computes", "Anything") is None


def test_elsewhere_the_same_names_stay_unknown():
    assert names.classify(HERE, "Plain") is names.Standing.UNKNOWN
    with names.also(own.known):
        assert names.classify(HERE, "Plain") is names.Standing.CONDITIONAL
        assert names.classify(HERE, "Sets") is names.Standing.UNKNOWN
        assert names.classify("os", "system") is names.Standing.DANGEROUS
    assert names.classify(HERE, "Plain") is names.Standing.UNKNOWN


@pytest.fixture
def guard():
    patch.install()
    yield
    patch.remove()


VALUES = {
    "instance": Plain(3),
    "child": Child([Plain(1)]),
    "list": Items([1, Plain(2)]),
    "dict": Named(a=Plain(2)),
    "dataclass": Data(4),
    "frozen, slots": Frozen(4),
    "key": {Hashed(1): Hashed(2)},
    "namedtuple": Point(1, Plain(2)),
    "enumeration": [Colour.RED, Level.LOW],
    "class": Plain,
}


@pytest.mark.heavy
@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_ones_own_objects_come_back_without_a_question(guard, value, protocol):
    assert pickle.loads(pickle.dumps(value, protocol)) == value


class Reduces:
    """Not the class's own choice: the stream says what is called."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def touch(path):
    Path(path).touch()


@pytest.mark.heavy
@pytest.mark.parametrize(
    "value",
    [Sets(), Reduces(Plain, 3), Reduces(touch, "marker"), [Plain(1), Inherits()], Reduces(Plain.method, Plain(1))],
    ids=["a class that acts", "a class that is called", "a function", "one of several", "a method"],
)
def test_what_would_run_code_of_ones_own_is_still_asked_about(guard, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((DecisionNeeded, Blocked)):
        pickle.loads(pickle.dumps(value))
    assert not Path("marker").exists()


@pytest.mark.heavy
def test_what_changes_the_class_itself_is_blocked(guard):
    data = b"c%s\nPlain\n}S'size'\nI4\nsb." % HERE.encode()
    with pytest.raises(Blocked):
        pickle.loads(data)
    assert Plain.size == 3
