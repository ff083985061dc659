"""Pickles: what is found in facts about one, and in what words."""

from __future__ import annotations

import pytest

from safeload.parsers.facts import PickleRole, Use
from safeload.scanners.interface import Severity

from .conftest import ids, judged, use

CALLED, CONSTRUCTED, REFERENCED = PickleRole.CALLED, PickleRole.CONSTRUCTED, PickleRole.REFERENCED
TAMPERED, RESULT_CALLED, STATED = PickleRole.TAMPERED, PickleRole.RESULT_CALLED, PickleRole.STATED


def test_a_dangerous_call_says_what_it_does() -> None:
    found = judged(Use(module="os", name="system", role=CALLED, shape=("str:'id'",), offset=7, example="'id'"))
    assert ids(found) == ["pickle-dangerous-call"]
    assert found[0].message == "Loading calls os.system, which starts a program on your computer."
    assert found[0].evidence == ("os.system('id')",)
    assert found[0].location.offset == 7
    assert found[0].rule.severity is Severity.CRITICAL


@pytest.mark.parametrize("role", [CALLED, CONSTRUCTED, RESULT_CALLED])
def test_every_way_of_running_something_dangerous_is_a_call(role: PickleRole) -> None:
    assert "pickle-dangerous-call" in ids(judged(use("subprocess", "Popen", role)))


def test_a_dangerous_name_that_is_only_kept_is_high() -> None:
    found = judged(use("os", "system", REFERENCED))
    assert ids(found) == ["pickle-dangerous-import"]
    assert found[0].rule.severity is Severity.HIGH


def test_an_unknown_name_says_how_it_is_used() -> None:
    found = judged(use("someone.model", "Net", CONSTRUCTED), use("someone.model", "Net", REFERENCED))
    assert ids(found) == ["pickle-unknown-name"]
    assert len(found) == 1
    assert "built and kept" in found[0].message


def test_free_names_are_free_in_every_role_and_with_any_arguments() -> None:
    assert judged(use("builtins", "set", CALLED, "list"), use("collections", "OrderedDict", CALLED, "global:x.y")) == ()


def test_tampering_is_found_even_with_free_names() -> None:
    assert ids(judged(use("builtins", "set", TAMPERED, "str:'BUILD'", "dict"))) == ["pickle-tampering"]
    assert ids(judged(use("torch", "FloatStorage", TAMPERED, "str:'BUILD'", "dict"))) == ["pickle-tampering"]
    assert ids(judged(use("sys", "modules", TAMPERED))) == ["pickle-dangerous-import", "pickle-tampering"]


def test_a_call_on_a_result_is_high() -> None:
    found = judged(use("collections", "OrderedDict", RESULT_CALLED))
    assert ids(found) == ["pickle-call-on-result"]
    assert found[0].rule.severity is Severity.HIGH


def test_what_a_persistent_id_gave_is_no_name_but_may_not_be_called() -> None:
    assert ids(judged(use("", "<persistent id>", RESULT_CALLED))) == ["pickle-call-on-result"]


@pytest.mark.parametrize(
    ("module", "name", "role", "shape"),
    [
        ("torch._utils", "_rebuild_tensor_v2", CALLED, ("persistent", "int", "tuple", "tuple", "bool", "result")),
        ("_codecs", "encode", CALLED, ("str", "str:'latin1'")),
        ("copyreg", "_reconstructor", CALLED, ("global:argparse.Namespace", "global:builtins.object", "none")),
        ("copy_reg", "_reconstructor", CALLED, ("global:uuid.UUID", "global:__builtin__.object", "none")),
        ("collections", "defaultdict", CALLED, ("global:builtins.list",)),
        ("collections", "defaultdict", CALLED, ("none",)),
        ("numpy._core.multiarray", "_reconstruct", CALLED, ("global:numpy.ndarray", "tuple", "bytes")),
        ("numpy.random._pickle", "__bit_generator_ctor", CALLED, ("global:numpy.random._pcg64.PCG64",)),
        ("builtins", "type", CALLED, ("none",)),
        ("sklearn.tree._tree", "Tree", CALLED, ("int", "result", "int")),
        ("transformers.training_args", "TrainingArguments", CONSTRUCTED, ()),
        ("joblib.numpy_pickle", "NumpyArrayWrapper", CONSTRUCTED, ()),
        ("torch.nn.modules.linear", "Linear", STATED, ("dict",)),
        ("sklearn.tree._tree", "Tree", STATED, ("dict",)),
        ("numpy._core.multiarray", "_reconstruct", STATED, ("int", "tuple", "result", "bool", "bytes")),
    ],
)  # fmt: skip
def test_a_conditional_name_in_its_use_is_clean(
    module: str, name: str, role: PickleRole, shape: tuple[str, ...]
) -> None:
    assert judged(use(module, name, role, *shape)) == ()


