"""What programs use beside computing: names by the kind of their effect, and paths that only such programs name."""

from __future__ import annotations

import re

from safeload.lean import Final
from safeload.scanners.code_rules import (
    DELETES,
    DOWNLOADS,
    ELSEWHERE,
    EVALUATES,
    FOREIGN,
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
KINDS: Final[tuple[tuple[Effect | None, str], ...]] = (
    (None, """os.path.* subprocess.PIPE subprocess.DEVNULL subprocess.STDOUT subprocess.*Error subprocess.TimeoutExpired
        subprocess.CompletedProcess socket.timeout socket.error socket.gaierror requests.exceptions.*
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
    (ELSEWHERE, """sys.path.insert sys.path.append sys.path.extend site.addsitedir"""),
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

SECRET_PATHS: Final = re.compile(
    r"(?:^|[/\\~])\.(?:ssh|aws|netrc|git-credentials|gnupg|kube|docker|npmrc|pypirc|bash_history|zsh_history|pgpass)"
    r"(?:[/\\]|$)|(?:^|[/\\])id_(?:rsa|dsa|ecdsa|ed25519)\b|/etc/(?:shadow|passwd|sudoers)"
    r"|huggingface/(?:token|stored_tokens)\b|\.config/gcloud|Login Data|\.mozilla/firefox|wallet\.dat"
    r"|^/proc/(?:self/(?:mem|maps|environ)|\d+)"
)
START_PATHS: Final = re.compile(
    r"(?:^|[/\\~])\.(?:bashrc|bash_profile|zshrc|profile|zshenv|xinitrc)\b|^/etc/(?:cron|init|systemd|ld\.so)"
    r"|authorized_keys|(?:site|user)customize|crontab|LaunchAgents|/autostart/|site-packages/|\.ipython/profile"
)
