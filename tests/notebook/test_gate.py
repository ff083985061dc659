"""The gate: which message opens it, which does not, in kernels of both kinds."""

from __future__ import annotations

from typing import Any

import pytest
import zmq
from safeload_jupyter.gate import Gate, Outcome, attend, wait

from tests.notebook.fakes import Kernel6, Kernel7, framed, later, message, signed_by

NONCE = "the panel's own"
QUICK: dict[str, float] = {"hello": 0.3, "lost": 0.3}
HELLO = {"type": "hello", "value": None, "nonce": NONCE}
APPROVE = {"type": "decision", "value": "approve", "nonce": NONCE}
DENY = {"type": "decision", "value": "deny", "nonce": NONCE}


def new() -> Gate:
    return Gate(comm_id="comm", nonce=NONCE)


@pytest.fixture(params=[Kernel6, Kernel7], ids=["ipykernel6", "ipykernel7"])
def kernel(request: pytest.FixtureRequest) -> Any:
    return request.param()


def outcome(kernel: Any, *frames: list[Any], gate: Gate | None = None) -> Outcome:
    gate = gate or new()
    with attend(kernel, gate) as look:
        assert look is not None
        for item in frames:
            kernel.arrive(item)
        return wait(gate, look, **QUICK)


@pytest.mark.parametrize(("said", "came"), [(APPROVE, Outcome.APPROVE), (DENY, Outcome.DENY)])
def test_a_click_reaches_the_waiting_cell(kernel: Any, said: dict[str, Any], came: Outcome) -> None:
    assert outcome(kernel, message(kernel.session, "comm", HELLO), message(kernel.session, "comm", said)) is came


def test_convert_counts_only_where_it_was_offered(kernel: Any) -> None:
    said = message(kernel.session, "comm", {**APPROVE, "value": "convert"})
    assert outcome(kernel, message(kernel.session, "comm", HELLO), said) is Outcome.GONE
    offering = Gate(comm_id="comm", nonce=NONCE, offered=(Outcome.CLOSE, Outcome.CONVERT))
    assert outcome(kernel, said, gate=offering) is Outcome.CONVERT


def test_what_is_blocked_is_not_approved_by_any_message(kernel: Any) -> None:
    gate = Gate(comm_id="comm", nonce=NONCE, offered=(Outcome.CLOSE, Outcome.CONVERT))
    assert outcome(kernel, message(kernel.session, "comm", APPROVE), gate=gate) is not Outcome.APPROVE
    assert gate.answer is None


def test_every_message_still_takes_its_ordinary_way(kernel: Any) -> None:
    sent = [message(kernel.session, "comm", APPROVE), message(kernel.session, "x", {}, msg_type="execute_request")]
    assert outcome(kernel, *reversed(sent)) is Outcome.APPROVE
    kept = kernel.handed_on if isinstance(kernel, Kernel7) else [item[-1][0] for item in kernel.msg_queue._queue]
    assert [id(item) for item in kept] == [id(item) for item in reversed(sent)]


def test_the_kernel_is_left_as_it_was() -> None:
    kernel = Kernel7()
    before = kernel.shell_stream.receiver
    assert outcome(kernel, message(kernel.session, "comm", DENY)) is Outcome.DENY
    assert kernel.shell_stream.receiver == before


@pytest.mark.parametrize(
    "content",
    [
        {"type": "decision", "value": "approve"},
        {"type": "decision", "value": "approve", "nonce": "another panel's"},
        {"type": "decision", "value": "approve", "nonce": None},
        {"type": "decision", "value": "APPROVE", "nonce": NONCE},
        {"type": "decision", "value": ["approve"], "nonce": NONCE},
        {"type": "decision", "value": {"approve": 1}, "nonce": NONCE},
        {"type": "decision", "value": True, "nonce": NONCE},
        {"type": "approve", "nonce": NONCE},
        {"nonce": NONCE},
        {},
        [],
        None,
        "approve",
    ],
)
def test_anything_else_does_not_open_it(kernel: Any, content: Any) -> None:
    assert outcome(kernel, message(kernel.session, "comm", content)) in (Outcome.UNSEEN, Outcome.GONE)


