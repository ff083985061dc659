"""The data files: a mistake in one is said with file, table and field."""

from __future__ import annotations

from importlib.resources import files

import pytest

from safeload.scanners import names, names_table, shapes
from safeload.scanners.names_file import Entry, Standing, read

SHIPPED = sorted(p.name for p in (files("safeload.scanners") / "imports").iterdir() if p.name.endswith(".toml"))


@pytest.mark.parametrize("file", SHIPPED)
def test_every_shipped_file_is_read(file: str) -> None:
    text = (files("safeload.scanners") / "imports" / file).read_text(encoding="utf-8")
    made = read(text, file=file)
    assert made.library
    assert made.entries


def pairs(entry: Entry) -> list[tuple[str, str]]:
    listed = [(module, name) for module, names in entry.classes for name in names.split()]
    return listed + [(module, name) for module in entry.modules for name in entry.names]


def test_every_class_in_a_derived_list_is_a_name() -> None:
    """They are not looked at one by one when a file is read."""
    for file in SHIPPED:
        for entry in read((files("safeload.scanners") / "imports" / file).read_text("utf-8"), file=file).entries:
            assert entry.standing is Standing.CONDITIONAL or not entry.classes
            for module, name in pairs(entry):
                assert all(part.isidentifier() for part in (*module.split("."), *name.split("."))), (module, name)


def test_no_name_is_in_two_lists() -> None:
    """The strictest counts, so an overlap would silently take a name away."""
    seen: dict[tuple[str, str], Standing] = {}
    for file in SHIPPED:
        for entry in read((files("safeload.scanners") / "imports" / file).read_text("utf-8"), file=file).entries:
            for pair in pairs(entry):
                assert seen.setdefault(pair, entry.standing) is entry.standing, pair


def test_nothing_allowed_lies_in_the_open_part_of_a_dangerous_module_by_mistake() -> None:
    """Exceptions from a dangerous module are few, and named here."""
    table = names_table.everything()
    allowed = {pair for pair, known in table.pairs() if known.standing is not Standing.DANGEROUS}
    allowed |= {(module, "") for module in table.classes}
    inside = {module for module, _ in allowed if names._whole(module) is not None}
    # Enumerations of what a pipeline returns, and a layer: state holders beside the functions that load models.
    inside -= {module for module in table.classes if module.startswith("transformers.pipelines.")}
    assert inside <= {
        *("copyreg", "types", "operator", "_operator", "inspect", "signal", "socket", "http", "urllib.parse"),
        *("urlparse", "dill._dill", "cloudpickle.cloudpickle", "torch.jit._pickle"),
        "transformers.models.auto.modeling_auto",
        *("torch.distributed.checkpoint.filesystem", "torch.distributed.checkpoint.metadata"),  # what is where
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("library = ", "x.toml"),
        ("", "library"),
        ("library = 'a'\nnaems = ''", "unknown key 'naems'"),
        ("library = 'a'\n[free]\nmodules = 'm'", "written [[free]]"),
        ("library = 'a'\n[[free]]\nmodules = 'm'", "[[free]] number 1: names"),
        ("library = 'a'\n[[free]]\nmodules = 'm'\nnames = 1", "names is a text"),
        ("library = 'a'\n[[free]]\nmodules = 'm'\nnames = 'a*'", "'a*' is not a dotted name"),
        ("library = 'a'\n[[free]]\nmodules = 'm'\nnames = 'a'\ncalled = ['']", "unknown key 'called'"),
        ("library = 'a'\n[[conditional]]\nmodules = 'm'\nnames = 'a'", "allows no role"),
        ("library = 'a'\n[[conditional]]\nmodules = 'm'\nnames = 'a'\ncalled = []", "called is a list"),
        (
            "library = 'a'\n[[conditional]]\nmodules = 'm'\nnames = 'a'\ncalled = ['integer']",
            "'integer' is not an argument tag",
        ),
        ("library = 'a'\n[[conditional]]\nmodules = 'm'\nnames = 'a'\nreferenced = 'yes'", "true or false"),
        (
            "library = 'a'\n[[conditional]]\nmodules = 'm'\nnames = 'a'\nreferenced = true\nstate = ['dict']",
            "state is for what is called or constructed",
        ),
        (
            "library = 'a'\n[[conditional]]\nclasses = 'm.n A B'\nreferenced = true",
            "classes: 'm.n A B' is not a line of a module",
        ),
        (
            "library = 'a'\n[[conditional]]\nclasses = 'm: A'\nmodules = 'm'\nreferenced = true",
            "classes stand instead of modules",
        ),
        ("library = 'a'\n[[dangerous]]\nmodules = 'm'", "what is a text"),
        (
            "library = 'a'\n[[dangerous]]\nmodules = 'm'\nnames = 'a'\nwhat = 'w'\nreached = true",
            "reached is for whole",
        ),
    ],
)
def test_a_mistake_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError) as error:
        read(text, file="x.toml")
    assert "x.toml" in str(error.value)
    assert said in str(error.value)


def _accepts(pattern: str, *shape: str) -> bool:
    return shapes.parse(pattern).accepts(shape, names.fits)


def test_patterns() -> None:
    assert _accepts("")
    assert not _accepts("", "int")
    assert _accepts("int?")
    assert _accepts("str int?", "str:'a'", "int")
    assert not _accepts("str int?", "str", "int", "int")
    assert _accepts("str*", "str", "str:'b'")
    assert not _accepts("str*", "str", "bytes")
    assert _accepts("str:'a'|int", "int")
    assert not _accepts("str:'a'", "str")
    assert not _accepts("str:'a'", "str:'b'")


def test_data_is_never_a_global_nor_a_tag_that_nobody_knows() -> None:
    assert _accepts("data", "result")
    assert not _accepts("data", "global:os.system")
    assert not _accepts("data", "global:builtins.set")
    assert not _accepts("data", "keywords")
    assert not _accepts("data", "something else")


def test_globals_as_arguments() -> None:
    assert _accepts("@free", "global:builtins.list")
    assert _accepts("@free", "global:__builtin__.list")
    assert not _accepts("@free", "global:os.system")
    assert _accepts("@constructible", "global:torch.nn.modules.linear.Linear")
    assert not _accepts("@constructible", "global:torch._utils._rebuild_tensor_v2")
    assert _accepts("@dtype", "global:torch.float16")
    assert not _accepts("@dtype", "global:torch.device")
    assert _accepts("global:builtins.object", "global:__builtin__.object")


@pytest.mark.parametrize("pattern", ["int? str", "str* int", "list|", "@Free", "glob:x", "str:'a", "int int? str"])
def test_a_pattern_without_meaning_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError):
        shapes.parse(pattern)
