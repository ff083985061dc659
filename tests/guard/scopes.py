"""Listings in memory, and what a load by transformers would open of them."""

from __future__ import annotations

import json
from typing import Any

from safeload.guard.loaders.transformers import Transformers
from safeload.sources.interface import Call, Listing, Role, Wanted
from tests.sources.fakes import listing

BERT = {"model_type": "bert", "architectures": ["BertModel"]}
CODE = {
    "model_type": "my-own",
    "architectures": ["MyModel"],
    "auto_map": {"AutoConfig": "configuration_my.MyConfig", "AutoModel": "modeling_my.MyModel",
                 "AutoModelForCausalLM": "modeling_lm.MyLM"},
}  # fmt: skip
TRANSFORMERS = Transformers()


def made(config: dict[str, Any] | None = BERT, *names: str, local: bool = False, **contents: Any) -> Listing:
    """A repository with a config, these (empty) files, and these JSON files (`__` is a dot, `___` a slash)."""
    files = dict.fromkeys(names, b"")
    files |= {k.replace("___", "/").replace("__", "."): json.dumps(v).encode() for k, v in contents.items()}
    if config is not None:
        files["config.json"] = json.dumps(config).encode()
    return listing(files, local=local)


def scope(
    of: Listing, entry: str = "", *, trust: bool = False, revision: str | None = None, **options: Any
) -> tuple[Wanted, ...]:
    call = Call(target="acme/model", entry=entry, trust_remote_code=trust, revision=revision, options=options)
    return TRANSFORMERS.scope(call, of)


def weights(of: Listing, entry: str = "AutoModel.from_pretrained", **options: Any) -> list[str]:
    return sorted(w.path for w in scope(of, entry, **options) if w.role is Role.WEIGHTS)


def code(of: Listing, entry: str = "", **more: Any) -> list[str]:
    return sorted(f"{w.repo}:{w.path}" if w.repo else w.path for w in scope(of, entry, **more) if w.role is Role.CODE)
