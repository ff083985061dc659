"""Which effect a name has that a program uses: its kind, by the data on names and by what only programs do."""

from __future__ import annotations

import re
import sys
from functools import lru_cache

from safeload.lean import TYPE_CHECKING, Final, Iterator, pattern
from safeload.scanners import names
from safeload.scanners.code_rules import (
    DELETES,
    EVALUATES,
    FOREIGN,
    HIDDEN,
    NATIVE,
    NETWORK,
    PROCESS,
    REWIRES,
    SECRETS,
    UNPICKLES,
    WRITES,
    Effect,
)
from safeload.scanners.effect_names import KINDS

if TYPE_CHECKING:
    from safeload.parsers.codefacts import CodeUse

# Read or called all the time by ordinary model code; only a change of them counts.
_CHANGED_ONLY: Final = pattern(r"sys\.(?:modules|meta_path|path_hooks|excepthook)|builtins\.\w+|builtins\.__dict__")
_SECRET: Final = pattern(
    r"TOKEN|SECRET|PASSW|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIAL|SESSION_ID|AUTH(?!OR)", re.IGNORECASE
)
_NO_SECRET: Final = pattern(r"TOKENI[SZ]ER|MAX_TOKEN|NUM_TOKEN|TOKENS|TOKEN_(?:ID|LEN|COUNT|SIZE)", re.IGNORECASE)
_ENVIRONMENT: Final = ("os.environ", "os.environ.get", "os.getenv", "os.environ.pop", "os.environb", "os.getenvb",
                       "os.environ.setdefault")  # fmt: skip
# All of it at once, to somewhere else.
_WHOLE: Final = ("os.environ.items", "os.environ.copy", "os.environ.values")


def _pattern(text: str) -> re.Pattern[str]:
    words = (re.escape(word).replace(r"\*", ".*") for word in text.split())
    return pattern("(?:" + "|".join(words) + ")")


_PATTERNS: Final = tuple((effect, _pattern(text)) for effect, text in KINDS)
# For names that no line above has: the words in which the data on names says what a dangerous one does.
_WORDS: Final = (
    (PROCESS, ("starts a program", "starts programs", "runs programs", "installs packages")),
    (NATIVE, ("machine code",)),
    (NETWORK, ("network connection",)),
    (EVALUATES, ("evaluates text", "running it as code", "runs code that")),
)
_ORDINARY: Final = pattern(
    r"(?:os|threading|concurrent|multiprocessing|asyncio|logging|warnings|importlib|inspect|unittest|typing|functools"
    r"|operator|collections|dataclasses|builtins|torch|numpy|transformers|sys|io|contextlib|types|weakref|os\.path)\."
)


# Python's own modules, those that newer ones lack among them: other libraries have their line above, or are ordinary.
_STANDARD: Final = sys.stdlib_module_names | frozenset(
    ("asynchat", "asyncore", "cgi", "commands", "distutils", "imp", "nntplib", "pipes", "popen2", "smtpd", "telnetlib",
     "uu", "_posixsubprocess")
)  # fmt: skip
# Modules that other modules hand on: `torch.os.system` is `os.system`.
_HANDED_ON: Final = frozenset(
    ("os", "posix", "sys", "subprocess", "shutil", "socket", "builtins", "importlib", "ctypes", "marshal", "pickle",
     "runpy", "pty", "urllib", "requests")
)  # fmt: skip
# Attributes of nobody knows what that tell by their own name.
_TELLING: Final = (
    (PROCESS, pattern(r"system|popen|Popen|check_output|check_call|getoutput|getstatusoutput|exec[lv]p?e?"
                         r"|spawn[lv]p?e?|posix_spawnp?|fork|forkpty|startfile|create_subprocess_\w+")),
    (NATIVE, pattern(r"CDLL|LoadLibrary|load_library|dlopen")),
    (NETWORK, pattern(r"urlopen|urlretrieve|create_connection")),
    (DELETES, pattern(r"rmtree")),
    (REWIRES, pattern(r"__subclasses__|__globals__|__builtins__|f_globals|f_builtins")),
)  # fmt: skip


_ITSELF: Final = pattern(r"(?:\.(?:__call__|__func__|__wrapped__|__self__))+$")  # a function, called another way