@pytest.mark.parametrize(
    ("module", "name", "role", "shape"),
    [
        ("_codecs", "encode", CALLED, ("str", "str:'rot13'")),
        ("_codecs", "encode", REFERENCED, ()),
        ("torch._utils", "_rebuild_tensor_v2", CALLED, ("str",)),
        ("transformers.training_args", "TrainingArguments", CALLED, ("str",)),
        ("transformers.training_args", "TrainingArguments", CONSTRUCTED, ("keywords",)),
        ("joblib.numpy_pickle", "NumpyArrayWrapper", CALLED, ()),
        ("torch", "FloatStorage", CALLED, ("int",)),
        ("builtins", "type", CALLED, ("str", "tuple", "dict")),
        ("numpy.random._pickle", "__bit_generator_ctor", CALLED, ("str:'Other'",)),
        ("sklearn.ensemble._forest", "RandomForestClassifier", CALLED, ()),
    ],
)
def test_a_conditional_name_in_another_use_is_odd(
    module: str, name: str, role: PickleRole, shape: tuple[str, ...]
) -> None:
    assert ids(judged(use(module, name, role, *shape))) == ["pickle-conditions-not-met"]


@pytest.mark.parametrize(
    ("module", "name", "shape", "rule"),
    [
        ("torch.nn.modules.linear", "Linear", ("none", "dict"), "pickle-unexpected-state"),
        ("transformers.trainer_utils", "IntervalStrategy", ("dict",), "pickle-unexpected-state"),
        ("torch._utils", "_rebuild_tensor_v2", ("dict",), "pickle-unexpected-state"),
        ("numpy.dtypes", "Float64DType", ("int", "str"), "pickle-unexpected-state"),
        ("", "<persistent id>", ("dict",), "pickle-unexpected-state"),
        ("numpy", "dtype", ("odd",), "pickle-forged-array"),
        ("someone.model", "Net", ("none", "dict"), "pickle-unknown-name"),
    ],
)
def test_a_state_that_was_not_vouched_for_is_found(module: str, name: str, shape: tuple[str, ...], rule: str) -> None:
    assert ids(judged(use(module, name, STATED, *shape))) == [rule]


def test_free_names_take_any_state() -> None:
    assert judged(use("collections", "OrderedDict", STATED, "none", "dict")) == ()


@pytest.mark.parametrize(
    ("module", "name", "handed"),
    [
        ("collections", "defaultdict", "global:os.system"),
        ("collections", "defaultdict", "global:torch._utils._rebuild_tensor_v2"),
        ("copyreg", "_reconstructor", "global:os.system"),
        ("numpy._core.multiarray", "_reconstruct", "global:numpy.memmap"),
        ("torch._tensor", "_rebuild_from_type_v2", "global:os.system"),
        ("builtins", "type", "global:os.system"),
    ],
)
def test_an_allowed_name_that_is_handed_a_function_is_high(module: str, name: str, handed: str) -> None:
    found = judged(use(module, name, CALLED, handed, "global:builtins.object", "none"))
    assert ids(found) == ["pickle-hands-over-function"]
    assert handed.removeprefix("global:") in found[0].message
    assert found[0].rule.severity is Severity.HIGH


def test_one_finding_for_each_rule_and_name() -> None:
    found = judged(*(use("os", "system", CALLED, f"str:'{i}'") for i in range(50)), use("os", "remove"))
    assert len(found) == 2
    assert "50 times" in found[0].evidence


def test_names_and_arguments_come_out_as_plain_text() -> None:
    found = judged(Use(module="x\x1b[31m", name="y\u202e\n", role=CALLED, example="'\u202e'"))
    said = found[0].message + "".join(found[0].evidence)
    assert not {"\x1b", "\u202e", "\n"} & set(said)
    assert "\\x1b" in said


def test_a_very_long_name_is_cut() -> None:
    found = judged(use("x" * 5_000, "y"))
    assert len(found[0].message) < 500


def test_extension_codes_leftovers_and_odd_ids() -> None:
    assert ids(judged(use("copyreg", "<extension code 240>", REFERENCED))) == ["pickle-extension-code"]
    assert ids(judged(leftover=12)) == ["pickle-leftover-bytes"]
    assert ids(judged(odd_persistent=("('file', '/etc/passwd')",))) == ["pickle-odd-persistent-id"]
    assert judged(persistent=5, nested=2) == ()


def test_a_reading_that_ended_before_the_call_adds_nothing_odd() -> None:
    """joblib writes arrays between opcodes: `pickle.load` of the same bytes stops there, joblib goes on."""
    called = use("_codecs", "encode", CALLED, "str", "str:'latin1'")
    assert judged(called, use("_codecs", "encode", REFERENCED)) == ()


@pytest.mark.parametrize("tag", ["result", "other", "persistent"])
@pytest.mark.parametrize("name", ["str", "list", "int", "set"])
def test_a_conversion_of_an_instance_is_found(name, tag):
    found = judged(Use(module="builtins", name=name, role=PickleRole.CALLED, shape=(tag,)))
    assert [finding.rule.id for finding in found] == ["pickle-conditions-not-met"]


@pytest.mark.parametrize("tag", ["str", "list", "int", "bytes", "none"])
def test_a_conversion_of_plain_data_is_not(tag):
    assert not judged(Use(module="builtins", name="set", role=PickleRole.CALLED, shape=(tag,)))
