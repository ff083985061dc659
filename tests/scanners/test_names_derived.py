# ruff: noqa: E501 -- one attack a line
"""The derived lists: what the tool leaves out, what it lets in, and that what is committed is what it writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from safeload.scanners import names
from safeload.scanners.names import Standing
from tools.derive.__main__ import LISTS, differences, release
from tools.derive.__main__ import derive as derive_list
from tools.derive.libraries import Family, Library
from tools.derive.names import derive

pytestmark = pytest.mark.heavy

ROOT = "class Root: pass\n"


def derived(
    tmp_path: Path, source: str, files: tuple[tuple[str, str], ...] = (), roots: tuple[str, ...] = ("made.parts.Root",)
) -> tuple[str, str]:
    """The list made of one module, and the reasons for what is not on it."""
    package = tmp_path / "made"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text(ROOT + source)
    (tmp_path / "made-1.0.dist-info").mkdir()
    family = Family(roots=frozenset(roots), what="a part")
    text, left = derive(Library(package="made", distribution="made", families=(family,), files=files), [tmp_path])
    return text, "\n".join(left)


def test_a_plain_class_is_on_the_list(tmp_path: Path) -> None:
    text, left = derived(tmp_path, "class Plain(Root):\n    def size(self): return self.width * 2\n")
    assert "made.parts: Plain Root" in text
    assert 'derived = "made 1.0, by tools/derive"' in text
    assert not left


ATTACKS = {
    "evaluates its state": "def predict(self, x): return eval(self.formula)",
    "imports what its state names": "def predict(self, x):\n        import importlib\n        return importlib.import_module(self.module)",
    "calls a method by a name in its state": "def predict(self, x): return getattr(x, self.method)()",
    "starts a program": "def predict(self, x):\n        import subprocess\n        return subprocess.run(self.command)",
    "through a local name": "def predict(self, x):\n        path = self.folder + '/x'\n        return open(path)",
    "through another method": "def predict(self, x): return self.read(self.path)\n    def read(self, path): return open(path)",
    "through a function of the library": "def predict(self, x): return helper(self.path)",
    "when it is deleted": "def __del__(self): self.library.release(self.handle)",
    "when its state is set": "def __setstate__(self, state): self.model = build(state)",
    "keeps the file's dictionary": "def __setstate__(self, state): self.__dict__ = state",
    "names the file that saving writes": "def save(self, folder):\n        import os\n        return open(os.path.join(folder, self.file_name), 'w')",
    "loads in its constructor": "def __init__(self, path):\n        import torch\n        self.weights = torch.load(path)",
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_class_that_turns_its_state_into_an_effect_is_left_out(attack: str, tmp_path: Path) -> None:
    source = f"def helper(path): return open(path)\nclass Bad(Root):\n    {ATTACKS[attack]}\nclass Below(Bad): pass\n"
    text, left = derived(tmp_path, source)
    assert "Bad" not in text
    assert "Below" not in text
    assert left.count("made.parts.B") >= 2


def test_a_named_file_that_the_library_is_known_for_is_a_condition_and_excuses_nothing_else(tmp_path: Path) -> None:
    source = (
        "import os\nclass Plain(Root): pass\n"
        "class Saves(Root):\n    def save(self, folder): return open(os.path.join(folder, self.file_name), 'w')\n"
        "class Two(Saves):\n    def save_all(self, folder): return open(os.path.join(folder, self.other), 'w')\n"
        "class Runs(Saves):\n    def predict(self): return eval(self.formula)\n"
    )
    text, left = derived(tmp_path, source, files=(("file_name", "a.json b.json"),))
    plain, conditional = text.split("[[conditional]]")[1:]
    assert "made.parts: Plain Root" in plain
    assert "fields" not in plain
    assert "fields = { file_name = \"str:'a.json'|str:'b.json'\" }" in conditional
    assert "made.parts: Saves\n" in conditional
    assert "Two.save_all reaches a file that self.other names" in left
    assert "Runs.predict reaches eval" in left


def test_a_base_that_cannot_be_read_a_metaclass_and_a_decorator_leave_a_class_out(tmp_path: Path) -> None:
    source = (
        "import compiled\nclass Meta(type): pass\nclass A(Root, compiled.Base): pass\n"
        "class B(Root, metaclass=Meta): pass\n@compiled.change\nclass C(Root): pass\n"
    )
    text, left = derived(tmp_path, source)
    assert "made.parts: Root" in text
    assert left.count("\n") == 2


# Of installed libraries, those that are read in seconds; and which module tells whether it is installed.
HERE = {
    **{name: name for name in ("torch", "sklearn", "lightgbm", "xgboost", "accelerate", "peft", "gensim", "nltk")},
    "operators.torch": "torch",
    "operators.keras": "keras",
}


@pytest.mark.parametrize("which", HERE)
def test_what_is_committed_is_what_the_tool_writes(which: str) -> None:
    """For a library that is installed here, in the release that the list was made from."""
    found = importlib.util.find_spec(HERE[which])
    if found is None or found.origin is None:
        pytest.skip(f"{which} is not installed")
    files, _ = derive_list(which, [Path(found.origin).parent.parent])
    assert files
    for path, text in files.items():
        committed = path.read_text(encoding="utf-8")
        if release(text) != release(committed):
            pytest.skip(f"the data is of another release: {release(committed)}; here it is: {release(text)}")
    assert differences(files) == []


def test_a_change_by_hand_is_a_difference() -> None:
    files, _ = derive_list("accelerate", [Path(importlib.util.find_spec("accelerate").origin).parents[1]])  # type: ignore[union-attr,arg-type]
    assert differences({path: text + "classes" for path, text in files.items()})


def test_every_derived_file_can_be_derived_again() -> None:
    """Each names the tool, and the tool knows each."""
    folder = Path(names.__file__).parent
    made = {path.stem.removesuffix("_classes") for path in (folder / "imports").glob("*_classes.toml")}
    assert made <= set(LISTS)
    for path in (folder / "imports").glob("*_classes.toml"):
        assert "by tools/derive" in path.read_text(encoding="utf-8"), path.name


def test_an_enumeration_without_members_is_left_out(tmp_path: Path) -> None:
    """`Kind("Made", {"__len__": f})` makes a class, as `type` does."""
    source = (
        "import enum\nclass Empty(enum.Enum):\n    def of(self): return self.value\n"
        "class Functions(enum.Enum):\n    NEAR = lambda a, b: a\n"
        "class Full(enum.Enum):\n    ONE = 1\n    def of(self): return self.value\n"
    )
    text, left = derived(tmp_path, source, roots=("enum.Enum",))
    assert "made.parts: Full\n" in text
    assert left.count("an enumeration without members") == 2


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("nltk.classify.senna", "Senna"),  # starts the program that its state names
        ("nltk.tag.hunpos", "HunposTagger"),
        ("gensim.models.ensemblelda", "EnsembleLda"),  # imports the module that its state names
        ("gensim.similarities.docsim", "Similarity"),  # deletes the files that its state names
        ("lightgbm.basic", "Dataset"),  # frees the address that its state holds
        ("xgboost.core", "DMatrix"),
        ("ultralytics.nn.tasks", "WorldModel"),  # downloads a model of texts
        ("ultralytics.engine.model", "Model"),  # loads the checkpoint that its state names
        ("torchmetrics.text.bert", "BERTScore"),  # downloads from the address that its state names
        ("spacy.vocab", "unpickle_vocab"),  # unpickles bytes of its own
    ],
)
def test_classes_whose_state_has_an_effect_are_on_no_list(module: str, name: str) -> None:
    assert names.classify(module, name) in (Standing.UNKNOWN, Standing.DANGEROUS)
