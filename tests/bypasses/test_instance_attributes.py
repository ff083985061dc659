"""An instance's own state answers for its methods: what it holds under `append` is called with the next item.

The VM fetches `append`, `extend`, `add` and `__setstate__` from the instance, whose dictionary the file filled before.
So a class that is only kept, which is harmless, is called with an argument of the file's choice.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from safeload.scanners.interface import Report

Look = Callable[..., Report]


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def name(module: str, qualname: str) -> bytes:
    return text(module) + text(qualname) + b"\x93"


KEPT = name("uuid", "UUID")
HOLDER = name("types", "SimpleNamespace") + b")\x81"
ATTACKS = {
    "APPEND": HOLDER + b"}" + text("append") + KEPT + b"sb" + text("x") + b"a",
    "APPENDS": HOLDER + b"}" + text("extend") + KEPT + b"sb(" + text("x") + b"e",
    "ADDITEMS": HOLDER + b"}" + text("add") + KEPT + b"sb(" + text("x") + b"\x90",
    "BUILD": HOLDER + b"}" + text("__setstate__") + KEPT + b"sb}b",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_without_us_the_kept_class_is_called_with_what_the_file_chose(attack: str) -> None:
    with pytest.raises((ValueError, AttributeError), match=r"UUID|replace"):
        pickle.loads(b"\x80\x04" + ATTACKS[attack] + b".")


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_is_a_finding(attack: str, look: Look) -> None:
    report = look(b"\x80\x04" + ATTACKS[attack] + b".")
    assert {finding.rule.id for finding in report.findings} == {"pickle-unexpected-state"}


def test_a_state_without_such_names_is_ordinary(look: Look) -> None:
    assert not look(b"\x80\x04" + HOLDER + b"}" + text("adds") + KEPT + b"sb.").findings


CONFIG = name("transformers.models.bert.configuration_bert", "BertConfig") + b")\x81"
RENAMED = (
    CONFIG + b"}(" + text("attribute_map") + b"}" + text("__setstate__") + text("x") + b"s" + text("x") + KEPT + b"ub}b"
)


def test_without_us_a_configuration_renames_its_own_setstate() -> None:
    pytest.importorskip("transformers")
    with pytest.raises(AttributeError, match="replace"):
        pickle.loads(b"\x80\x04" + RENAMED + b".")


def test_a_second_state_for_one_instance_is_a_finding(look: Look) -> None:
    report = look(b"\x80\x04" + RENAMED + b".")
    assert "pickle-unexpected-state" in {finding.rule.id for finding in report.findings}


def test_behind_ordinary_objects_of_the_same_class_too(look: Look) -> None:
    ordinary = (HOLDER + b"}" + text("x") + b"K\x01sb0") * 3
    report = look(b"\x80\x04" + ordinary + ATTACKS["BUILD"] + b".")
    assert {finding.rule.id for finding in report.findings} == {"pickle-unexpected-state"}


TREE = name("nltk.tree.tree", "Tree") + b")\x81"
BRANCHES = {
    "APPEND": TREE + b"}" + text("append") + KEPT + b"sb" + text("x") + b"a",
    "APPENDS": TREE + b"}" + text("extend") + KEPT + b"sb(" + text("x") + b"e",
}


@pytest.mark.parametrize("attack", BRANCHES)
def test_a_list_with_a_state_of_its_own_whose_state_takes_the_items(attack: str, look: Look) -> None:
    """Its items are ordinary, and so is its state: only not a state that answers for the items."""
    report = look(b"\x80\x04" + BRANCHES[attack] + b".")
    assert "pickle-conditions-not-met" in {finding.rule.id for finding in report.findings}
    tree = pytest.importorskip("nltk.tree")
    loads = pickle._loads if attack == "APPEND" else pickle.loads  # type: ignore[attr-defined]
    with pytest.raises((ValueError, AttributeError), match=r"UUID|replace"):
        loads(b"\x80\x04" + BRANCHES[attack] + b".")  # the C unpickler asks for `extend` only
    assert not look(pickle.dumps(tree.Tree("S", ["x", tree.Tree("N", ["y"])]))).findings
