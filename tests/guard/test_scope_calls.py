"""The entry points of transformers as calls, and what is known of its releases."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from safeload.guard.loaders.transformers import Transformers
from safeload.guard.loaders.transformers_entries import ENTRIES, Kind, entry_name, kind_of
from safeload.guard.loaders.transformers_scope import _known, knows
from safeload.sources.interface import Call
from tests.guard.scopes import TRANSFORMERS

# Entry points, and what is known.


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ("", Kind.WHOLE),
        ("pipeline", Kind.WHOLE),
        ("AutoModelForMaskedLM", Kind.WHOLE),
        ("BertModel", Kind.WHOLE),
        ("AutoModel.from_pretrained", Kind.MODEL),
        ("BertModel.from_pretrained", Kind.MODEL),
        ("AutoTokenizer", Kind.TOKENIZER),
        ("BertTokenizerFast.from_pretrained", Kind.TOKENIZER),
        ("AutoProcessor.from_pretrained", Kind.PROCESSOR),
        ("AutoFeatureExtractor.from_pretrained", Kind.PROCESSOR),
        ("AutoConfig.from_pretrained", Kind.CONFIG),
    ],
)
def test_kinds(entry: str, kind: Kind) -> None:
    assert kind_of(entry) is kind
    assert TRANSFORMERS.wants_weights(Call(target="x", entry=entry)) is (kind in (Kind.WHOLE, Kind.MODEL))


@pytest.mark.parametrize(
    ("attribute", "name", "kind"),
    [
        ("_BaseAutoModelClass.from_pretrained", "AutoModelForCausalLM", Kind.MODEL),
        ("PreTrainedModel.from_pretrained", "BertModel", Kind.MODEL),
        ("PreTrainedModel.from_pretrained", "MyTokenizerModel", Kind.MODEL),
        ("PreTrainedModel.from_pretrained", "AutoEncoder", Kind.MODEL),
        ("PreTrainedTokenizerBase.from_pretrained", "BertTokenizer", Kind.TOKENIZER),
        ("PreTrainedTokenizerBase.from_pretrained", "Mine", Kind.TOKENIZER),
        ("ProcessorMixin.from_pretrained", "ClipProcessor", Kind.PROCESSOR),
        ("ProcessorMixin.from_pretrained", "Mine", Kind.PROCESSOR),
        ("AutoConfig.from_pretrained", "AutoConfig", Kind.CONFIG),
    ],
)
def test_a_class_of_any_name_is_what_its_method_loads(attribute: str, name: str, kind: Kind) -> None:
    (entry,) = [e for e in ENTRIES if e.attribute == attribute]
    assert kind_of(entry_name(entry, type(name, (), {}))) is kind


def test_a_call_as_it_was_made() -> None:
    entry = ENTRIES[0]
    auto = type("AutoModel", (), {})
    call = TRANSFORMERS.call_of(
        entry, (auto, "acme/m"), {"revision": "v1", "trust_remote_code": True, "variant": "fp16", "token": "hf_secret"}
    )
    assert call is not None
    assert (call.target, call.revision, call.entry) == ("acme/m", "v1", "AutoModel.from_pretrained")
    assert call.trust_remote_code
    assert call.options == {"variant": "fp16"}
    assert "hf_secret" not in repr(call)
    named = TRANSFORMERS.call_of(entry, (auto,), {"pretrained_model_name_or_path": Path("/x/y")})
    assert named is not None and named.target == "/x/y"


@pytest.mark.parametrize(
    ("args", "kwargs"), [((None,), {}), ((), {}), (("x",), {"state_dict": {}}), (("",), {}), ((5,), {})]
)
def test_a_call_that_loads_nothing_from_outside(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    assert TRANSFORMERS.call_of(ENTRIES[0], (type("AutoModel", (), {}), *args), kwargs) is None


def test_scope_needs_no_transformers() -> None:
    import subprocess

    program = (
        "import sys\n"
        "from safeload.guard.loaders.registry import LOADERS\n"
        "from tests.guard.scopes import made, scope\n"
        "scope(made())\n"
        "assert not {'transformers', 'torch', 'huggingface_hub', 'joblib'} & set(sys.modules), sys.modules.keys()\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_data_file_is_that_of_its_release() -> None:
    """To regenerate: `python -m tests.guard.test_scope_calls`."""
    transformers = pytest.importorskip("transformers")
    assert knows("bert")
    assert not knows("my-own")
    if json.loads(DATA.read_text())["version"] != transformers.__version__:
        pytest.skip("another release of transformers is installed")
    assert regenerated() == DATA.read_text()
    assert {"vocab.txt", "merges.txt", "spiece.model", "tokenizer.json"} <= _known()["vocabulary"]


DATA = Path(sys.modules[Transformers.__module__].__file__ or "").with_name("transformers_known.json")


def regenerated() -> str:
    """The data file for the transformers that is installed."""
    import ast
    import re

    import transformers
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    root = Path(transformers.__file__).parent
    # What transformers looks for by pattern, in no table of a tokenizer class.
    vocabulary = {"tekken.json", "tiktoken.model", "tokenizer.json", "tokenizer.model"}
    for path in root.rglob("token*.py"):
        for table in re.findall(r"VOCAB_FILES_NAMES\s*=\s*(\{.*?\})", path.read_text("utf-8"), re.DOTALL):
            vocabulary |= {
                n.value for n in ast.walk(ast.parse(table)) if isinstance(n, ast.Constant) and "." in n.value
            }
    found = {
        "library": "transformers",
        "version": transformers.__version__,
        "model_types": sorted(CONFIG_MAPPING_NAMES),
        "vocabulary": sorted(vocabulary),
    }
    return json.dumps(found, indent=1) + "\n"


if __name__ == "__main__":
    DATA.write_text(regenerated(), encoding="utf-8")
