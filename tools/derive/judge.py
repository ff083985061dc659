# ruff: noqa: E501 -- lists are read more easily without line ends
"""Whether a class is a plain state holder, or why it is not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from .effects import TRUSTED, Effects, handed_on, named_by
from .libraries import Family, Library
from .reviewed import BASES, DECORATORS, METACLASSES, REVIEWED
from .sources import Class, Sources

# What unpickling can call without a name of its own: by NEWOBJ, BUILD, SETITEMS, APPENDS, ADDITEMS, as a key or at the end.
SURFACE = frozenset(
    """
    __new__ __setstate__ __del__ __setattr__ __getattr__ __getattribute__ __hash__ __eq__ __call__ __setitem__ __iadd__
    __instancecheck__ __class__ __dict__ append extend add
    """.split()  # noqa: SIM905
)
# What the bodies of such methods may call unread: these look, compare, and write into the object's own dictionary.
_QUIET = frozenset(
    """
    isinstance issubclass hasattr getattr setattr len type super id hash repr str int float bool tuple list dict set
    frozenset zip enumerate range sorted min max sum any all iter next vars callable
    AttributeError TypeError ValueError KeyError IndexError NotImplementedError RuntimeError warn warning format join get
    items keys values pop copy update append extend add setdefault startswith endswith split replace lower upper strip
    __setattr__ __getattr__ __getattribute__ __setstate__ __new__ __init__ __setitem__ __eq__ __hash__ __dir__ fields
    is_tensor as_tensor deepcopy move_to_end sort insert index count
    """.split()  # noqa: SIM905
)


_ITEMS = frozenset({"dict", "OrderedDict", "UserDict", "Counter", "list"})
_CONSTRUCTORS = frozenset({"__init__", "__post_init__"})  # a pickle makes instances without them


@dataclass(eq=False)
class Judge:
    """Judges the classes of one library; what was found of a base is remembered."""

    library: Library
    sources: Sources
    effects: Effects = field(init=False)
    _passed: dict[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    _own: dict[tuple[str, int], str] = field(default_factory=dict)
    _files: dict[str, set[str]] = field(default_factory=dict)
    _lines: dict[tuple[str, int], tuple[tuple[Class, ...], tuple[str, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.effects = Effects(self.sources)

    def family(self, one: Class) -> Family | None:
        """The first family of the library with a root that the class descends from."""
        classes, outside = self.ancestors(one)
        above = {up.dotted for up in classes} | set(outside)
        return next((family for family in self.library.families if above & family.roots), None)

    def why_not(self, one: Class) -> str:
        """Why a class is no plain state holder; empty when it is."""
        if (
            one.dotted.removeprefix(f"{self.library.package}.") in self.library.left_out
            or one.name in self.library.left_out
        ):
            return "left out by hand"
        classes, outside = self.ancestors(one)
        for base in outside:
            if base not in BASES and not base.startswith("<namedtuple("):
                return f"its base {base} is not known"
        answers = any({"__getattr__", "__getattribute__"} & up.bound for up in classes)
        stated = any("__setstate__" in up.bound for up in classes)
        if answers and not stated and any(base.partition(".")[2] in _ITEMS for base in outside):
            return "its items, which come before its state, answer for __setstate__"
        if any(base.startswith("enum.") for base in outside) and not one.members:
            return "an enumeration without members: called with a name and a dictionary, it makes a class"
        reasons = [reason for reason in (self._surface(up) for up in classes) if reason]
        return reasons[0] if reasons else self._effects(one, classes)

    def files(self, one: Class) -> frozenset[str]:
        """Fields of a class that was judged which must keep the library's own names of files."""
        return frozenset(self._files.get(one.dotted, ()))

    def ancestors(self, one: Class) -> tuple[tuple[Class, ...], tuple[str, ...]]:
        """The class with all its bases, and the bases that have no source here."""
        key = (one.dotted, one.node.lineno)
        if key not in self._lines:
            self._lines[key] = ((one,), ("<a circle>",))
            classes, outside = {key: one}, set()
            for base in one.node.bases:
                for found in self.sources.resolve(one.module, base):
                    if isinstance(found, str):
                        outside.add(found)
                    else:
                        above, beyond = self.ancestors(found)
                        classes.update({(up.dotted, up.node.lineno): up for up in above})
                        outside.update(beyond)
            self._lines[key] = tuple(classes.values()), tuple(sorted(outside))
        return self._lines[key]

    def _surface(self, one: Class) -> str:
        key = (one.dotted, one.node.lineno)
        if key not in self._own:
            self._own[key] = next(self._surfaces(one), "")
        return self._own[key]

    def _surfaces(self, one: Class) -> Iterator[str]:
        for word in one.node.keywords:
            if word.arg == "metaclass" and ast.unparse(word.value).rpartition(".")[2] not in METACLASSES:
                yield f"{one.dotted} has the metaclass {ast.unparse(word.value)}"
        for decorator in one.node.decorator_list:
            name = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator).rpartition(".")[2]
            if name not in DECORATORS:
                yield f"{one.dotted} has the decorator {name}"
        bodies = {method.name: method for method in one.methods}
        for name in sorted(one.bound & SURFACE):
            if reviewed(one, name):
                continue
            if name == "__call__" and name in bodies:
                continue  # not by unpickling; what it does with the state is looked at with all other methods
            if name not in bodies:
                yield f"{one.dotted}.{name} is bound, and not by a method"
            if name == "__setstate__" and "self.__dict__ = " in ast.unparse(bodies.get(name, one.node)):
                yield f"{one.dotted}.{name} keeps the file's own dictionary, which can change later"
            for call in sorted(set(_loud(bodies[name]))) if name in bodies else ():
                yield f"{one.dotted}.{name} calls {call}"

    def _effects(self, one: Class, classes: tuple[Class, ...]) -> str:
        known = {named_by(f"self.{name}"): name for name, _ in self.library.files}
        wanted = frozenset().union(*(self._handed_on(up) for up in classes))
        for up in classes:
            trusted = up.module.name.partition(".")[0] in TRUSTED
            for method in () if trusted else up.methods:
                if reviewed(up, method.name) or method.name in _CONSTRUCTORS:
                    continue
                found = self.effects.of(up.module, method, start=_start(method, wanted))
                self._files.setdefault(one.dotted, set()).update(known[text] for text in found & known.keys())
                found -= known.keys()
                if found:
                    return f"{up.dotted}.{method.name} reaches {', '.join(sorted(found))}"
        return ""

    def _handed_on(self, one: Class) -> frozenset[str]:
        key = (one.dotted, one.node.lineno)
        if key not in self._passed:
            self._passed[key] = handed_on(method for method in one.methods if method.name not in _CONSTRUCTORS)
        return self._passed[key]

    def constructor(self, one: Class) -> str:
        """What its constructor could do with arguments of a file's choice; empty when it only fills the object."""
        classes, _ = self.ancestors(one)
        for up in classes:
            trusted = up.module.name.partition(".")[0] in TRUSTED
            for method in () if trusted else up.methods:
                if method.name in _CONSTRUCTORS and not reviewed(up, method.name):
                    # Attributes by a name that the caller gives: ordinary in constructors.
                    found = {one for one in self.effects.of(up.module, method) if not one.endswith("getattr")}
                    if found:
                        return f"{up.dotted}.{method.name} reaches {', '.join(sorted(found))}"
        return ""


def reviewed(one: Class, method: str) -> bool:
    return f"{one.name}.{method}" in REVIEWED.get(one.module.name.partition(".")[0], ())


def _start(method: ast.FunctionDef, wanted: frozenset[str]) -> frozenset[str] | None:
    """What of a method's parameters a state chooses: itself, or all where another method hands state on."""
    kinds = {ast.unparse(decorator) for decorator in method.decorator_list}
    if method.name in wanted:
        return None
    return frozenset() if kinds & {"classmethod", "staticmethod"} else frozenset({"self"})


def _loud(method: ast.FunctionDef) -> Iterator[str]:
    """Calls in a method that are not on the list of quiet ones."""
    for node in ast.walk(method):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "<expression>")
            if name not in _QUIET:
                yield name
