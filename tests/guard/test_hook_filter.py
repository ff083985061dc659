"""The hook behind the filter in C, and the hook in Python where that is not there: the same is heard and stopped."""

from __future__ import annotations

import importlib.util
import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = importlib.util.find_spec("safeload.guard._filter") is not None
_needs_filter = pytest.mark.skipif(not BUILT, reason="the filter was not built: no C compiler for this Python")

# What keeps the filter from being imported, as in a wheel without it.
WITHOUT = "import sys\nsys.modules['safeload.guard._filter'] = None\n"
BOTH = [pytest.param("C", marks=_needs_filter), "Python"]
ON = """
import os, pickle, sys
from safeload.errors import Stop
from safeload.guard import hook
RULES = hook.Rules(free=frozenset(), dangerous=lambda module, name: True, code_folders=())
"""


def ran(program: str, how: str = "C", *args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", (WITHOUT if how == "Python" else "") + ON + program, *args],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout.strip()


ATTACK = """
if sys.argv[2] == "on":
    hook.on(RULES)
    print(hook.heard_by())
try:
    pickle.loads(b"cposix\\nmkdir\\n(V%s\\ntR." % sys.argv[1].encode())
except Stop as stop:
    print(stop.module, stop.name)
"""


@pytest.mark.parametrize("how", BOTH)
def test_a_payload_is_stopped(how, tmp_path):
    marker = tmp_path / "marker"
    assert ran(ATTACK, how, str(marker), "on").split() == [how, "posix", "mkdir"]
    assert not marker.exists()


def test_twin_without_the_hook_the_payload_runs(tmp_path):
    marker = tmp_path / "marker"
    assert ran(ATTACK, "C", str(marker), "off") == ""
    assert marker.is_dir()


@pytest.mark.parametrize("how", BOTH)
def test_every_event_that_is_decided_on_is_heard_and_no_other(how):
    heard = ran(
        """
known = sorted(hook._ALL)
hook.on(RULES)
seen = []
hook._handlers = dict.fromkeys(hook._ALL, lambda event, args: seen.append((event, args)))
for event in known:
    sys.audit(event, "first", 2)
    sys.audit(event + ".more", "first")
    sys.audit(event[:-1], "first")
id(1)
sys.audit("safeload.filter"), sys.audit(""), sys.audit("cpython._PySys_ClearAuditHooks")
hook._handlers = {}
near = {name[:-1] for name in known} | {name + ".more" for name in known}
expected = [name for name in known for name in (name, name + ".more", name[:-1]) if name in hook._ALL]
print([event for event, args in seen] == expected, all(args[0] == "first" for event, args in seen), len(known) > 50)
""",
        how,
    )
    assert heard == "True True True"


@pytest.mark.parametrize("how", BOTH)
def test_an_event_that_names_the_end_of_the_runtime_turns_nothing_off(how, tmp_path):
    marker = tmp_path / "marker"
    program = "hook.on(RULES)\nsys.audit('cpython._PySys_ClearAuditHooks')\nhook.on(RULES)" + ATTACK
    assert ran(program, how, str(marker), "on").split() == [how, "posix", "mkdir"]
    assert not marker.exists()


@pytest.mark.parametrize("how", BOTH)
def test_hooks_of_others_hear_and_stop_as_before(how):
    said = ran(
        """
hook.on(RULES)
heard = []
def other(event, args):
    if event == "theirs":
        raise KeyError(event)
    heard.append(event)
sys.addaudithook(other)
id(1), open(os.devnull).close()
try:
    sys.audit("theirs")
except KeyError:
    print("builtins.id" in heard, "open" in heard)
""",
        how,
    )
    assert said == "True True"


@pytest.mark.parametrize("how", BOTH)
def test_where_another_hook_forbids_new_ones_nothing_breaks(how):
    said = ran(
        """
def other(event, args):
    if event == "sys.addaudithook":
        raise RuntimeError
sys.addaudithook(other)
hook.on(RULES)
print(hook.heard_by())
""",
        how,
    )
    assert said == "Python"


@pytest.mark.parametrize("how", BOTH)
def test_debuggers_do_not_step_into_the_hook(how):
    said = ran(
        """
hook.on(RULES)
stepped = []
def trace(frame, event, arg):
    stepped.append(frame.f_code.co_filename)
    return trace
sys.settrace(trace)
open(os.devnull).close()
sys.settrace(None)
print([name for name in stepped if name.endswith("hook.py")])
""",
        how,
    )
    assert said == "[]"


@pytest.mark.parametrize("how", BOTH)
def test_it_hears_until_the_process_ends_without_a_crash(how, tmp_path):
    file = tmp_path / "removed at the end"
    file.touch()
    said = ran(
        """
hook.on(RULES)
class Late:
    def __del__(self, audit=sys.audit, remove=os.remove, say=os.write, end=sys.is_finalizing, file=sys.argv[1],
                stop=BaseException):
        remove(file)
        try:
            audit("pickle.find_class", "posix", "mkdir")
        except stop:
            say(1, b"stopped at the end" if end() else b"stopped before")
late = Late()
""",
        how,
        str(file),
    )
    assert said == "stopped at the end"
    assert not file.exists()


@pytest.mark.parametrize("how", BOTH)
def test_another_interpreter_is_not_spoken_for(how):
    """As with a hook in Python, which each interpreter adds for itself."""
    pytest.importorskip("_xxsubinterpreters")
    said = ran(
        """
import _xxsubinterpreters as others
hook.on(RULES)
inner = others.create()
others.run_string(inner, '''
import sys
sys.path[:0] = %r
import pickle
assert pickle.loads(b"cposix\\\\nmkdir\\\\n.").__name__ == "mkdir"
from safeload.errors import Stop
from safeload.guard import hook
hook.on(hook.Rules(free=frozenset(), dangerous=lambda module, name: True, code_folders=()))
try:
    pickle.loads(b"cposix\\\\nmkdir\\\\n.")
except Stop:
    print(hook.heard_by(), flush=True)
''' % sys.path)
others.destroy(inner)
try:
    pickle.loads(b"cposix\\nmkdir\\n.")
except Stop:
    print(hook.heard_by())
""",
        how,
    )
    # The filter belongs to the first that asks for it.
    assert said.split() == ["C" if BUILT and how == "Python" else "Python", how]


@_needs_filter
def test_nobody_replaces_the_handler():
    assert ran("hook.on(RULES)\nfrom safeload.guard import _filter\nprint(_filter.install(print, ['open']))") == "False"


@_needs_filter
def test_importing_safeload_does_not_load_the_filter():
    assert ran("import safeload, safeload.patch\nprint('safeload.guard._filter' in sys.modules)") == "False"


def test_without_a_compiler_the_reason_is_told(tmp_path, monkeypatch):
    built = runpy.run_path(str(ROOT / "hatch_build.py"))["built"]
    monkeypatch.setenv("LDSHARED", "no-such-compiler -shared")
    made, why = built(ROOT / "safeload" / "guard" / "_filter.c", tmp_path)
    assert made is None
    assert "no-such-compiler" in why
    assert not list(tmp_path.iterdir())


@pytest.mark.heavy
@pytest.mark.parametrize("pure", [True, False], ids=["pure", "for this platform"])
def test_a_wheel_says_for_whom_it_is(pure, tmp_path, monkeypatch):
    pytest.importorskip("hatchling")
    if not pure and not (BUILT and shutil.which("cc")):
        pytest.skip("no C compiler")
    monkeypatch.delenv("SAFELOAD_BUILD_PURE", raising=False)
    if pure:
        monkeypatch.setenv("SAFELOAD_BUILD_PURE", "1")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as held:
        names = [name for name in held.namelist() if name.startswith("safeload/guard/_filter")]
    if pure:
        assert wheel.name.endswith("-py3-none-any.whl")
        assert names == ["safeload/guard/_filter.pyi"]
    else:
        assert "-cp3" in wheel.name and not wheel.name.endswith("-any.whl")
        assert sorted(names) == sorted(
            [f"safeload/guard/_filter{sysconfig.get_config_var('EXT_SUFFIX')}", "safeload/guard/_filter.pyi"]
        )
