"""Sample repositories of dishonest people: payloads, lies, text that wants to be more than text."""

from __future__ import annotations

import json
from collections.abc import Callable

from hub import cards, models, poison
from hub.more_samples import code_files, remote_model
from hub.samples import Bench, unknown_author
from hub.store import File


def legacy_payload(bench: Bench) -> None:
    """The poisoned checkpoint in the format before zip; the hub has not looked at it yet."""
    contents = {**bench.config, **bench.tokenizer, "pytorch_model.bin": poison.poisoned(legacy=True)}
    bench.publish("mallory/tiny-bert-legacy-pwned", contents, at=cards.YESTERDAY, facts=unknown_author(),
                  security={"pytorch_model.bin": "unscanned"})  # fmt: skip


def payload_beside(bench: Bench) -> None:
    """Clean safetensors, which a default load opens, beside a poisoned `.bin`, which it does not."""
    contents = {**bench.bert, **bench.tokenizer, "pytorch_model.bin": poison.poisoned()}
    bench.publish("mallory/payload-beside", contents, at=30.0, facts=unknown_author(),
                  security={"pytorch_model.bin": "unsafe"})  # fmt: skip


def evil_code(bench: Bench) -> None:
    """Repository code that acts when it is imported: in the model's own repository, or in another one."""
    evil = code_files(top=poison.SOURCE)
    bench.publish("nice/remote-code-evil", {**remote_model(""), **evil}, at=3.0, facts=unknown_author())
    bench.publish("mallory/code-evil", evil, at=3.0)
    bench.publish("nice/cross-code-evil", remote_model("mallory/code-evil--"), facts=unknown_author())


def liars(bench: Bench) -> None:
    """Files that are not what was announced, or not the same by ranges as whole."""
    around = bench.files({**bench.config, **bench.tokenizer})
    honest = models.bert_files()["model.safetensors"]
    other = models.bert_files(seed=9)["model.safetensors"]
    evil = poison.poisoned()
    clean = poison.innocent_twin(evil)
    add = bench.store.add_file
    lies: dict[str, File] = {
        "mallory/liar": add("model.safetensors", honest, served=other),
        "mallory/two-faced": add("pytorch_model.bin", evil, ranges=clean),
        "mallory/two-faced-quiet": add("pytorch_model.bin", clean, served=evil, ranges=clean),
    }
    for repo_id, file in lies.items():
        bench.publish(repo_id, [*around, file], at=6.0, facts=unknown_author())


def hostile_text(bench: Bench) -> None:
    """Clean weights under a card, names and strings that are full of markup."""
    everything = " ".join(cards.HOSTILE.values())
    config = models.config_of(
        bench.bert,
        id2label={"0": cards.HOSTILE["html"], "1": cards.HOSTILE["rich"]},
        label2id={cards.HOSTILE["html"]: 0, cards.HOSTILE["rich"]: 1},
        _name_or_path=everything,
    )
    metadata = {
        "license": cards.HOSTILE["close"],
        "license_name": cards.HOSTILE["rich"],
        "pipeline_tag": cards.HOSTILE["css"],
        "library_name": cards.HOSTILE["terminal"],
        "datasets": [cards.HOSTILE["html"], cards.HOSTILE["bidi"]],
        "tags": list(cards.HOSTILE.values()),
        "model-index": [
            {
                "name": cards.HOSTILE["html"],
                "results": [
                    {
                        "task": {"type": cards.HOSTILE["css"]},
                        "dataset": {"type": cards.HOSTILE["bidi"], "name": cards.HOSTILE["close"]},
                        "metrics": [{"type": cards.HOSTILE["rich"], "value": cards.HOSTILE["terminal"]}],
                    }
                ],
            }
        ],
    }
    contents = {
        **bench.bert,
        **bench.tokenizer,
        **config,
        "README.md": cards.card(everything, metadata=metadata, body="\n\n".join(cards.HOSTILE.values())),
        # As a file name, as far as names go: no slash in it.
        "<img src=x onerror=document.title='owned'>.txt": b"[red]text[/red]\n",
        "\x1b[31mred\u202egnp.txt": json.dumps(cards.HOSTILE).encode(),
    }
    facts = {**unknown_author(), "cardData": metadata, "tags": list(cards.HOSTILE.values()),
             "library_name": cards.HOSTILE["terminal"], "pipeline_tag": cards.HOSTILE["css"],
             "model-index": metadata["model-index"]}  # fmt: skip
    discussion = {"title": cards.HOSTILE["html"], "author": cards.HOSTILE["rich"], "status": "open",
                  "createdAt": 2.0, "isPullRequest": False}  # fmt: skip
    bench.publish("mallory/hostile-text", contents, at=9.0, title=everything, author=cards.HOSTILE["html"],
                  facts=facts, discussions=(discussion,))  # fmt: skip


MAKERS: tuple[Callable[[Bench], None], ...] = (
    legacy_payload, payload_beside, evil_code, liars, hostile_text,
)  # fmt: skip
