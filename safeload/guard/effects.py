"""What unpickling and repository code may not do while a load is under way: effects, each named.

Nobody else is concerned: a library that loads makes folders and asks servers, an import writes bytecode and opens
native libraries, and what a person runs after the load is theirs. So the frames decide, from the innermost outwards:
one that imports, or one of a load that was decided on by itself, ends the search; the unpickler that the guard feeds,
or a frame of repository code, is denied the effect. https://docs.python.org/3/library/audit_events.html has the events.
"""

from __future__ import annotations

import importlib._bootstrap as bootstrap
import importlib._bootstrap_external as bootstrap_external
import os
from types import FrameType

from safeload.guard.admission import admitting, thread
from safeload.lean import Any, Callable, record

_EVENTS = {
    "start or signal a process": """os.system os.exec os.posix_spawn os.spawn os.fork os.forkpty os.startfile
        os.startfile/2 subprocess.Popen pty.spawn os.kill os.killpg _winapi.CreateProcess cpython.run_command
        webbrowser.open""",
    "use the network": """socket.connect socket.bind socket.sendto socket.sendmsg socket.getaddrinfo
        socket.gethostbyname socket.gethostbyaddr urllib.Request http.client.connect ftplib.connect smtplib.connect""",
    "load a native library": """import ctypes.dlopen ctypes.dlsym ctypes.dlsym/handle ctypes.call_function ctypes.cdata
        ctypes.cdata/buffer ctypes.string_at ctypes.wstring_at ctypes.PyObj_FromPtr""",
    "change files": """open os.remove os.rename os.mkdir os.rmdir os.chmod os.chown os.link os.symlink os.truncate
        os.utime os.setxattr os.removexattr os.chflags shutil.copyfile shutil.copymode shutil.copystat shutil.copytree
        shutil.move shutil.rmtree shutil.chown shutil.make_archive shutil.unpack_archive tempfile.mkstemp
        tempfile.mkdtemp sqlite3.connect""",
    "make and run code": """code.__new__ function.__new__ marshal.loads marshal.load compile exec object.__setattr__
        object.__delattr__""",
    "watch or change Python itself": "sys.addaudithook sys.setprofile sys.settrace sys.remote_exec",
}
_WORDS = {event: words for words, events in _EVENTS.items() for event in events.split()}
EVENTS = frozenset(_WORDS)
_CODE = frozenset(_EVENTS["make and run code"].split())
_OF_PICKLES_ALONE = frozenset({"compile", "exec"})  # programs were read whole, with what they evaluate

# Where the names of a stream say openly what it does, that was shown and decided on with the rest.
_OPENLY: dict[str, tuple[str, ...]] = {
    "start or signal a process": ("os.", "posix.", "nt.", "subprocess.", "pty.", "commands.", "_posixsubprocess."),
    "use the network": ("socket.", "_socket.", "urllib.", "urllib2.", "http.", "requests.", "ftplib.", "smtplib."),
    "load a native library": ("ctypes.", "_ctypes."),
    "change files": (
        "os.",
        "posix.",
        "nt.",
        "shutil.",
        "builtins.open",
        "__builtin__.open",
        "io.",
        "_io.",
        "tempfile.",
    ),
    "make and run code": (
        *("types.CodeType", "types.FunctionType", "marshal.", "dill._dill.", "cloudpickle.cloudpickle"),
        *("builtins.exec", "builtins.eval", "builtins.compile", "__builtin__.eval", "__builtin__.compile"),
    ),
    "watch or change Python itself": ("sys.",),
}

# What the standard library compiles for its own use: classes from their fields, literals from their text.
_GENERATORS = frozenset({"ast", "collections", "dataclasses", "typing"})
_IMPORTING = (
    bootstrap._find_and_load.__code__,  # type: ignore[attr-defined]
    bootstrap_external._LoaderBasics.exec_module.__code__,  # type: ignore[attr-defined]
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PATCH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "patch.py")  # noqa: PTH118, PTH100, PTH120
_SHOWN = 80  # characters of what would have been touched
_ONE_OWN = "The load was stopped. Load it only if you wrote it, outside of safeload."


@record(frozen=True, slots=True, kw_only=True)
class Denied:
    """Who was about to do what, to what."""

    who: str
    words: str
    detail: str
    next: str


def denied(
    event: str, args: tuple[Any, ...], frame: FrameType, came_with_a_model: Callable[[str], bool]
) -> Denied | None:
    """The effect, where one that came with a model is behind it; None for everybody else's work."""
    admission = thread.admission
    if admission is not None and not admission.names:  # nothing but harmless names: the library's own work
        admission = None
    programs = thread.depth > 0 and event not in _OF_PICKLES_ALONE
    if (admission is None and not programs) or not _is_effect(event, args):
        return None
    if event in _CODE and frame.f_globals.get("__name__") in _GENERATORS:
        return None
    words = _WORDS[event]
    who = _cause(frame, admission, came_with_a_model if programs else None, direct=event in _CODE)
    if who is None or (who == "" and admission is not None and _openly(admission, words)):
        return None
    detail = _detail(args)
    return Denied(
        who=f"The code {os.path.basename(who)} of the model" if who else "The pickle",  # noqa: PTH119
        words=f"{words} ({event}{': ' + detail if detail else ''})",
        detail=detail,
        next=_ONE_OWN,
    )


def _openly(admission: admitting, words: str) -> bool:
    return any(".".join(name).startswith(_OPENLY[words]) for name in admission.names)


def _cause(
    frame: FrameType | None,
    admission: admitting | None,
    came_with_a_model: Callable[[str], bool] | None,
    *,
    direct: bool,
) -> str | None:
    """The file of the repository code that is behind it, "" for the unpickler, None for neither.

    `direct`: libraries make code objects for their own use; of a program only the frame that asks for one counts.
    """
    own, innermost = admission.owner if admission is not None else None, frame
    while frame is not None:
        code = frame.f_code
        if frame is own:
            return ""
        file = code.co_filename
        if any(code is importing for importing in _IMPORTING) or (code.co_name == "_guard" and file == _PATCH):
            return None
        if came_with_a_model is not None and (frame is innermost or not direct) and came_with_a_model(file):
            return file
        frame = frame.f_back
    return None


def _is_effect(event: str, args: tuple[Any, ...]) -> bool:
    if event == "open":
        path, mode, flags = (*args, None, None, None)[:3]
        if isinstance(path, int) or path == os.devnull:
            return False
        if isinstance(mode, str):
            return not _PLAIN_READ.issuperset(mode)
        return isinstance(flags, int) and bool(flags & _WRITES)
    return True


_PLAIN_READ = frozenset("rbtU")


def _detail(args: tuple[Any, ...]) -> str:
    """The first thing that says what it is about; never by its own `repr`, which may be the attacker's."""
    for arg in args:
        if type(arg) is bytes:
            arg = arg.decode("utf-8", "replace")
        if type(arg) in (list, tuple) and arg:
            arg = " ".join(item for item in arg if type(item) is str)
        if type(arg) is str and arg and arg.isprintable():
            return arg if len(arg) <= _SHOWN else arg[: _SHOWN - 1] + "…"
    return ""
