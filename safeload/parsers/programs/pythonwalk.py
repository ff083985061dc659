"""The second walk over a syntax tree: what a program uses, and when that runs."""

from __future__ import annotations

import ast
import re

from safeload import limits
from safeload.lean import Final, field, record, replace
from safeload.parsers.codefacts import CodeOddity, CodeTime, CodeUse
from safeload.parsers.facts import GapReason
from safeload.parsers.pickles.ledger import Refused
from safeload.parsers.programs.pythonbind import bind, scope_of
from safeload.parsers.programs.pythonnames import ANY, HERE, Names, Scope
from safeload.parsers.programs.pythonnodes import is_byte, is_main, own, parts

_MAIN: Final = "<main>"  # the owner of what runs only when the file is started as a program
# What a library calls of a class while it loads a model (torch.nn.Module, transformers.PreTrainedModel, diffusers).
_LOADED: Final = (
    "__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__class_getitem__", "__getattr__",
    "__getattribute__", "__setattr__", "__setstate__", "__del__", "__prepare__", "__instancecheck__", "__dir__",
    "from_pretrained", "from_config", "_from_config", "from_dict", "from_args_and_dict", "init_weights",
    "_init_weights", "post_init", "tie_weights", "load_state_dict", "_load_from_state_dict",
)  # fmt: skip
_BLOB: Final = re.compile(r"[A-Za-z0-9+/=_\-\n]{240,}")
_BINARY: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\xff]")
_PATHLIKE: Final = re.compile(r"https?://|ftp://|[/\\~]|^\.\w|\.(?:so|dll|dylib|sh|exe)\b")
_CONSTANTS: Final = {"True": "true", "False": "false", "None": "none"}
_BLOB_LEAST: Final = 240  # characters of a literal that could be packed code
_TEXT: Final = 300  # characters of a literal that is kept
_NUMBERS: Final = 200  # bytes written as a list of numbers
_CHRS: Final = 5  # calls of chr() with a number


@record(slots=True)
class Found:
    """What the walk gives; `identifiers` with line and column of their end."""

    imports: set[str] = field(default_factory=set)
    uses: list[CodeUse] = field(default_factory=list)
    texts: list[CodeOddity] = field(default_factory=list)
    oddities: list[CodeOddity] = field(default_factory=list)
    identifiers: set[tuple[str, int, int]] = field(default_factory=set)


def walk(tree: ast.Module, lines: list[str]) -> Found:
    """Raises `Refused` beyond the limits."""
    names, imports = bind(tree)
    walker = _Walker(names, lines)
    walker.run(tree)
    found = walker.found()
    found.imports = imports
    if names.crowded:
        found.oddities.append(CodeOddity(kind="many-meanings", line=1))
    return found


