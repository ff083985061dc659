# ruff: noqa: E501 -- lists are read more easily without line ends
"""Which effects a function could have that a value of its own state chooses: code, programs, files, network."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from .sources import Module, Sources, dotted_parts

# What reaches out under its last name, whatever stands before the dot.
ANYWHERE = frozenset(
    """
    import_module open fdopen system popen Popen check_output check_call urlopen urlretrieve
    hf_hub_download snapshot_download cached_file cached_files from_pretrained load_state_dict_from_url download
    download_url download_file_from_google_drive get_file get_class_from_dynamic_module load_backbone create_model makedirs
    mkdir removedirs rmdir unlink rmtree write_text write_bytes read_text read_bytes symlink hardlink_to CDLL dlopen
    load_library load_op_library Process Thread spawn fork connect create_connection socket push_to_hub upload_folder
    upload_file create_repo retrieve load_module exec_module spec_from_file_location resolve_name locate
    FileHandler NamedTemporaryFile memmap open_memmap mmap extractall run_path run_module instantiate
    """.split()  # noqa: SIM905
)
# What reaches out of these modules only: elsewhere the same words mean something harmless (`str.replace`, `tree.remove`).
OF = {
    "os": "remove rename replace link truncate chmod chown startfile kill execv execve execvp spawnl spawnv putenv environ",
    "subprocess": "run call getoutput getstatusoutput",
    "shutil": "copy copy2 copyfile copytree move rmtree unpack_archive make_archive",
    "torch": "load save",
    "jit": "load save script trace",
    "hub": "load download_url_to_file",
    "pickle": "load loads Unpickler dump",
    "_pickle": "load loads",
    "cPickle": "load loads",
    "dill": "load loads",
    "cloudpickle": "load loads",
    "joblib": "load dump",
    "marshal": "load loads",
    "yaml": "load unsafe_load full_load",
    "np": "load loadtxt genfromtxt fromfile save savez savez_compressed savetxt memmap",
    "numpy": "load loadtxt genfromtxt fromfile save savez savez_compressed savetxt memmap",
    "pd": "read_csv read_pickle read_hdf read_sql eval",
    "requests": "get post put request Session head",
    "types": "FunctionType CodeType MethodType",
    "operator": "attrgetter methodcaller",
    "builtins": "eval exec compile open",
    "webbrowser": "open",
}
_OF = {module: frozenset(names.split()) for module, names in OF.items()}
_BARE = frozenset({"eval", "exec", "compile", "__import__", "attrgetter", "methodcaller"})  # as methods: harmless
# Reviewed by hand, or reached by so many that it would drown what is found: their functions are not followed.
TRUSTED = frozenset(
    {"torch", "numpy", "scipy", "pandas", "sklearn", "regex", "joblib", "huggingface_hub", "lightning_utilities"}
)
# A person calls these to write where they say. Only a state that names the file there would be an effect of its own.
_WRITES = ("save", "_save", "push_to_hub", "to_json_file", "to_disk", "dump", "export", "plot", "to_file", "write")
_DEPTH = 3  # calls of the library's own functions that are followed


def handed_on(methods: Iterable[ast.FunctionDef]) -> frozenset[str]:
    """Methods that these call on their own object with something that comes from its state."""
    found: set[str] = set()
    for method in methods:
        tainted = _spread(method, frozenset({"self"}))
        for node in ast.walk(method):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                values = [*node.args, *(word.value for word in node.keywords)]
                own = isinstance(node.func.value, ast.Name) and node.func.value.id == "self"
                if own and any(_touches(value, tainted) for value in values):
                    found.add(node.func.attr)
    return frozenset(found)


class Effects:
    """Answers for functions of one set of sources, remembered."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._seen: dict[int, frozenset[str]] = {}

    def of(
        self, module: Module, function: ast.FunctionDef, *, start: frozenset[str] | None = None, depth: int = 0
    ) -> frozenset[str]:
        """Effects that values of `start` (by default: all parameters) reach, in words such as `open` or `getattr`."""
        key = hash((id(function), start))
        if key in self._seen:
            return self._seen[key]
        self._seen[key] = frozenset()  # while it is looked at: a function that calls itself adds nothing
        tainted = _spread(function, _parameters(function) if start is None else start)
        if function.name.startswith(_WRITES) and "self" in tainted:
            self._seen[key] = frozenset(_named_files(function))
            return self._seen[key]
        found: set[str] = set()
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                found.update(self._call(module, node, tainted, depth))
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("globals()", "sys.modules"):
                found.update({"globals"} if _touches(node.slice, tainted) else ())
        self._seen[key] = frozenset(found)
        return self._seen[key]

    def _call(self, module: Module, node: ast.Call, tainted: frozenset[str], depth: int) -> Iterator[str]:
        values = [*node.args, *(word.value for word in node.keywords)]
        touched = any(_touches(value, tainted) for value in values)
        method = isinstance(node.func, ast.Attribute) and _touches(node.func.value, tainted)
        parts = dotted_parts(node.func)
        last = node.func.attr if isinstance(node.func, ast.Attribute) else (parts[-1] if parts else "")
        if last == "getattr" and len(node.args) > 1:
            own = isinstance(node.args[0], ast.Name) and node.args[0].id in ("self", "cls")
            if not own and _touches(node.args[1], tainted):
                yield "getattr"
        elif last in ANYWHERE and (touched or method):
            yield last
        elif touched and len(parts) > 1 and last in _OF.get(parts[-2], ()):
            yield f"{parts[-2]}.{last}"
        elif touched and len(parts) == 1 and last in _BARE:
            yield last
        if touched and parts and parts[0] not in ("self", "cls") and depth < _DEPTH:
            followed = self.sources.function(module, parts)
            if followed is not None and followed[0].name.partition(".")[0] not in TRUSTED:
                yield from (f"{last}: {effect}" for effect in self.of(*followed, depth=depth + 1))


