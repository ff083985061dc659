"""`%safeload`: look at a model, decide, load it into a variable."""

from __future__ import annotations

import argparse
import ast
import difflib
import keyword
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import MagicArgumentParser

from safeload import errors
from safeload_jupyter.bars import without_bars
from safeload_jupyter.completer import OPTIONS
from safeload_jupyter.panel import PanelDecider, WantsTensors, kernel, show
from safeload_jupyter.screen import Screen

if TYPE_CHECKING:
    from safeload.pipeline import Loaded
    from safeload.policy.interface import Policy
    from safeload.sources.interface import Call

_ABOUT = "Look at a model, decide, load exactly what was looked at. Binds model, and tokenizer where there is one."
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+""")
_MORE = "Every key=value is handed to the loader, e.g. num_labels=3. `%safeload status` says what is guarded now."


def magic_for(shell: Any) -> Callable[[str], None]:
    """The function behind `%safeload` in `shell`."""
    parser = _parser()

    def safeload(line: str) -> None:
        if line.strip() == "status":  # a model in a folder of that name is ./status
            from safeload.cli.status import told

            print(told(), end="")  # noqa: T201
            return
        # What the parser does not know are `key=value` pairs, which may stand between the options.
        asked, rest = parser.parse_known_args(_split(line))
        asked.options = options_of(rest)
        check_name(asked.name)
        screen = Screen(quiet=kernel() is None)
        try:
            shell.push(_run(asked, screen))
        except BaseException:  # also Ctrl-C: no progress line is left behind that will not go on
            screen.stopped(asked.target)
            raise

    safeload.__doc__ = parser.format_help()
    return safeload


def _parser() -> MagicArgumentParser:
    parser = MagicArgumentParser(prog="%safeload", description=_ABOUT, epilog=_MORE)
    parser.allow_abbrev = False  # `--trust` would be a guess at what somebody consents to
    add = parser.add_argument
    add("target", metavar="ID", help="org/name, org/name@revision, a file or a folder")
    add("--as", dest="name", metavar="NAME", help="bind NAME and NAME_tokenizer instead of model and tokenizer")
    add("--loader", metavar="L", default="", help="torch, joblib, ... or a class of transformers; else from the files")
    add("--revision", metavar="R", help="branch, tag or commit")
    add("--policy", metavar="P", help="strict, standard, lenient or the path of a TOML file")
    add("--trust-remote-code", action="store_true", help="the model's own code may be asked about")
    add("--convert", action="store_true", help="take the tensors of its pickles alone, and load those: nothing runs")
    add("--no-load", action="store_true", help="look only: nothing is downloaded whole, nothing is loaded")
    return parser


def _split(line: str) -> list[str]:
    """Words as a shell would split them; quotes within a word (`labels=["a","b c"]`) stay part of it."""
    words = _WORD.findall(line)
    if _WORD.sub("", line).strip():
        raise UsageError(f"A quotation mark is not closed: {line}")
    return [unquoted(word) for word in words]


def _run(asked: argparse.Namespace, screen: Screen) -> Mapping[str, Any]:
    """What to bind; nothing under `--no-load`."""
    from safeload import pipeline
    from safeload.guard.loaders.calls import call_for
    from safeload.policy.named import policy_named
    from safeload.report.html import PanelState, Said

    try:
        call = call_for(
            asked.target,
            revision=asked.revision,
            loader=asked.loader,
            trust_remote_code=asked.trust_remote_code,
            options=asked.options,
        )
        policy = policy_named(asked.policy)
    except errors.UsageError as error:
        raise UsageError(str(error)) from None
    if asked.convert and (asked.no_load or asked.trust_remote_code):
        raise UsageError(
            "--convert loads tensors and runs no code: --no-load and --trust-remote-code do not go with it."
        )
    if asked.no_load:
        show(screen, pipeline.review(call, policy=policy, progress=screen), PanelState.LOOKED)
        return {}
    with without_bars():
        loaded = _converted(call, policy, screen) if asked.convert else _loaded(call, policy, screen)
    names = bound(loaded.objects, asked.name)
    said = Said.of(loaded.decision, remembered=True)
    show(screen, loaded.review, PanelState.LOADED, said=said, names=tuple(names))
    return names


def _loaded(call: Call, policy: Policy, screen: Screen) -> Loaded:
    from safeload import pipeline

    try:
        decider = PanelDecider(screen=screen, convertible=True)
        return pipeline.load(call, policy=policy, decider=decider, progress=screen)
    except WantsTensors:
        return _converted(call, policy, screen)


def _converted(call: Call, policy: Policy, screen: Screen) -> Loaded:
    """The tensors of a model's pickles alone; what was not kept is said, and written down beside them."""
    from safeload import pipeline
    from safeload.rescue import kept
    from safeload.rescue.words import lines

    done = kept.convert_at_home(call, progress=screen)
    loaded = pipeline.load(
        kept.instead(call, done.folder), policy=policy, decider=PanelDecider(screen=screen), progress=screen
    )
    print("\n".join(lines(done)))  # noqa: T201  the cell is where it is read
    return loaded


def unquoted(word: str) -> str:
    """`"a b"` as `a b`; quotes within a word (`labels=["a"]`) belong to it."""
    whole = len(word) > 1 and word[0] == word[-1] and word[0] in "\"'"
    return word[1:-1] if whole else word


def bound(objects: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """The loader's objects under the names that they get in the notebook."""
    if name is None:
        return dict(objects)
    return {name if key == "model" else f"{name}_{key}": value for key, value in objects.items()}


def check_name(name: str | None) -> None:
    """Raises `UsageError` for what cannot be a variable."""
    if name is not None and (not name.isidentifier() or keyword.iskeyword(name)):
        raise UsageError(f"--as {name!r} is not the name of a variable.")


def options_of(pairs: list[str]) -> dict[str, Any]:
    """`key=value` pairs; a value that is a Python literal becomes one, anything else stays text."""
    options: dict[str, Any] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if pair.startswith("-"):
            near = difflib.get_close_matches(key, OPTIONS, n=1)
            raise UsageError(f"There is no option {key}." + (f" Did you mean {near[0]}?" if near else ""))
        if not sign or not key.isidentifier():
            raise UsageError(f"{pair!r} is not of the form key=value, and every option begins with --.")
        if key in options:
            raise UsageError(f"{key} is given twice.")
        try:
            options[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            options[key] = value
    return options
