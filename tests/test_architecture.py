"""The promises of the house that no linter checks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import safeload

HEAVY = (
    "torch",
    "transformers",
    "huggingface_hub",
    "IPython",
    "anywidget",
    "typer",
    "rich",
    "jinja2",
    "fickling",
    "numpy",
)
ROOT = Path(safeload.__file__).parent


def modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_safeload_imports_nothing_heavy():
    assert modules_after("import safeload").isdisjoint(HEAVY)


def test_the_guard_is_installed_without_importing_what_it_guards():
    loaded = modules_after("import safeload; safeload.install(); safeload.remove()")
    assert loaded.isdisjoint({"torch", "transformers", "joblib", "IPython", "fickling", "huggingface_hub"})


def test_every_public_name_is_there_and_documented():
    for name in safeload.__all__:
        value = getattr(safeload, name)
        assert name == "__version__" or value.__doc__, name


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_like_it"):
        safeload.nothing_like_it  # noqa: B018


def test_public_names_and_their_homes_agree():
    assert set(safeload._HOME) == set(safeload.__all__) - {"__version__"}
    assert dir(safeload) == safeload.__all__


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_says_what_it_is_in_its_first_line(path):
    first = path.read_text().lstrip()
    assert first.startswith('"""') or path.name == "explain_child.py"
