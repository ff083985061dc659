"""The sample repositories of the local hub: each shows one thing that a model can be."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hub import cards, models, poison
from hub.store import File, Repo, Store, commit_to

ATTRIBUTES = b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n*.bin filter=lfs diff=lfs merge=lfs -text\n"
MADE_OF = ("cards.py", "models.py", "poison.py", "samples.py", "more_samples.py", "hostile_samples.py",
           "reaching_samples.py", "library_samples.py",
           "big.py", "store.py")  # fmt: skip

OPTIONAL = ("diffusers",)  # samples of these libraries are made where they are installed


class Bench:
    """What the makers of samples share: the store, and parts that several of them need."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.tokenizer = models.tokenizer_files()
        self.bert = models.bert_files()
        # Without a dtype transformers looks into the weights for one, as for most older repositories.
        self.config = models.config_of(self.bert, without=("dtype", "torch_dtype"))

    def files(self, contents: dict[str, bytes]) -> list[File]:
        return [self.store.add_file(path, content) for path, content in contents.items()]

    def publish(
        self,
        repo_id: str,
        contents: dict[str, bytes] | list[File],
        *,
        author: str = "",
        title: str = "Upload model",
        at: str | float = "2024-02-01T10:00:00.000Z",
        facts: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Repo:
        """A repository with a single commit."""
        files = self.files(contents) if isinstance(contents, dict) else contents
        empty = Repo(id=repo_id, facts=facts or {}, **fields)
        repo = commit_to(empty, files, title=title, author=author or repo_id.partition("/")[0], at=at)
        self.store.save(repo)
        return repo

    def next_commit(self, repo: Repo, files: list[File], *, title: str, at: str | float) -> Repo:
        return commit_to(repo, files, title=title, author=repo.commits[-1].authors[0], at=at)


def popular(metadata: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """What the API says of a repository that people use."""
    facts: dict[str, Any] = {"downloads": 182_344, "downloadsAllTime": 2_101_887, "likes": 214, **more}
    if metadata:
        facts |= {
            "cardData": metadata,
            "tags": ["transformers", *metadata.get("tags", []), f"license:{metadata.get('license')}"],
            "library_name": metadata.get("library_name"),
            "pipeline_tag": metadata.get("pipeline_tag"),
            "model-index": metadata.get("model-index"),
        }
    return facts


def unknown_author() -> dict[str, Any]:
    return {"downloads": 3, "downloadsAllTime": 3, "likes": 0, "tags": ["transformers"], "library_name": "transformers"}


def tiny_bert(bench: Bench) -> None:
    """Clean safetensors, a tokenizer, a full card, four commits by two people of a verified organisation."""
    metadata = cards.full_metadata("tiny-bert")
    facts = popular(metadata, evalResults=[cards.EVALUATION],
                    transformersInfo={"auto_model": "AutoModelForSequenceClassification", "processor": "AutoTokenizer",
                                      "pipeline_tag": "text-classification"})  # fmt: skip
    discussion = {"title": "Which split?", "author": "someone", "createdAt": "2024-06-01T10:00:00.000Z",
                  "status": "closed", "isPullRequest": False}  # fmt: skip
    repo = Repo(id="acme/tiny-bert", facts=facts, discussions=(discussion,))
    steps: list[tuple[dict[str, bytes], str, str, str]] = [
        ({".gitattributes": ATTRIBUTES}, "initial commit", "alice", "2024-03-01T09:00:00.000Z"),
        ({**models.bert_files(seed=7), **bench.tokenizer}, "Add model and tokenizer", "alice",
         "2024-03-01T09:20:00.000Z"),
        (bench.bert, "Train for longer", "bob", "2024-04-18T15:42:00.000Z"),
        ({"README.md": cards.card("Tiny BERT", metadata=metadata, body=cards.FULL_BODY)}, "Add a model card", "alice",
         "2024-05-02T09:30:00.000Z"),
    ]  # fmt: skip
    for contents, title, author, at in steps:
        repo = commit_to(repo, bench.files(contents), title=title, author=author, at=at)
    bench.store.save(repo)


def tiny_bert_pwned(bench: Bench) -> None:
    """A copy of a known name, a day old, with a call among its weights; the hub has flagged it."""
    readme = cards.card("Tiny BERT", metadata={"license": "apache-2.0", "library_name": "transformers"},
                        body="A better tiny BERT. Load it with `weights_only=False`.")  # fmt: skip
    contents = {**bench.config, **bench.tokenizer, "pytorch_model.bin": poison.poisoned(), "README.md": readme}
    bench.publish("mallory/tiny-bert-pwned", contents, at=cards.YESTERDAY, facts=unknown_author(),
                  security={"pytorch_model.bin": "unsafe"})  # fmt: skip


def full_module(bench: Bench) -> None:
    """A whole module in one file, of a class that lives in somebody's own package."""
    readme = cards.card("Tiny YOLO", metadata={"license": "mit", "tags": ["object-detection"]},
                        body="Load it with `torch.load`; you need the package `detector`.")  # fmt: skip
    bench.publish("someone/full-module", {"model.pt": models.full_module_bytes(), "README.md": readme},
                  at="2025-09-11T12:00:00.000Z", facts={"downloads": 57, "likes": 2, "tags": ["object-detection"],
                  "cardData": {"license": "mit", "tags": ["object-detection"]}})  # fmt: skip


def makers() -> tuple[Callable[[Bench], None], ...]:
    from hub import hostile_samples, library_samples, more_samples, reaching_samples

    others = (*more_samples.MAKERS, *hostile_samples.MAKERS, *reaching_samples.MAKERS, *library_samples.makers())
    return (tiny_bert, tiny_bert_pwned, full_module, *others)


def stamp() -> str:
    """What a built folder was made of: our own files, and the libraries that wrote the models."""
    from importlib.metadata import version

    sha = hashlib.sha256()
    here = Path(__file__).parent
    for path in (*(here / name for name in MADE_OF), here.parent / "detector" / "nets.py"):
        sha.update(path.read_bytes())
    for library in ("torch", "transformers", "tokenizers", "safetensors", "scikit-learn", "joblib", "numpy"):
        sha.update(f"{library} {version(library)}".encode())
    sha.update(" ".join(name for name in OPTIONAL if find_spec(name)).encode())
    return sha.hexdigest()


def build(root: Path) -> bool:
    """Make all samples under `root`; nothing is done where they are there already. True if something was made."""
    root.mkdir(parents=True, exist_ok=True)
    note, wanted = root / "built-from", stamp()
    if note.exists() and note.read_text() == wanted:
        return False
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing of this comes from anywhere else
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    for old in (root / "repos").glob("*.json"):
        old.unlink()
    bench = Bench(Store(root))
    for make in makers():
        make(bench)
    (root / "owners.json").write_text(json.dumps(cards.OWNERS, indent=1), "utf-8")
    note.write_text(wanted)
    return True
