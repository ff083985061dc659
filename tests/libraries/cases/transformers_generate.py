"""transformers: a repository's own way to generate."""

from __future__ import annotations

LOADERS = ("transformers",)
DISTRIBUTION = "transformers"
ATTACK = "`custom_generate/generate.py`, or a file that it imports"
# Code of a repository is asked about, ordinary or not: it runs by design.
ASKED = True


def make(folder, marker):
    run = f"import os\nos.mkdir({str(marker)!r})\n" if marker else ""
    for name, effect in (("own", "generate"), ("inner", "helper")):
        place = folder / name / "custom_generate"
        place.mkdir(parents=True)
        (place / "generate.py").write_text(
            f"{run if effect == 'generate' else ''}from .helper import last\n\n"
            "def generate(model, inputs=None, **kwargs):\n    return last(inputs)\n"
        )
        (place / "helper.py").write_text(f"{run if effect == 'helper' else ''}def last(ids):\n    return ids[:, -1:]\n")


def ways():
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    def generated(path):
        model = GPT2LMHeadModel(
            GPT2Config(n_layer=1, n_head=1, n_embd=8, vocab_size=16, bos_token_id=0, eos_token_id=1)
        )
        words = torch.tensor([[5, 6, 7]])
        return model.generate(words, custom_generate=str(path), trust_remote_code=True).tolist()

    return {
        "generate(custom_generate=…)": ("own", generated),
        "generate(custom_generate=…), an inner module": ("inner", generated),
    }
