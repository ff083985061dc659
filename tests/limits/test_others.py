"""Limits whose end is no gap: what is shown is cut, a search stops, a shorter way is taken."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import pytest

from safeload import limits
from safeload.errors import SourceError
from safeload.parsers.facts import Part, Stream
from safeload.policy.interface import Action
from safeload.scanners import explain, explain_child
from safeload.scanners.interface import How, Report
from safeload.scanners.memo import Memo
from safeload.sources import card
from safeload.sources.memory import PrivateFile
from tests.builders import ggufs, protobufs
from tests.builders import opcodes as op
from tests.builders.zips import Member, archive
from tests.limits.covering import covers
from tests.limits.looking import gaps, rules, seen, verdict
from tests.scanners.conftest import Bytes

Cut = pytest.MonkeyPatch


@covers("FINDINGS")
def test_one_finding_stands_for_a_flood(monkeypatch: Cut) -> None:
    data = op.proto(2) + b"".join(op.glob("m", f"n{i}") + op.POP for i in range(40)) + b"N."
    assert len(rules(seen(data))) == 40
    monkeypatch.setattr(limits, "FINDINGS", 3)
    report = seen(data)
    assert len(report.findings) == 4
    assert "37 more names" in report.findings[-1].message
    assert verdict(report) is Action.ASK


@covers("EVIDENCE")
def test_evidence_is_short_whatever_a_file_says() -> None:
    long = "x" * (limits.NAME - 10)
    call = op.proto(2) + op.glob("m", long) + op.text("y" * 5_000) + op.TUPLE1 + op.REDUCE + op.STOP
    for data in (
        call,
        protobufs.onnx_model(protobufs.onnx_node(long)),
        ggufs.gguf([], [ggufs.tensor(long, (1 << 40,))]),
    ):
        found = seen(data).findings
        assert found
        assert all(len(text) <= limits.EVIDENCE + 3 for one in found for text in one.evidence)


@covers("ODDITIES")
def test_odd_places_are_counted_up_to_a_number(monkeypatch: Cut) -> None:
    data = ggufs.gguf([ggufs.pair("k", ggufs.U32, bytes(4))] * 50, [])
    monkeypatch.setattr(limits, "ODDITIES", 3)
    report = seen(data)
    assert verdict(report) is not Action.ALLOW
    assert report.findings and max(len(one.evidence) for one in report.findings) <= 3


@covers("PURE_BYTES")
def test_a_long_stream_that_c_refuses_stays_a_gap(monkeypatch: Cut) -> None:
    data = b"F1_0\n0" + b"N0" * 500 + op.glob("os", "system") + b"(S'x'\ntR."
    assert "pickle-dangerous-call" in rules(seen(data))
    monkeypatch.setattr(limits, "PURE_BYTES", 500)
    report = seen(data)
    assert "pickle-dangerous-call" not in rules(report)
    assert gaps(report) and verdict(report) is not Action.ALLOW


def _text_pickle(filler: int) -> bytes:
    """A list of texts, the last of which is a pickle of protocol 0."""
    decoys = [f"cm{i}\nn{i}\n." for i in range(filler)]
    return pickle.dumps([*decoys, "cposix\nsystem\n(S'x'\ntR."], 4)


@covers("PLAIN_TRIES", "PLAIN_VALUES")
@pytest.mark.parametrize("name", ["PLAIN_TRIES", "PLAIN_VALUES"])
def test_the_search_among_plain_texts_ends(name: str, monkeypatch: Cut) -> None:
    """Nothing unpickles a text without a name for it, which is judged itself: this is help, not the wall."""
    assert any("posix.system" in one.message for one in seen(_text_pickle(30)).findings)
    monkeypatch.setattr(limits, "PLAIN_TRIES", 5)
    monkeypatch.setattr(limits, "PLAIN_VALUES", 5 if name == "PLAIN_VALUES" else 1)
    assert not any("posix.system" in one.message for one in seen(_text_pickle(30)).findings)


@covers("PLAIN_PICKLE")
def test_of_a_long_text_the_beginning_is_run(monkeypatch: Cut) -> None:
    long = "cposix\nsystem\n(S'x'\ntR" + "0N" * 200 + "0cposix\nmkdir\n(S'x'\ntR."
    both = {one.message for one in seen(pickle.dumps(long, 4)).findings}
    assert any("posix.mkdir" in text for text in both)
    monkeypatch.setattr(limits, "PLAIN_PICKLE", 100)
    monkeypatch.setattr(limits, "PLAIN_TRIES", 1)
    monkeypatch.setattr(limits, "PLAIN_VALUES", 0)
    first = {one.message for one in seen(pickle.dumps(long, 4)).findings}
    assert any("posix.system" in text for text in first)
    assert not any("posix.mkdir" in text for text in first)


@covers("REMOTE_LOOKS")
def test_over_a_network_few_members_are_looked_at() -> None:
    def of(count: int) -> Report:
        members = [Member(name=f"{i}.txt", data=b"text") for i in range(count)]
        return seen(archive(members), how=How.RANGES)

    assert not gaps(of(limits.REMOTE_LOOKS))
    report = of(limits.REMOTE_LOOKS + 1)
    assert gaps(report) == [("limit", "too many members to look at over a network")]
    assert verdict(report) is not Action.ALLOW


@covers("DICTIONARY")
def test_a_decompressor_is_not_given_any_memory_it_asks_for() -> None:
    pytest.importorskip("zstandard")
    block = (3 << 3 | 1).to_bytes(3, "little") + b"N0."

    def of(bits: int) -> Report:
        return seen(b"\x28\xb5\x2f\xfd\0" + bytes([bits - 10 << 3]) + block)

    most = limits.DICTIONARY.bit_length() - 1
    assert "malformed" not in dict(gaps(of(most)))
    assert "malformed" in dict(gaps(of(most + 1)))


@covers("ARRAYS_HELD")
def test_arrays_that_there_is_no_room_for_are_not_taken_to_be_in_order(monkeypatch: Cut) -> None:
    joblib, sparse = pytest.importorskip("joblib"), pytest.importorskip("scipy.sparse")
    made = io.BytesIO()
    joblib.dump(sparse.csr_matrix([[1, 0], [0, 2]]), made)
    assert verdict(seen(made.getvalue())) is Action.ALLOW
    monkeypatch.setattr(limits, "ARRAYS_HELD", 8)
    assert verdict(seen(made.getvalue())) is Action.ASK


@pytest.mark.parametrize("compress", [0, 1])
def test_trees_that_there_is_no_room_for_are_read_again(compress: int, monkeypatch: Cut) -> None:
    joblib, tree = pytest.importorskip("joblib"), pytest.importorskip("sklearn.tree")
    monkeypatch.setattr(limits, "ARRAYS_HELD", 8)
    made = io.BytesIO()
    joblib.dump(tree.DecisionTreeRegressor().fit([[1], [2]], [1, 2]), made, compress=compress)
    assert verdict(seen(made.getvalue())) is Action.ALLOW


@covers("CODE_LINE")
def test_a_long_line_of_code_is_cut() -> None:
    report = seen(b"import os; os.system('" + b"x" * 5_000 + b"')\n", name="m.py")
    assert max(len(line) for part in report.results for line in _evidence(part)) <= limits.CODE_LINE + 40


def _evidence(result: object) -> list[str]:
    return ["", *(text for one in getattr(result, "findings", ()) for text in one.evidence)]


@covers("MEMO_PARSE")
def test_a_long_parse_is_made_again(tmp_path: Path, monkeypatch: Cut) -> None:
    memo = Memo(tmp_path)
    part = Part(format="text", also=("x" * 500,))
    memo.remember_parts("a" * 64, "", [part])
    assert memo.parts("a" * 64, "") == (part,)
    monkeypatch.setattr(limits, "MEMO_PARSE", 400)
    memo.remember_parts("b" * 64, "", [part])
    assert memo.parts("b" * 64, "") is None


@covers("EXPLAIN_LINE", "EXPLAIN_TEXT")
def test_the_decompiled_view_is_cut() -> None:
    text = explain_child.shortened("\n".join(["a" * 10_000] * 1_000), ["a"])
    assert max(map(len, text.split("\n"))) <= limits.EXPLAIN_LINE
    assert len(text) <= limits.EXPLAIN_TEXT


@covers("EXPLAIN_FILES", "EXPLAIN_STREAMS")
def test_few_files_and_few_pickles_of_them_are_decompiled(monkeypatch: Cut) -> None:
    asked: list[int] = []

    class Child:
        def texts(self, request: dict[str, list[object]], readable: object) -> list[str]:
            asked.append(len(request["streams"]))
            return ["x"]

        def end(self) -> None:
            pass

    monkeypatch.setattr(explain._Child, "start", lambda seconds: Child())
    streams = [Stream(offset=2 * i, length=2, sha256="") for i in range(limits.EXPLAIN_STREAMS + 5)]
    explain.view(Bytes(b"N." * len(streams)), (), streams)
    assert asked == [limits.EXPLAIN_STREAMS]
    report = _several(limits.EXPLAIN_FILES + 2)
    assert len(explain.views(report, lambda artifact: Bytes(op.evil(Path("x"))))) == limits.EXPLAIN_FILES


def _several(count: int) -> Report:
    from safeload.scanners import engine
    from tests.limits.looking import InProcess
    from tests.scanners.conftest import OnDisk, snapshot_of

    data = op.evil(Path("x"))
    names = [f"{i}.bin" for i in range(count)]
    return engine.scan(snapshot_of(*names), lambda artifact: OnDisk(data), how=How.LOCAL, worker=InProcess())


@covers("CARD_FIELDS")
def test_a_long_head_of_a_card_is_not_parsed() -> None:
    def of(size: int) -> str:
        return "---\na: b\n" + "# long\n" * (size // 7 - 1) + "---\n"

    assert card.front_matter(of(limits.CARD_FIELDS - 20)) == {"a": "b"}
    with pytest.raises(ValueError, match="too long"):
        card.front_matter(of(limits.CARD_FIELDS + 20))


@covers("PRIVATE_COPY")
def test_a_pickle_without_an_end_is_not_copied(monkeypatch: Cut) -> None:
    monkeypatch.setattr(limits, "PRIVATE_COPY", 100)
    PrivateFile(io.BytesIO(bytes(100))).close()
    with pytest.raises(SourceError, match="too large to be copied"):
        PrivateFile(io.BytesIO(bytes(101)))


@covers("ARROW_TYPES", "ARROW_WIDTH")
def test_types_of_columns_that_multiply_are_not_looked_at(monkeypatch: Cut) -> None:
    pa = pytest.importorskip("pyarrow")
    nested, wide = pickle.dumps(pa.array([[[1]]])), pickle.dumps(pa.array([b"abc"], pa.binary(3)))
    assert verdict(seen(nested)) is verdict(seen(wide)) is Action.ALLOW
    monkeypatch.setattr(limits, "ARROW_TYPES", 2)
    monkeypatch.setattr(limits, "ARROW_WIDTH", 2)
    assert verdict(seen(nested)) is verdict(seen(wide)) is Action.ASK
