"""The decider that asks with a panel in the notebook."""

from __future__ import annotations

import secrets
import threading
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from IPython import get_ipython

from safeload import limits
from safeload.decisions.command import approve_command
from safeload.decisions.interface import Answer, Decider
from safeload.errors import DecisionNeeded
from safeload.policy.interface import Action, Review
from safeload.report import words
from safeload.report.html import PanelState, Said, render, render_text
from safeload.terminal import TerminalDecider, person
from safeload_jupyter.gate import YES_OR_NO, Gate, Outcome, attend, wait
from safeload_jupyter.screen import Screen

__all__ = ["PanelDecider", "WantsTensors", "kernel", "show"]

_one_at_a_time = threading.Lock()


class WantsTensors(Exception):
    """Somebody clicked Convert: the model is not to be loaded, its tensors are."""


def kernel() -> Any:
    """The ipykernel that runs this code, or None: a plain IPython terminal."""
    return getattr(get_ipython(), "kernel", None)


def show(screen: Screen, review: Review, state: PanelState, **more: Any) -> None:
    """The static panel."""
    screen.panel(html=render(review, state=state, **more), text=render_text(review, state=state, **more))


class PanelDecider(Decider):
    """Asks where the person is: a panel with buttons in a notebook, y/N in a terminal.

    `screen` is the output to use; by default each review gets one of its own. `hello` and `lost` in seconds, as in
    `safeload.limits`. `convertible`: who asks can convert, so a pickle's panel has a button for it, also where the
    policy blocks; `ask` and `show` then raise `WantsTensors`.
    """

    def __init__(
        self,
        *,
        screen: Screen | None = None,
        hello: float = limits.HELLO,
        lost: float = limits.HEARTBEAT_LOST,
        convertible: bool = False,
    ) -> None:
        self._screen = screen
        self._convertible = convertible
        self._hello = hello
        self._lost = lost

    def ask(self, review: Review) -> Answer | None:
        """Waits for a click. Raises `DecisionNeeded` when the page that showed the question went away."""
        running = kernel()
        if running is None:
            return TerminalDecider().ask(review)
        screen = self._screen or Screen()
        if not _somebody_there(running) or not _one_at_a_time.acquire(blocking=False):
            show(screen, review, PanelState.UNASKED)
            return None
        offered = (*YES_OR_NO, *([Outcome.CONVERT] if self._convertible and _pickled(review) else []))
        try:
            outcome = self._clicked(running, screen, review, PanelState.ASKING, offered)
            answer = _typed(screen, review) if outcome is Outcome.UNSEEN else _answer(screen, review, outcome)
        except KeyboardInterrupt:
            answer = Answer(action=Action.BLOCK, who=person(), note="interrupted before a decision", remember=False)
        finally:
            _one_at_a_time.release()
        if answer is None:
            show(screen, review, PanelState.UNASKED)
        else:
            show(screen, review, PanelState.DECIDED, said=_said(answer))
        return answer

    def show(self, review: Review) -> None:
        """A block in full. What is allowed goes through in silence: a cell that asked for no panel gets none."""
        if kernel() is None:
            TerminalDecider().show(review)
        elif review.verdict.action is Action.BLOCK:
            screen = self._screen or Screen()
            if self._convertible and _pickled(review):
                self._offer(screen, review)
            show(screen, review, PanelState.LOOKED)

    def _offer(self, screen: Screen, review: Review) -> None:
        """It stays blocked, whatever comes of this. Its tensors can be had."""
        running = kernel()
        if not _somebody_there(running) or not _one_at_a_time.acquire(blocking=False):
            return
        try:
            offered = (Outcome.CLOSE, Outcome.CONVERT)
            if self._clicked(running, screen, review, PanelState.OFFERING, offered) is Outcome.CONVERT:
                raise WantsTensors
        except KeyboardInterrupt:
            return
        finally:
            _one_at_a_time.release()

    def _clicked(
        self, running: Any, screen: Screen, review: Review, state: PanelState, offered: tuple[Outcome, ...]
    ) -> Outcome:
        """Show the panel with these buttons, and wait. `UNSEEN` leaves it where it is."""
        nonce = secrets.token_urlsafe(18)
        buttons = [outcome.value for outcome in offered]
        widget = _widget_class()(html=render(review, state=state), nonce=nonce, offered=buttons)
        gate = Gate(comm_id=widget.model_id, nonce=nonce, offered=offered)
        widget.on_msg(lambda _widget, content, _buffers: gate.feed(content))
        try:
            with attend(running, gate) as look:
                outcome = Outcome.UNSEEN
                if look is not None:
                    screen.live(widget)
                    outcome = wait(gate, look, hello=self._hello, lost=self._lost)
            gate.close()
            if outcome is Outcome.UNSEEN:
                _end(widget, "Answer in the box below this cell." if state is PanelState.ASKING else "")
            elif outcome is not Outcome.GONE:
                # The page is there and gets the static panel: nothing of the widget has to be kept in the notebook.
                widget.close()
            return outcome
        finally:
            gate.close()
            _end(widget, "No longer waiting for an answer.")