def test_a_message_without_the_kernels_signature_does_not_count(kernel: Any) -> None:
    """With the twin: the same bytes, signed, do."""
    forged = message(signed_by(b"another key"), "comm", APPROVE)
    assert outcome(kernel, forged) is Outcome.UNSEEN
    assert outcome(kernel, message(kernel.session, "comm", APPROVE)) is Outcome.APPROVE


def test_a_message_changed_on_the_way_does_not_count(kernel: Any) -> None:
    changed = message(kernel.session, "comm", DENY)
    changed[-1] = zmq.Frame(changed[-1].bytes.replace(b'"deny"', b'"approve"'))
    assert outcome(kernel, changed) is Outcome.UNSEEN


def test_a_message_to_another_widget_does_not_count(kernel: Any) -> None:
    assert outcome(kernel, message(kernel.session, "another", APPROVE)) is Outcome.UNSEEN


@pytest.mark.parametrize(
    "frames", [[], [b""], [b"x"] * 3, [b"<IDS|MSG>"], [b"<IDS|MSG>", b"", b"comm_msg", b"", b"", b"{"]]
)
def test_a_mangled_message_disturbs_nothing(kernel: Any, frames: list[bytes]) -> None:
    assert outcome(kernel, framed(frames), message(kernel.session, "comm", APPROVE)) is Outcome.APPROVE


def test_the_first_answer_counts(kernel: Any) -> None:
    assert (
        outcome(kernel, message(kernel.session, "comm", DENY), message(kernel.session, "comm", APPROVE)) is Outcome.DENY
    )


def test_the_same_message_twice_is_one_answer() -> None:
    gate = new()
    gate.feed(DENY)
    gate.feed(DENY)
    gate.feed(APPROVE)
    assert wait(gate, lambda: None) is Outcome.DENY


def test_nobody_says_hello(kernel: Any) -> None:
    assert outcome(kernel) is Outcome.UNSEEN


def test_a_page_that_went_away_is_never_an_approval(kernel: Any) -> None:
    assert outcome(kernel, message(kernel.session, "comm", HELLO)) is Outcome.GONE


def test_a_page_that_gives_signs_of_life_may_take_its_time(kernel: Any) -> None:
    gate = new()
    for i in range(8):
        later(i * 0.1, lambda: gate.feed({**HELLO, "type": "ping"}))
    later(0.8, lambda: gate.feed(APPROVE))
    assert outcome(kernel, gate=gate) is Outcome.APPROVE


def test_an_answer_after_the_question_is_over_changes_nothing() -> None:
    gate = new()
    gate.close()
    gate.feed(APPROVE)
    assert gate.answer is None
    assert wait(gate, lambda: None) is not Outcome.APPROVE


def test_an_interrupt_goes_through(kernel: Any) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), attend(kernel, new()):
        wait(new(), interrupt, **QUICK)


@pytest.mark.parametrize("missing", ["shell_stream", "shell_channel_thread_main"])
def test_ipykernel7_without_what_the_gate_needs_has_no_way(missing: str) -> None:
    kernel = Kernel7()
    bare = type("Kernel", (), {})()
    for name in ("session", "shell_stream", "shell_channel_thread", "shell_channel_thread_main"):
        if name != missing:
            setattr(bare, name, getattr(kernel, name))
    with attend(bare, new()) as look:
        assert look is None


@pytest.mark.parametrize("missing", ["shell_stream", "msg_queue"])
def test_ipykernel6_without_what_the_gate_needs_has_no_way(missing: str) -> None:
    kernel = Kernel6()
    delattr(kernel, missing)
    with attend(kernel, new()) as look:
        assert look is None


def test_a_kernel_whose_thread_does_not_answer_has_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("safeload_jupyter.gate._TAPPED", 0.1)
    kernel = Kernel7()
    kernel.shell_channel_thread.io_loop.add_callback = lambda callback: None  # type: ignore[attr-defined]
    with attend(kernel, new()) as look:
        assert look is None
