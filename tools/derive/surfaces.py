# ruff: noqa: SIM905, RUF005 -- lists of words are read more easily without quotes around each
"""The derived lists of the layers of torch and the estimators of scikit-learn, whose every surface a person has read.

A class gets onto the list when it descends from the library's root class, all its bases are in the library, and what a
pickle can reach of it (`SURFACE`), in it and in its bases, was reviewed by a person and is named in `SURFACES`.
A class with a method of that kind that nobody has reviewed stays off the list, and is printed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

# What unpickling can call without a name of its own: by NEWOBJ, BUILD, SETITEMS, APPENDS, as a key, or at the end.
SURFACE = frozenset(
    "__new__ __setstate__ __reduce__ __reduce_ex__ __del__ __setattr__ __getattr__ __getattribute__ __hash__ __eq__ "
    "__call__ __setitem__ __iadd__ append extend add".split()
)


@dataclass(frozen=True, kw_only=True)
class Library:
    """`reviewed` are `Class.method` that were read; `left_out` are classes that call what their state holds."""

    title: str
    package: str
    distribution: str
    patterns: tuple[str, ...]
    roots: frozenset[str]
    what: str
    file: str
    reviewed: frozenset[str]
    left_out: frozenset[str] = frozenset()
    harmless_bases: frozenset[str] = frozenset({"object", "ABC", "Generic"})


@dataclass
class Found:
    """One class as its source has it."""

    module: str
    name: str
    bases: tuple[str, ...]
    surface: frozenset[str]
    odd: bool = False
    dispatches: bool = False
    parents: list[Found] = field(default_factory=list)


SURFACES = {
    "torch": Library(
        title="torch.nn: layers",
        package="torch",
        distribution="torch",
        patterns=("nn/modules/*.py",),
        roots=frozenset({"Module"}),
        what="a layer, with its settings",
        file="torch_nn.toml",
        # Each writes into the instance's own dictionary, checks types, or computes with tensors; none imports,
        # opens or calls what a state brings along. `__call__` runs hooks from the state: when the model is used.
        reviewed=frozenset(
            # Looks up submodules by their dotted names, and parameters of an old layout: what it finds is not called.
            "Module.getattr Module.__setstate__ Module.__getattr__ Module.__setattr__ Module.__call__ "
            "MultiheadAttention.__setstate__ Softmin.__setstate__ Softmax.__setstate__ LogSoftmax.__setstate__ "
            "_ConvNd.__setstate__ AvgPool3d.__setstate__ RNNBase.__setstate__ RNNBase.__setattr__ "
            "TransformerEncoderLayer.__setstate__ TransformerDecoderLayer.__setstate__ Upsample.__setstate__ "
            "Sequential.__setitem__ Sequential.__iadd__ Sequential.append Sequential.extend "
            "ModuleList.__setitem__ ModuleList.__iadd__ ModuleList.append ModuleList.extend ModuleDict.__setitem__ "
            "ParameterList.__setitem__ ParameterList.__iadd__ ParameterList.append ParameterList.extend "
            "ParameterList.__call__ ParameterDict.__setitem__ ParameterDict.__call__".split()
        ),
    ),
    "sklearn": Library(
        title="scikit-learn: estimators",
        package="sklearn",
        distribution="scikit_learn",
        patterns=tuple(
            f"{part}/*.py"
            for part in "ensemble ensemble/_hist_gradient_boosting tree linear_model preprocessing svm naive_bayes "
            "neighbors cluster decomposition feature_extraction feature_selection impute compose neural_network "
            "model_selection discriminant_analysis semi_supervised covariance mixture".split()
        )
        + ("*.py", "utils/_metadata_requests.py", "utils/_set_output.py", "utils/_estimator_html_repr.py",
           "utils/_repr_html/*.py", "utils/metaestimators.py", "callback/*.py"),
        roots=frozenset({"BaseEstimator"}),
        what="an estimator, with what it learned",
        file="sklearn.toml",
        # BaseEstimator.__setstate__ compares versions, then fills the instance's own dictionary.
        reviewed=frozenset({"BaseEstimator.__setstate__"}),
        # They call a function that their state holds or names, whenever they are used.
        left_out=frozenset(
            {"FunctionTransformer", "TransformedTargetRegressor", "SelectFromModel", "RFE", "RFECV"}
        ),
    ),
}  # fmt: skip


def classes(library: Library, root: Path) -> dict[str, list[Found]]:
    """Every class of the library by its bare name: bases are resolved by name, and all that bear it count."""
    found: dict[str, list[Found]] = {}
    for path in sorted({path for pattern in library.patterns for path in root.glob(pattern)}):
        parts = path.relative_to(root.parent).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(_class(module, node))
    return found


def _class(module: str, node: ast.ClassDef) -> Found:
    # Other class keywords matter when the class is made, which a pickle cannot do.
    metaclass = [word for word in node.keywords if word.arg == "metaclass" and "ABCMeta" not in ast.unparse(word.value)]
    return Found(
        module=module,
        name=node.name,
        bases=tuple(ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases),
        surface=frozenset(_defined(node)) & SURFACE,
        odd=bool(metaclass),
        dispatches=any(_dispatches(item) for item in ast.walk(node)),
    )


def _dispatches(item: ast.AST) -> bool:
    """A method of another object, chosen by a value: a state that holds the value chooses what is called."""
    if not (isinstance(item, ast.Call) and isinstance(item.func, ast.Name)):
        return False
    if item.func.id in ("attrgetter", "methodcaller"):
        return any(not isinstance(argument, ast.Constant) for argument in item.args)
    own = item.args and isinstance(item.args[0], ast.Name) and item.args[0].id in ("self", "cls")
    return item.func.id == "getattr" and not own and len(item.args) > 1 and not isinstance(item.args[1], ast.Constant)


def _defined(node: ast.ClassDef) -> Iterator[str]:
    """Names that the class body binds, under conditions too."""
    for item in ast.walk(node):
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield item.name
        elif isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store):
            yield item.id


def why_not(one: Found, known: dict[str, list[Found]], library: Library, *, seen: frozenset[str] = frozenset()) -> str:
    """Why a class is no plain state holder; empty when it is."""
    if one.odd:
        return f"{one.name} has a metaclass"
    if one.dispatches and f"{one.name}.getattr" not in library.reviewed:
        return f"{one.name}.getattr was not reviewed: does its state name what it calls?"
    for method in sorted(one.surface):
        if f"{one.name}.{method}" not in library.reviewed:
            return f"{one.name}.{method} was not reviewed"
    for base in one.bases:
        if base in library.harmless_bases or base in seen:
            continue
        if base not in known:
            return f"its base {base} is not in the library"
        for parent in known[base]:
            reason = why_not(parent, known, library, seen=seen | {one.name})
            if reason:
                return reason
    return ""


def descends(
    one: Found, known: dict[str, list[Found]], roots: frozenset[str], seen: frozenset[str] = frozenset()
) -> bool:
    if one.name in roots:
        return True
    fresh = [base for base in one.bases if base not in seen]
    return any(descends(up, known, roots, seen | {one.name}) for base in fresh for up in known.get(base, []))


def version(site: Path, distribution: str) -> str:
    folder = next(site.glob(f"{distribution}-*.dist-info"))
    return folder.name.removesuffix(".dist-info").split("-")[1].partition("+")[0]


def render(library: Library, lists: dict[str, list[str]], release: str) -> str:
    lines = [f'library = "{library.title}"', f'derived = "{library.package} {release}, by tools/derive"', ""]
    for module, names in sorted(lists.items()):
        lines += ["[[conditional]]", f"modules = '''{module}'''", f"names = '''{' '.join(sorted(names))}'''"]
        lines += [f'what = "{library.what}"', 'constructed = [""]', 'state = ["dict"]', "referenced = true", ""]
    return "\n".join(lines)


def derive(library: Library, site: Path) -> tuple[str, list[str]]:
    """The text of the data file, and what was left out for which reason."""
    known = classes(library, site / library.package)
    lists: dict[str, list[str]] = {}
    left: list[str] = []
    for one in (one for together in known.values() for one in together):
        if not descends(one, known, library.roots) or one.name in library.left_out:
            continue
        reason = why_not(one, known, library)
        if reason:
            left.append(f"{one.module}.{one.name}: {reason}")
        else:
            lists.setdefault(one.module, []).append(one.name)
    return render(library, lists, version(site, library.distribution)), left