@lru_cache(maxsize=4_096)
def of_name(name: str) -> Effect | None:
    """The kind of effect that a dotted name has; None where it is ordinary in a program, or unknown."""
    name = _ITSELF.sub("", name)
    if name.startswith("?."):
        return _telling(name)
    parts = name.split(".")
    for index in range(1, len(parts) - 1):
        if parts[index].lstrip("_") in _HANDED_ON:
            through = of_name(".".join((parts[index].lstrip("_"), *parts[index + 1 :])))
            if through is not None:
                return through
    for effect, known in _PATTERNS:
        if known.fullmatch(name):
            return effect
    if "()." in name and _telling(name) is not None:
        return _telling(name)
    module, _, leaf = name.replace("()", "").rpartition(".")
    if _ORDINARY.match(name) or module.partition(".")[0] not in _STANDARD:
        return None
    what = names.dangerous(module, leaf) or ""
    return next((effect for effect, words in _WORDS if any(word in what for word in words)), None)


def _telling(name: str) -> Effect | None:
    leaf = name.rpartition(".")[2]
    return next((effect for effect, known in _TELLING if known.fullmatch(leaf)), None)


def of_use(use: CodeUse) -> Iterator[Effect]:
    """The effects of one use; what it is called with decides where the name alone does not."""
    name, role = use.name, use.role
    if role == "imported":
        yield from _imported(name)
        return
    if any(argument == "trust_remote_code=true" for argument in use.arguments):
        yield FOREIGN
    if name == "operator.methodcaller" and use.arguments:
        name = f"?.{use.arguments[0].removeprefix('str:')}"
    if role == "changed":
        if "name:builtins.__name__" in use.arguments:
            return  # a module that puts itself in its place: how libraries load lazily
        if _CHANGED_ONLY.fullmatch(name) or of_name(name) is REWIRES:
            yield REWIRES
        return
    if _secret(use):
        yield SECRETS
    if ".?" in name and name.partition(".?")[0] in _HANDED_ON:
        yield HIDDEN  # getattr(os, something that is not written down)
    effect = of_name(name)
    if name == "builtins.open" or name.endswith((".open", "Path().open")):
        effect = WRITES if _writes(use.arguments) else effect
    if effect is None or (role == "read") or (effect is REWIRES and _CHANGED_ONLY.fullmatch(name)):
        return
    if role == "named" and effect not in (PROCESS, EVALUATES, NATIVE):
        return
    if effect is EVALUATES:
        yield from _evaluates(use)
    elif effect is not UNPICKLES or not _tame(use):
        yield effect


def _imported(name: str) -> Iterator[Effect]:
    module = name.partition(":")[0]
    if module == "safeload" or module.startswith("safeload."):
        yield REWIRES
    if module in ("antigravity", "idlelib.idle"):
        yield PROCESS


def _secret(use: CodeUse) -> bool:
    if use.name in _WHOLE or (use.name == "os.environ" and use.role == "named"):
        return True
    first = use.arguments[0] if use.arguments else ""
    return use.name in _ENVIRONMENT and bool(_SECRET.search(first)) and not _NO_SECRET.search(first)


def _writes(arguments: tuple[str, ...]) -> bool:
    mode = next((a.partition("=")[2] for a in arguments if a.startswith("mode=")), "")
    mode = mode or (arguments[1] if len(arguments) > 1 and "=" not in arguments[1] else "")
    return mode.startswith("str:") and any(letter in mode[4:] for letter in "wax+")


_DECODED: Final = pattern(r"name:(?:base64|zlib|bz2|lzma|gzip|codecs|binascii|marshal|bytes|builtins\.bytes)\b")
_FETCHED: Final = pattern(r"name:(?:requests|urllib|httpx|socket|aiohttp)\b")


def _evaluates(use: CodeUse) -> Iterator[Effect]:
    first = use.arguments[0] if use.arguments else "?"
    if use.name in ("importlib.import_module", "builtins.__import__", "importlib.__import__"):
        # What is imported is resolved. A name that is not written down is ordinary for the first alone.
        if (
            _DECODED.match(first)
            or _FETCHED.match(first)
            or (use.name != "importlib.import_module" and not first.startswith("str:"))
        ):
            yield HIDDEN
        return
    if use.role == "named" and use.name in ("builtins.compile", "types.FunctionType"):
        return
    if _DECODED.match(first) or _FETCHED.match(first):
        yield HIDDEN
    yield EVALUATES


def _tame(use: CodeUse) -> bool:
    """`torch.load(…, weights_only=True)`, `numpy.load(…)` without pickles, `yaml.load` with a safe loader."""
    if use.name == "numpy.load":
        return "allow_pickle=true" not in use.arguments
    if use.name == "torch.load":
        return "weights_only=true" in use.arguments
    if use.name == "yaml.load":
        return any("SafeLoader" in argument for argument in use.arguments)
    return False
