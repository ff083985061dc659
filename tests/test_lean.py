"""Records, choices and patterns behave as what the standard library has under those names."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from safeload.lean import Choice, field, pattern, record, replace, sha256


@record(frozen=True, slots=True, kw_only=True)
class Point:
    x: int
    y: int = 2
    tags: dict[str, int] = field(default_factory=dict)
    note: str = field(default="", compare=False)

    def sum(self) -> int:
        return self.x + self.y


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    x: int
    y: int = 2
    tags: dict[str, int] = dataclasses.field(default_factory=dict)
    note: str = dataclasses.field(default="", compare=False)


@record(slots=True)
class Count:
    """Filled by place too, and changed."""

    name: str
    n: int = 0

    def __post_init__(self) -> None:
        if self.n < 0:
            raise ValueError("less than nothing")


class Level(str, Choice):
    LOW = "low"
    HIGH = "high"


def test_a_record_holds_shows_and_compares_its_fields() -> None:
    made = Point(x=1)
    assert (made.x, made.y, made.tags, made.sum()) == (1, 2, {}, 3)
    assert repr(made) == repr(Model(x=1)).replace("Model", "Point")
    assert made == Point(x=1, note="another") != Point(x=2)
    assert made != Model(x=1)
    assert Point(x=1).tags is not Point(x=1).tags


@pytest.mark.parametrize("given", [{}, {"x": 1, "z": 2}, {"z": 1}, {"y": 1, "tags": {}, "note": "", "z": 1}])
def test_what_is_missing_or_unknown_is_a_mistake_as_with_a_dataclass(given: dict[str, Any]) -> None:
    for kind in (Model, Point):
        with pytest.raises(TypeError):
            kind(**given)


def test_a_frozen_record_does_not_change() -> None:
    made = Point(x=1)
    for change in ("made.x = 2", "del made.x", "made.other = 3"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            exec(change, {"made": made})
    with pytest.raises(TypeError):
        Point(1)  # type: ignore[misc]


def test_fields_by_place_and_what_is_checked_afterwards() -> None:
    made = Count("a", n=2)
    made.n += 1
    assert made == Count("a", 3)
    for wrong in (lambda: Count("a", 1, 2), lambda: Count("a", name="b")):  # type: ignore[call-arg, misc]
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(ValueError, match="less than nothing"):
        Count("a", -1)
    with pytest.raises(AttributeError):
        made.other = 1  # type: ignore[attr-defined]


def test_equal_frozen_records_hash_alike_and_changing_ones_do_not_hash() -> None:
    @record(frozen=True, slots=True, kw_only=True)
    class One:
        only: str

    assert hash(One(only="a")) == hash(One(only="a"))
    assert len({One(only="a"), One(only="a"), One(only="b")}) == 2
    with pytest.raises(TypeError):
        hash(Count("a"))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_records_and_choices_are_copied(again: Callable[[Any], Any]) -> None:
    assert again(Point(x=1, tags={"a": 1})) == Point(x=1, tags={"a": 1})
    assert again(Level.LOW) is Level.LOW


def test_what_takes_dataclasses_takes_records() -> None:
    made = Point(x=1, note="n")
    assert dataclasses.is_dataclass(Point)
    assert [one.name for one in dataclasses.fields(Point)] == [one.name for one in dataclasses.fields(Model)]
    assert dataclasses.asdict(made) == dataclasses.asdict(Model(x=1, note="n"))
    assert dataclasses.replace(made, y=5) == replace(made, y=5) == Point(x=1, y=5)
    with pytest.raises(TypeError):
        replace(made, z=1)


def test_choices_are_their_texts_and_nothing_else() -> None:
    assert Level("low") is Level.LOW == "low"
    assert (Level.LOW.name, Level.LOW.value, repr(Level.LOW)) == ("LOW", "low", "<Level.LOW: 'low'>")
    assert list(Level) == [Level.LOW, Level.HIGH] == list(reversed(list(reversed(Level))))
    assert isinstance(Level.LOW, str)
    assert len(Level) == 2
    for wrong in ("LOW", "", None, [], 1):
        with pytest.raises(ValueError, match="is not a valid Level"):
            Level(wrong)


def test_a_pattern_is_compiled_when_it_is_used() -> None:
    broken = pattern("(")
    with pytest.raises(Exception, match="unterminated"):
        broken.search("a")
    digits = pattern(r"(?a)(\d+)")
    found = digits.search("ab12")
    assert found is not None
    assert found[1] == "12"
    assert digits.sub("-", "1a2") == "-a-"
    assert digits.pattern == r"(?a)(\d+)"


def test_a_digest_is_that_of_hashlib() -> None:
    import hashlib

    assert sha256(b"abc").hexdigest() == hashlib.sha256(b"abc").hexdigest()


ONLY_OPENSSL = """
import sys

class Without:
    def find_spec(self, name, path=None, target=None):
        if name in ("_sha256", "_sha2"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Without())
sys.path.insert(0, ROOT)
from safeload.lean import sha256
from safeload.parsers.sandbox import rights
sha256()
rights.give_up(memory=4 << 30)
print(sha256(b"abc").hexdigest())
"""


def test_a_worker_of_a_python_that_has_openssl_only_can_hash() -> None:
    """Without rights even looking for a module that is not there is refused."""
    import hashlib

    root = sys.modules["safeload"].__path__[0].rpartition("/")[0]
    code = ONLY_OPENSSL.replace("ROOT", repr(root))
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == hashlib.sha256(b"abc").hexdigest(), ran.stderr


def test_it_imports_nothing_that_takes_long() -> None:
    """What it stands for; the rest of the house follows from this."""
    code = "import sys; import safeload.lean; print([m for m in sys.argv[1:] if m in sys.modules])"
    slow = ["dataclasses", "enum", "inspect", "re", "typing", "collections", "functools", "hashlib"]
    root = sys.modules["safeload"].__path__[0].rpartition("/")[0]
    code = f"import sys; sys.path.insert(0, {root!r}); " + code
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", code, *slow], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