def _somebody_there(running: Any) -> bool:
    """False under papermill and nbconvert, which allow no input, and off the main thread, where no cell waits."""
    on_main = threading.current_thread() is threading.main_thread()
    # A kernel without the attribute is unknown, not deserted: `input` will tell.
    return on_main and bool(getattr(running, "_allow_stdin", True))


def _pickled(review: Review) -> bool:
    return any(result.streams for result in review.assessment.report.results)


def _answer(screen: Screen, review: Review, outcome: Outcome) -> Answer:
    if outcome is Outcome.CONVERT:
        raise WantsTensors
    if outcome is Outcome.GONE:
        raise _gone(screen, review)
    if outcome is Outcome.APPROVE:
        return Answer(action=Action.ALLOW, who=person(), note="yes, in the panel")
    # Not remembered, as at the terminal: a slip of the mouse should not hold tomorrow. `safeload deny` does.
    return Answer(action=Action.BLOCK, who=person(), note="no, in the panel", remember=False)


def _typed(screen: Screen, review: Review) -> Answer | None:
    """No page shows the panel: ask with `input`, which every front end has. None where it does not."""
    from IPython.core.error import StdinNotImplementedError

    show(screen, review, PanelState.UNASKED)
    try:
        said = input(f"{words.sentence(review)} Load it? [y/N] ").strip().lower()
    except (StdinNotImplementedError, EOFError):
        return None
    if said in ("y", "yes"):
        return Answer(action=Action.ALLOW, who=person(), note="yes, typed in the notebook")
    return Answer(action=Action.BLOCK, who=person(), note="no, typed in the notebook", remember=False)


def _gone(screen: Screen, review: Review) -> DecisionNeeded:
    show(screen, review, PanelState.UNASKED)
    return DecisionNeeded(
        f"{words.title(review.snapshot.origin)} was not loaded: the page that showed the question went away.",
        next=f"Run the cell again to be asked again, or approve it: {approve_command(review)}",
    )


def _said(answer: Answer) -> Said:
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Said(action=answer.action, who=answer.who, at=at, note=answer.note, remembered=answer.remember)


def _end(widget: Any, notice: str) -> None:
    """Take the buttons away, wherever the panel is still shown."""
    widget.notice = notice
    widget.phase = "over"


@cache
def _widget_class() -> Any:
    """Made at the first question: importing anywidget takes longer than everything else in `%load_ext`."""
    import anywidget
    import traitlets

    here = Path(__file__).parent

    class Panel(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = here / "panel.js"
        _css = here / "panel.css"
        html = traitlets.Unicode().tag(sync=True)
        nonce = traitlets.Unicode().tag(sync=True)
        offered = traitlets.List(traitlets.Unicode()).tag(sync=True)
        phase = traitlets.Unicode("asking").tag(sync=True)
        notice = traitlets.Unicode().tag(sync=True)

    return Panel
