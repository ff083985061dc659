"""Tiny models made on the spot, the same bytes every time."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

WORDS = ["the", "a", "model", "film", "was", "is", "very", "good", "bad", "great", "poor", "not", "and", "of", "it"]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HIDDEN = 32


def tokenizer_files() -> dict[str, bytes]:
    """A WordPiece tokenizer over a few words and all letters."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,!?'-"]
    vocabulary = list(dict.fromkeys([*SPECIAL, *WORDS, *letters, *(f"##{c}" for c in letters)]))
    numbered = {word: i for i, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(numbered, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", numbered["[CLS]"]), ("[SEP]", numbered["[SEP]"])],
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=64,
    )
    return _saved(fast)


def bert(seed: int = 0) -> Any:
    """A BertForSequenceClassification that tells nothing from nothing."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(seed)
    return BertForSequenceClassification(
        BertConfig(
            vocab_size=128,
            hidden_size=HIDDEN,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
            id2label={0: "negative", 1: "positive"},
            label2id={"negative": 0, "positive": 1},
        )
    ).eval()


def bert_files(seed: int = 0) -> dict[str, bytes]:
    return _saved(bert(seed))


def gpt_files() -> dict[str, bytes]:
    """A GPT-2 in several safetensors files with an index."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    config = GPT2Config(
        vocab_size=128, n_positions=64, n_embd=HIDDEN, n_layer=2, n_head=2, bos_token_id=2, eos_token_id=3
    )
    return _saved(GPT2LMHeadModel(config).eval(), max_shard_size="60KB")


def config_of(files: dict[str, bytes], *, without: tuple[str, ...] = (), **more: Any) -> dict[str, bytes]:
    config = {k: v for k, v in json.loads(files["config.json"]).items() if k not in without} | more
    return {"config.json": json.dumps(config, indent=2).encode()}


def torch_bytes(value: Any) -> bytes:
    """What `torch.save` writes."""
    import torch

    # The archive's inner folder is named after the file: always the same one here.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pytorch_model.bin"
        torch.save(value, path)
        return path.read_bytes()


def legacy_torch_bytes(state: dict[str, Any]) -> bytes:
    """What `torch.save` wrote before it wrote zip archives."""
    import torch

    # Storages lie in the file in the order of their addresses, under their addresses: both differ from run to run.
    tensors = {name: value for name, value in state.items() if isinstance(value, torch.Tensor)}
    storages = sorted((torch.UntypedStorage(0) for _ in tensors), key=lambda storage: str(storage._cdata))
    settled = dict(state)
    for storage, (name, tensor) in zip(storages, tensors.items(), strict=True):
        storage.resize_(tensor.numel() * tensor.element_size())
        settled[name] = torch.empty(0, dtype=tensor.dtype).set_(storage, 0, tensor.shape).copy_(tensor)
    stream = io.BytesIO()
    torch.save(settled, stream, _use_new_zipfile_serialization=False)
    written = stream.getvalue()
    for number, storage in enumerate(storages):
        written = written.replace(_unicode(str(storage._cdata)), _unicode(f"{number:08d}"))
    return written


def _unicode(text: str) -> bytes:
    """A string as a pickle of protocol 2 has it."""
    return b"X" + len(text).to_bytes(4, "little") + text.encode()


def sharded_bin_files() -> dict[str, bytes]:
    """The BERT as two `.bin` files with an index."""
    model = bert()
    state = model.state_dict()
    names = sorted(state)
    halves = [names[: len(names) // 2], names[len(names) // 2 :]]
    files: dict[str, bytes] = config_of(_saved(model))
    weight_map: dict[str, str] = {}
    for number, half in enumerate(halves, start=1):
        path = f"pytorch_model-{number:05d}-of-{len(halves):05d}.bin"
        files[path] = torch_bytes({name: state[name].clone() for name in half})
        weight_map |= dict.fromkeys(half, path)
    total = sum(t.numel() * t.element_size() for t in state.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    return {**files, "pytorch_model.bin.index.json": json.dumps(index, indent=2).encode()}


def full_module_bytes() -> bytes:
    """A whole module, pickled with its class."""
    import torch
    from detector.nets import TinyYolo

    torch.manual_seed(2)
    return torch_bytes(TinyYolo().eval())


def safetensors_bytes(tensors: dict[str, Any]) -> bytes:
    from safetensors.torch import save

    return bytes(save(tensors, metadata={"format": "pt"}))


def adapter_files(base: str) -> dict[str, bytes]:
    """A LoRA adapter in PEFT's layout, written by hand: PEFT is not needed to make it."""
    import torch

    torch.manual_seed(3)
    tensors = {}
    for layer in range(2):
        for part in ("query", "value"):
            name = f"base_model.model.bert.encoder.layer.{layer}.attention.self.{part}"
            tensors[f"{name}.lora_A.weight"] = torch.randn(4, HIDDEN) * 0.02
            tensors[f"{name}.lora_B.weight"] = torch.zeros(HIDDEN, 4)
    config = {
        "base_model_name_or_path": base,
        "bias": "none",
        "inference_mode": True,
        "lora_alpha": 8,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": 4,
        "target_modules": ["query", "value"],
        "task_type": "SEQ_CLS",
    }
    return {
        "adapter_config.json": json.dumps(config, indent=2).encode(),
        "adapter_model.safetensors": safetensors_bytes(tensors),
    }


def forest_bytes() -> bytes:
    """A small random forest, as joblib writes it."""
    import joblib
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier

    random = np.random.default_rng(4)
    inputs = random.normal(size=(60, 4))
    forest = RandomForestClassifier(n_estimators=3, max_depth=3, random_state=0).fit(inputs, inputs[:, 0] > 0)
    stream = io.BytesIO()
    joblib.dump(forest, stream)
    return stream.getvalue()


def _saved(thing: Any, **options: Any) -> dict[str, bytes]:
    """The files that `save_pretrained` writes."""
    with tempfile.TemporaryDirectory() as folder:
        thing.save_pretrained(folder, **options)
        return {p.name: p.read_bytes() for p in sorted(Path(folder).iterdir()) if p.is_file()}