class _Walker:
    """Collects uses by the function that they stand in; when that runs is known only at the end."""

    def __init__(self, names: Names, lines: list[str]) -> None:
        self.names, self.lines = names, lines
        self.uses: dict[tuple[str, str, str, tuple[str, ...]], CodeUse] = {}
        self.odd: list[tuple[str, CodeOddity]] = []
        self.calls: dict[str, set[str]] = {}
        self.identifiers: set[tuple[str, int, int]] = set()
        self.chrs = 0
        self.renamed = False  # does the program change what it thinks it is called?

    def run(self, tree: ast.Module) -> None:
        root = self.names.scopes[id(tree)]
        self.renamed = "__name__" in root.values
        waiting: list[tuple[ast.AST, Scope, str, str]] = [(tree, root, "", "")]
        while waiting:
            node, scope, owner, role = waiting.pop()
            self._look(node, scope, owner, role)
            inner = self.names.scopes[id(node)]
            body = self._owner_of_body(node, owner)
            for child, part in reversed(parts(node)):
                here = body if isinstance(child, ast.stmt) else owner
                waiting.append((child, scope_of(node, child, scope, inner), here, part))

    def _owner_of_body(self, node: ast.AST, owner: str) -> str:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            return node.name if owner != _MAIN else _MAIN
        if isinstance(node, ast.If) and owner == "" and is_main(node.test) and not node.orelse and not self.renamed:
            return _MAIN
        return owner

    def _look(self, node: ast.AST, scope: Scope, owner: str, role: str) -> None:
        if isinstance(node, ast.Call):
            self._call(node, scope, owner)
        elif isinstance(node, ast.Constant):
            self._constant(node, owner, role)
        elif isinstance(node, ast.List | ast.Tuple) and len(node.elts) >= _NUMBERS:
            if all(is_byte(item) for item in node.elts):
                self._odd("blob", node.lineno, f"{len(node.elts)} numbers", owner)
        elif isinstance(node, ast.Subscript) and role != "func":
            role = "read" if isinstance(node.ctx, ast.Load) else "changed"
            self._use(node, self.names.of(node.value, scope), role, owner, (self._tag(node.slice, scope),))
        elif isinstance(node, ast.Name | ast.Attribute):
            self._name(node, scope, owner, role)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                if not isinstance(decorator, ast.Call):  # it is called with what it stands on
                    self._use(decorator, self.names.of(decorator, scope), "called", owner, ())
        elif isinstance(node, ast.ImportFrom | ast.Import):
            self._imported(node, owner)

    def _name(self, node: ast.Name | ast.Attribute, scope: Scope, owner: str, role: str) -> None:
        name = node.id if isinstance(node, ast.Name) else node.attr
        self.identifiers.add((name, node.end_lineno or node.lineno, node.end_col_offset or 0))
        if not isinstance(node.ctx, ast.Load):
            if isinstance(node, ast.Attribute):
                bases = self.names.of(node.value, scope)
                self._use(node, tuple(f"{base}.{name}" for base in bases), "changed", owner, ())
            return
        found = self.names.of(node, scope)
        if isinstance(node, ast.Attribute) and (own(node.value) or not found or found[0].startswith(HERE)):
            # A method, or a property, of an own class; of what class nobody can tell.
            self.calls.setdefault(owner, set()).add(name)
        if isinstance(node, ast.Attribute) and not found and not own(node.value):  # noqa: SIM102
            if role == "func" or name.startswith("__"):
                # Nobody knows of what: a parameter, an item. Its own name may tell enough.
                self._use(node, (f"{ANY}.{name}",), "called" if role == "func" else "named", owner, ())
        self.calls.setdefault(owner, set()).update(n[1:] for n in found if n.startswith(HERE))
        if role in ("passed", "kept"):
            self._use(node, found, "named", owner, ())

    def _call(self, node: ast.Call, scope: Scope, owner: str) -> None:
        found = self.names.of(node.func, scope)
        constant = bool(node.args) and isinstance(node.args[0], ast.Constant)
        if constant and isinstance(node.func, ast.Name) and node.func.id == "chr":
            self.chrs += 1
            if self.chrs == _CHRS:
                self._odd("chr", node.lineno, "text made of numbers", owner)
        made = {name[1:] for name in found if name.startswith(HERE)}
        # Making an instance of an own class runs its constructor.
        self.calls.setdefault(owner, set()).update({*made, *(f"{name}()" for name in made)})
        arguments = [self._tag(item, scope) for item in node.args[:6]]
        arguments += [f"{word.arg or '**'}={self._tag(word.value, scope)}" for word in node.keywords[:12]]
        self._use(node, found, "called", owner, tuple(arguments))

    def _imported(self, node: ast.Import | ast.ImportFrom, owner: str) -> None:
        module = "" if isinstance(node, ast.Import) else "." * node.level + (node.module or "") + ":"
        self._use(node, tuple(module + alias.name for alias in node.names), "imported", owner, ())

    def _tag(self, node: ast.AST, scope: Scope) -> str:
        text = self.names.text(node, scope)
        if text is not None:
            return f"str:{text[:_TEXT]}"
        if isinstance(node, ast.Constant):
            return _CONSTANTS.get(str(node.value), "number" if isinstance(node.value, int | float) else "bytes")
        found = [name for name in self.names.of(node, scope) if not name.startswith("builtins.str")]
        return f"name:{found[0]}" if found else "?"

    def _constant(self, node: ast.Constant, owner: str, role: str) -> None:
        value = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
        if not isinstance(value, str) or role == "documentation" or len(value) < 3:
            return
        packed = isinstance(node.value, bytes) and len(_BINARY.findall(value)) * 4 > len(value)
        if len(value) >= _BLOB_LEAST and (packed or (_BLOB.fullmatch(value) and len(set(value)) >= 12)):
            self._odd("blob", node.lineno, f"{len(value)} characters: {value[:40]}", owner)
        elif len(value) <= _TEXT and _PATHLIKE.search(value):
            self.odd.append((owner, CodeOddity(kind="text", line=node.lineno, text=value)))

    def _odd(self, kind: str, line: int, text: str, owner: str) -> None:
        self.odd.append((owner, CodeOddity(kind=kind, line=line, text=text)))

    def _use(self, node: ast.AST, names: tuple[str, ...], role: str, owner: str, arguments: tuple[str, ...]) -> None:
        line = getattr(node, "lineno", 1)
        for name in dict.fromkeys(names):
            if name.startswith((HERE, ".")) and role != "imported":
                # The program's own: what an attribute of it is, only its name can tell.
                if role != "called" or name.count(".") == name.startswith("."):
                    continue
                name = f"{ANY}.{name.rpartition('.')[2]}"
            if name.startswith(ANY):
                arguments = ()
            key = (owner, name, role, arguments)
            if key in self.uses:
                self.uses[key] = replace(self.uses[key], count=self.uses[key].count + 1)
                continue
            if len(self.uses) >= limits.CODE_USES:
                raise Refused(f"more than {limits.CODE_USES:,} uses in one program", reason=GapReason.LIMIT)
            text = self.lines[line - 1].strip()[: limits.CODE_LINE] if line <= len(self.lines) else ""
            self.uses[key] = CodeUse(
                name=name, role=role, time=CodeTime.LATER, line=line, snippet=text, arguments=arguments
            )

    def found(self) -> Found:
        """Everything with its time."""
        at_import = self._reached({""})
        at_load = self._reached(set(_LOADED))

        def when(owner: str) -> CodeTime:
            if owner in at_import:
                return CodeTime.IMPORT
            return CodeTime.LOAD if owner in at_load else CodeTime.LATER

        made = Found(identifiers=self.identifiers)
        for (owner, *_), use in self.uses.items():
            made.uses.append(replace(use, time=when(owner)))
        for owner, odd in self.odd[: limits.CODE_USES]:
            (made.texts if odd.kind == "text" else made.oddities).append(replace(odd, time=when(owner)))
        return made

    def _reached(self, start: set[str]) -> set[str]:
        """The functions that run when these do, by the names that they call or mention."""
        seen, waiting = set(start), list(start)
        while waiting:
            for name in self.calls.get(waiting.pop(), ()):
                for one in ("__init__", "__new__", "__post_init__", "__call__") if name.endswith("()") else (name,):
                    if one not in seen:
                        seen.add(one)
                        waiting.append(one)
        return seen
