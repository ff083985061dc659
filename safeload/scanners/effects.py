"""Which effect a name has that a program uses: its kind, by the data on names and by what only programs do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from safeload.parsers.facts import CodeUse
from safeload.scanners import names
from safeload.scanners.code_rules import (
    DELETES,
    DOWNLOADS,
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

# What the data on names calls dangerous is so for a pickle; for a program some of it is ordinary. These are the names
# that a program needs a kind for. `*` stands for any rest; the first line that fits counts.
_KINDS: Final[tuple[tuple[Effect | None, str], ...]] = (
    (None, """os.path.* subprocess.PIPE subprocess.DEVNULL subprocess.STDOUT subprocess.*Error subprocess.TimeoutExpired
        subprocess.CompletedProcess asyncio.* socket.timeout socket.error socket.gaierror requests.exceptions.*
        urllib.parse.* urllib.error.* requests.Response requests.Session http.HTTPStatus multiprocessing.cpu_count
        multiprocessing.current_process ctypes.c_* ctypes.sizeof ctypes.Structure importlib.metadata.*
        importlib.util.find_spec importlib.util.module_from_spec os.environ.copy"""),
    (PROCESS, """os.system os.popen* os.startfile os.spawn* os.posix_spawn* os.exec* os.fork* posix.* nt.*
        subprocess.* commands.* pty.* _posixsubprocess.* pexpect.* sh.* plumbum.* asyncio.create_subprocess_*
        asyncio.subprocess.* multiprocessing.Process IPython.get_ipython().system get_ipython().system
        webbrowser.* antigravity idlelib.* pip.* ensurepip.* venv.* torch.utils.collect_env.run
        os.kill os.killpg code.interact code.InteractiveConsole* pdb.* bdb.* cProfile.run* profile.run*
        timeit.timeit timeit.repeat runpy.* distutils.spawn.* setuptools.* transformers.utils.import_utils.pip*"""),
    (EVALUATES, """builtins.exec builtins.eval builtins.compile types.FunctionType types.CodeType marshal.load*
        codeop.* builtins.execfile importlib.util.exec_module importlib.machinery.SourceFileLoader*
        importlib.machinery.SourcelessFileLoader* importlib.util.spec_from_file_location
        importlib.util.spec_from_loader zipimport.* imp.* sympy.sympify numexpr.evaluate builtins.__import__
        importlib.__import__ importlib.import_module pydoc.locate pkgutil.resolve_name"""),
    (FOREIGN, """torch.hub.load kernels.get_kernel transformers.dynamic_module_utils.*
        diffusers.utils.dynamic_modules_utils.* evaluate.load"""),
    (DOWNLOADS, """huggingface_hub.hf_hub_download huggingface_hub.snapshot_download huggingface_hub.cached_download
        huggingface_hub.HfApi().*download transformers.utils.cached_file transformers.utils.hub.cached_file
        transformers.file_utils.cached_path torch.hub.load_state_dict_from_url
        torch.hub.download_url_to_file gdown.* wget.* timm.create_model modelscope.*snapshot_download
        nltk.download datasets.load_dataset"""),
    (SECRETS, """huggingface_hub.get_token huggingface_hub.HfFolder* huggingface_hub.utils.get_token
        huggingface_hub.login keyring.* getpass.getpass netrc.*
        browser_cookie3.* huggingface_hub.constants.HF_TOKEN*"""),
    (NETWORK, """requests.get requests.post requests.put requests.request requests.head requests.delete requests.patch
        requests.Session().* requests.session().* urllib.request.* urllib.urlopen urllib2.* urllib3.* httpx.* aiohttp.*
        socket.* ssl.* http.client.* http.server.* ftplib.* smtplib.* poplib.* imaplib.* telnetlib.* nntplib.*
        xmlrpc.* socketserver.* paramiko.* fabric.* websocket.* websockets.* pycurl.* grpc.* zmq.* boto3.* dns.*
        multiprocessing.connection.* telegram.* discord.* slack_sdk.* scapy.*"""),
    (DELETES, """os.remove os.unlink os.rmdir os.removedirs os.rename os.renames os.replace os.truncate os.chmod
        os.chown os.lchown shutil.rmtree shutil.move pathlib.Path().unlink pathlib.Path().rmdir pathlib.Path().rename
        pathlib.Path().replace pathlib.Path().chmod os.setuid os.setgid"""),
    (WRITES, """pathlib.Path().write_text pathlib.Path().write_bytes shutil.copy* os.symlink os.link os.mkfifo os.mknod
        os.write os.open builtins.open().write codecs.open().write io.open().write shelve.open dbm.* sqlite3.connect
        pathlib.Path().symlink_to pathlib.Path().touch"""),
    (NATIVE, """ctypes.CDLL ctypes.PyDLL ctypes.WinDLL ctypes.OleDLL ctypes.cdll* ctypes.windll* ctypes.pydll*
        ctypes.pythonapi* ctypes.util.* ctypes.CFUNCTYPE* ctypes.memmove ctypes.string_at ctypes.cast
        ctypes.LibraryLoader*
        cffi.* _ctypes.* torch.ops.load_library torch.classes.load_library torch.utils.cpp_extension.load*
        torch.utils.cpp_extension.*Extension cupy.RawKernel* cupy.RawModule* pycuda.* numpy.ctypeslib.load_library
        tensorflow.load_op_library importlib.machinery.ExtensionFileLoader* mmap.mmap numba.cuda.* pyximport.*
        cppyy.*"""),
    (UNPICKLES, """pickle.load pickle.loads pickle.Unpickler* _pickle.* cPickle.* dill.load* cloudpickle.load*
        joblib.load torch.load shelve.* pandas.read_pickle numpy.load yaml.load yaml.unsafe_load yaml.full_load
        jsonpickle.decode torch.package.* torch.jit.load"""),
    (REWIRES, """sys.modules sys.modules.* sys.meta_path* sys.path_hooks* sys.settrace sys.setprofile sys.addaudithook
        sys._getframe* builtins.__dict__* builtins.globals().__builtins__* gc.get_objects gc.get_referrers safeload.*
        atexit.register signal.signal sys.excepthook importlib.reload site.* usercustomize.* inspect.stack*
        threading.settrace threading.setprofile faulthandler.*"""),
)  # fmt: skip

# Read or called all the time by ordinary model code; only a change of them counts.
_CHANGED_ONLY: Final = re.compile(r"sys\.(?:modules|meta_path|path_hooks|excepthook)|builtins\.\w+|builtins\.__dict__")
_SECRET: Final = re.compile(
    r"TOKEN|SECRET|PASSW|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIAL|SESSION_ID|AUTH(?!OR)", re.IGNORECASE
)
_NO_SECRET: Final = re.compile(r"TOKENI[SZ]ER|MAX_TOKEN|NUM_TOKEN|TOKENS|TOKEN_(?:ID|LEN|COUNT|SIZE)", re.IGNORECASE)
_ENVIRONMENT: Final = ("os.environ", "os.environ.get", "os.getenv", "os.environ.pop", "os.environb", "os.getenvb",
                       "os.environ.setdefault")  # fmt: skip
# All of it at once, to somewhere else.
_WHOLE: Final = ("os.environ.items", "os.environ.copy", "os.environ.values")
SECRET_PATHS: Final = re.compile(
    r"[./\\~](?:ssh|aws|netrc|git-credentials|gnupg|kube|docker/config|npmrc|pypirc|bash_history|zsh_history|pgpass)\b"
    r"|id_(?:rsa|dsa|ecdsa|ed25519)\b|/etc/(?:shadow|passwd|sudoers)|huggingface/(?:token|stored_tokens)\b"
    r"|\.config/gcloud|Login Data|\.mozilla/firefox|wallet\.dat|/proc/(?:self/(?:mem|maps|environ)|\d+)"
)
START_PATHS: Final = re.compile(
    r"\.(?:bashrc|bash_profile|zshrc|profile|zshenv|xinitrc)\b|/etc/(?:cron|init|systemd|ld\.so)|authorized_keys"
    r"|sitecustomize|usercustomize|crontab|LaunchAgents|autostart|site-packages/|\.ipython/profile"
)


def _pattern(text: str) -> re.Pattern[str]:
    words = (re.escape(word).replace(r"\*", ".*") for word in text.split())
    return re.compile("(?:" + "|".join(words) + ")")


_PATTERNS: Final = tuple((effect, _pattern(text)) for effect, text in _KINDS)
# For names that no line above has: the words in which the data on names says what a dangerous one does.
_WORDS: Final = (
    (PROCESS, ("starts a program", "starts programs", "runs programs", "installs packages")),
    (NATIVE, ("machine code",)),
    (NETWORK, ("network connection",)),
    (EVALUATES, ("evaluates text", "running it as code", "runs code that")),
)
_ORDINARY: Final = re.compile(
    r"(?:os|threading|concurrent|multiprocessing|asyncio|logging|warnings|importlib|inspect|unittest|typing|functools"
    r"|operator|collections|dataclasses|builtins|torch|numpy|transformers|sys|io|contextlib|types|weakref|os\.path)\."
)


# Modules that other modules hand on: `torch.os.system` is `os.system`.
_HANDED_ON: Final = frozenset(
    ("os", "posix", "sys", "subprocess", "shutil", "socket", "builtins", "importlib", "ctypes", "marshal", "pickle",
     "runpy", "pty", "urllib", "requests")
)  # fmt: skip
# Attributes of nobody knows what that tell by their own name.
_TELLING: Final = (
    (PROCESS, re.compile(r"system|popen|Popen|check_output|check_call|getoutput|getstatusoutput|exec[lv]p?e?"
                         r"|spawn[lv]p?e?|posix_spawnp?|fork|forkpty|startfile|create_subprocess_\w+")),
    (NATIVE, re.compile(r"CDLL|LoadLibrary|load_library|dlopen")),
    (NETWORK, re.compile(r"urlopen|urlretrieve|create_connection")),
    (DELETES, re.compile(r"rmtree")),
    (REWIRES, re.compile(r"__subclasses__|__globals__|__builtins__|f_globals|f_builtins")),
)  # fmt: skip


@lru_cache(maxsize=4_096)
def of_name(name: str) -> Effect | None:
    """The kind of effect that a dotted name has; None where it is ordinary in a program, or unknown."""
    if name.startswith("?."):
        return next((effect for effect, pattern in _TELLING if pattern.fullmatch(name[2:])), None)
    parts = name.split(".")
    for index in range(1, len(parts) - 1):
        if parts[index].lstrip("_") in _HANDED_ON:
            through = of_name(".".join((parts[index].lstrip("_"), *parts[index + 1 :])))
            if through is not None:
                return through
    for effect, pattern in _PATTERNS:
        if pattern.fullmatch(name):
            return effect
    module, _, leaf = name.replace("()", "").rpartition(".")
    if not module or _ORDINARY.match(name):
        return None
    what = names.dangerous(module, leaf) or ""
    return next((effect for effect, words in _WORDS if any(word in what for word in words)), None)


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
    if use.name in _WHOLE:
        return True
    first = use.arguments[0] if use.arguments else ""
    return use.name in _ENVIRONMENT and bool(_SECRET.search(first)) and not _NO_SECRET.search(first)


def _writes(arguments: tuple[str, ...]) -> bool:
    mode = next((a.partition("=")[2] for a in arguments if a.startswith("mode=")), "")
    mode = mode or (arguments[1] if len(arguments) > 1 and "=" not in arguments[1] else "")
    return mode.startswith("str:") and any(letter in mode[4:] for letter in "wax+")


_DECODED: Final = re.compile(r"name:(?:base64|zlib|bz2|lzma|gzip|codecs|binascii|marshal|bytes|builtins\.bytes)\b")
_FETCHED: Final = re.compile(r"name:(?:requests|urllib|httpx|socket|aiohttp)\b")


def _evaluates(use: CodeUse) -> Iterator[Effect]:
    first = use.arguments[0] if use.arguments else "?"
    if use.name in ("importlib.import_module", "builtins.__import__", "importlib.__import__"):
        return  # an import; what is imported is resolved, and an unknown name is ordinary
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