def _named_files(function: ast.FunctionDef) -> Iterator[str]:
    """Paths that a method which writes takes from its own object: `join(folder, self.file_name)`."""
    for node in ast.walk(function):
        parts: list[ast.expr] = []
        if isinstance(node, ast.Call) and dotted_parts(node.func)[-1:] in (["join"], ["open"], ["Path"]):
            parts = node.args
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            parts = [node.right]
        for part in parts:
            called = {id(item.func) for item in ast.walk(part) if isinstance(item, ast.Call)}
            for value in ast.walk(part):
                own = isinstance(value, ast.Attribute) and dotted_parts(value)[:1] == ["self"]
                if own and id(value) not in called:
                    yield named_by(ast.unparse(value))


def named_by(value: str) -> str:
    """The effect of writing to a path that comes from this expression."""
    return f"a file that {value} names"


def _parameters(function: ast.FunctionDef) -> frozenset[str]:
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    return frozenset(one.arg for one in every if one is not None)


def _spread(function: ast.FunctionDef, start: frozenset[str]) -> frozenset[str]:
    """Every local name that a value of `start` flows into."""
    flows = [(_names(target), _names(value)) for node in ast.walk(function) for target, value in _flows(node)]
    tainted = set(start)
    before = -1
    while before != len(tainted):
        before = len(tainted)
        for targets, values in flows:
            if not tainted.isdisjoint(values):
                tainted |= targets
    return frozenset(tainted)


def _flows(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, (ast.For, ast.comprehension)):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr


def _names(value: ast.AST) -> frozenset[str]:
    return frozenset(item.id for item in ast.walk(value) if isinstance(item, ast.Name))


def _touches(value: ast.AST, tainted: frozenset[str]) -> bool:
    return any(isinstance(item, ast.Name) and item.id in tainted for item in ast.walk(value))
