"""What was found by scope is all that real loads need: they run without a single request more."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from safeload.errors import UsageError
from safeload.guard.interface import Grant
from safeload.guard.loaders.registry import loader_for
from safeload.guard.loaders.transformers import Transformers
from safeload.guard.loaders.transformers_entries import ENTRIES
from safeload.guard.loaders.transformers_load import bound
from safeload.sources.closure import listing_of, walk
from safeload.sources.interface import Call, Digest, Role, Silent, Source
from safeload.sources.registry import open_source

if TYPE_CHECKING:
    from hub.server import Hub

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.usefixtures("hub_env")
AUTO = ENTRIES[0]


def granted(call: Call) -> Grant:
    """Everything fetched, nothing asked: these tests are about what is opened, not about who decides."""

    def other(name: str, revision: str | None) -> Source:
        return open_source(name, revision=revision)

    source = open_source(call.target, revision=call.revision)
    listing = listing_of(source)
    loader = loader_for(call, listing)
    named = replace(call, loader=loader.name)
    closure = walk(named, source, loader.scope, open_other=other, listing=listing)
    code = frozenset(a.path for a in closure.snapshot.artifacts if a.role is Role.CODE)
    files = closure.fetch(Silent())
    nobody: Any = None
    hashed = {path: hashlib.sha256(place.read_bytes()).hexdigest() for path, place in files.items()}
    digests = {path: Digest(algorithm="sha256", hex=sha256) for path, sha256 in hashed.items()}
    return Grant(
        call=named, snapshot=closure.snapshot.with_digests(digests), decision=nobody, streams=(), code=code, files=files
    )


@pytest.mark.parametrize(
    ("target", "entry", "expected"),
    [
        ("acme/tiny-bert", "", {"model": "BertForSequenceClassification", "tokenizer": "TokenizersBackend"}),
        ("acme/tiny-bert", "AutoModel", {"model": "BertModel", "tokenizer": "TokenizersBackend"}),
        ("acme/tiny-bert", "BertModel.from_pretrained", {"model": "BertModel"}),
        ("acme/tiny-bert", "AutoTokenizer", {"tokenizer": "TokenizersBackend"}),
        ("acme/tiny-bert-bin", "", {"model": "BertForSequenceClassification", "tokenizer": "TokenizersBackend"}),
        ("acme/tiny-bert-bin-sharded", "AutoModel.from_pretrained", {"model": "BertModel"}),
        ("acme/tiny-gpt-sharded", "", {"model": "GPT2LMHeadModel", "tokenizer": "TokenizersBackend"}),
        ("nice/remote-code", "", {"model": "MyModel"}),
        ("nice/cross-code", "", {"model": "MyModel"}),
    ],
)
def test_a_load_asks_the_hub_for_nothing_more(target: str, entry: str, expected: dict[str, str], hub: Hub) -> None:
    grant = granted(Call(target=target, entry=entry))
    hub.requests.clear()
    objects = Transformers().load(grant)
    kinds = {name: type(value).__name__ for name, value in objects.items()}
    if transformers.__version__.startswith("5."):
        assert kinds == expected
    assert kinds.keys() == expected.keys()
    assert hub.requests == []


def test_an_adapter_and_its_base(hub: Hub) -> None:
    pytest.importorskip("peft")
    grant = granted(Call(target="nice/adapter"))
    # Both move on; the load stays with what was looked at.
    hub.push("nice/adapter", {"adapter_config.json": b'{"base_model_name_or_path": "mallory/tiny-bert-pwned"}'})
    hub.push("acme/tiny-bert", {"config.json": b"{}"})
    hub.requests.clear()
    objects = Transformers().load(grant)
    assert objects["model"].peft_config
    assert set(objects) == {"model", "tokenizer"}
    assert hub.requests == []


def test_the_other_libraries(hub: Hub) -> None:
    pytest.importorskip("sklearn")
    for target, kind in (("acme/tiny-forest", "RandomForestClassifier"), ("someone/full-module", "TinyYolo")):
        grant = granted(Call(target=target))
        hub.requests.clear()
        loader = loader_for(grant.call, listing_of(open_source(target)))
        assert type(loader.load(grant)["model"]).__name__ == kind


def test_files_that_nobody_loads() -> None:
    grant = granted(Call(target="acme/nothing"))
    with pytest.raises(UsageError, match="Nothing is known"):
        loader_for(grant.call, listing_of(open_source("acme/nothing"))).load(grant)


CHANGED = "class MyModel:\n    raise RuntimeError('other code')\n"


def test_code_of_another_repository_stays_at_its_commit(hub: Hub) -> None:
    """`revision` pins the model, and not the code that it takes from another repository: that one has moved on."""
    commit = hub.head("nice/cross-code")
    kwargs = {"revision": commit, "trust_remote_code": True}
    call = Transformers().call_of(AUTO, (transformers.AutoModel, "nice/cross-code"), kwargs)
    assert call is not None
    grant = granted(call)
    hub.push("mallory/code", {"modeling_my.py": CHANGED.encode()})
    with bound(grant, "nice/cross-code", call.entry, kwargs) as pinned:
        assert pinned["code_revision"] != hub.head("mallory/code")
        assert type(transformers.AutoModel.from_pretrained("nice/cross-code", **pinned)).__name__ == "MyModel"


def test_code_of_another_repository_moves_on_without_the_defence(hub: Hub) -> None:
    commit = hub.head("nice/cross-code")
    hub.push("mallory/code", {"modeling_my.py": CHANGED.encode()})
    with pytest.raises(RuntimeError, match="other code"):
        transformers.AutoModel.from_pretrained("nice/cross-code", revision=commit, trust_remote_code=True)


def test_a_branch_that_moved_between_look_and_load(hub: Hub) -> None:
    grant = granted(Call(target="acme/tiny-bert", entry="AutoModel.from_pretrained", revision="main"))
    hub.push("acme/tiny-bert", {"config.json": json.dumps({"model_type": "gpt2"}).encode()})
    args = (transformers.AutoModel, "acme/tiny-bert")
    original = transformers.AutoModel.from_pretrained.__func__
    kwargs = {"revision": "main", "force_download": True}
    model = Transformers().proceed(original, AUTO, args, kwargs, grant)
    assert model.config.model_type == "bert"


def test_code_that_was_not_granted_is_not_trusted() -> None:
    grant = granted(Call(target="acme/tiny-bert", entry="AutoModel.from_pretrained"))
    with bound(grant, "acme/tiny-bert", "AutoModel.from_pretrained", {"trust_remote_code": True}) as pinned:
        assert pinned["trust_remote_code"] is False
        assert pinned["local_files_only"] is True
        assert "code_revision" not in pinned


def test_no_conversion_is_asked_for_while_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    name = "DISABLE_SAFETENSORS_CONVERSION"
    grant = granted(Call(target="acme/tiny-bert-bin", entry="AutoModel.from_pretrained"))
    for before in (None, "0"):
        monkeypatch.delenv(name, raising=False)
        if before is not None:
            monkeypatch.setenv(name, before)
        with bound(grant, "acme/tiny-bert-bin", "AutoModel.from_pretrained", {}):
            with bound(grant, "acme/tiny-bert-bin", "AutoModel.from_pretrained", {}):
                assert os.environ[name] == "1"
            assert os.environ[name] == "1"
        assert os.environ.get(name) == before


@pytest.mark.parametrize("name", ["NoSuchModel", "__version__", "pipeline.x", "logging"])
def test_a_class_that_transformers_does_not_have(name: str) -> None:
    grant = granted(Call(target="acme/tiny-bert"))
    with pytest.raises(UsageError, match="no class"):
        Transformers().load(replace(grant, call=Call(target="acme/tiny-bert", entry=name)))


def test_an_architecture_that_is_no_model(hub: Hub) -> None:
    """A config names what it likes: only a model class of transformers is taken from there."""
    bert = json.loads(open_source("acme/tiny-bert").open("config.json").read_at(0, 99_999))
    hub.push("acme/tiny-bert", {"config.json": json.dumps({**bert, "architectures": ["pipeline"]}).encode()})
    assert type(Transformers().load(granted(Call(target="acme/tiny-bert")))["model"]).__name__ == "BertModel"
