"""Everything that safeload knows about notebooks: `%load_ext safeload`."""

from __future__ import annotations

from typing import Any


def _write_down(result: Any = None) -> None:
    """After each cell: what was stopped goes into the audit log, and is said where its error was not shown."""
    from safeload import telling

    telling.tell_swallowed(getattr(result, "error_in_exec", None))


def load_ipython_extension(shell: Any) -> None:
    """Register `%safeload` with its completions, and guard every load of this kernel."""
    from safeload import patch
    from safeload_jupyter.completer import safeload_matcher
    from safeload_jupyter.magic import magic_for
    from safeload_jupyter.panel import PanelDecider

    shell.register_magic_function(magic_for(shell), "line", "safeload")
    if safeload_matcher not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(safeload_matcher)
    if _write_down not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _write_down)
    patch.install(decider=PanelDecider())


def unload_ipython_extension(shell: Any) -> None:
    """Put everything back: the magic, its completions, and the functions of the guarded libraries."""
    from safeload import patch
    from safeload_jupyter.completer import safeload_matcher

    patch.remove()
    if _write_down in shell.events.callbacks["post_run_cell"]:
        shell.events.unregister("post_run_cell", _write_down)
    shell.magics_manager.magics["line"].pop("safeload", None)
    if safeload_matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(safeload_matcher)
