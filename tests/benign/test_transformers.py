# ruff: noqa: E501 -- one case a line
"""What transformers and peft write with torch.save or pickle is allowed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker
from tests.scanners.conftest import saved

from .judging import Suite

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXT = {"vocab_size": 32, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
        "max_position_embeddings": 16, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}  # fmt: skip
GPT = {"vocab_size": 32, "n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16}
T5 = {"vocab_size": 32, "d_model": 8, "d_kv": 4, "d_ff": 16, "num_layers": 1, "num_heads": 2}
BART = {"vocab_size": 32, "d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_position_embeddings": 16,
        "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1}  # fmt: skip
VIT = {"image_size": 8, "patch_size": 4, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2,
       "intermediate_size": 16}  # fmt: skip
GROUPED = {**TEXT, "num_key_value_heads": 1, "head_dim": 4}

# Configuration, its arguments, model.
ARCHITECTURES: dict[str, tuple[str, dict[str, Any], str]] = {
    "BERT": ("BertConfig", TEXT, "BertModel"),
    "BERT for classification": ("BertConfig", TEXT, "BertForSequenceClassification"),
    "RoBERTa": ("RobertaConfig", TEXT, "RobertaForMaskedLM"),
    "XLM-RoBERTa": ("XLMRobertaConfig", TEXT, "XLMRobertaForTokenClassification"),
    "DistilBERT": ("DistilBertConfig", {"vocab_size": 32, "dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 16}, "DistilBertForQuestionAnswering"),
    "ELECTRA": ("ElectraConfig", {**TEXT, "embedding_size": 8}, "ElectraModel"),
    "ALBERT": ("AlbertConfig", {**TEXT, "embedding_size": 8}, "AlbertModel"),
    "DeBERTa": ("DebertaV2Config", TEXT, "DebertaV2ForSequenceClassification"),
    "ModernBERT": ("ModernBertConfig", {**TEXT, "cls_token_id": 1, "sep_token_id": 2}, "ModernBertModel"),
    "GPT-2": ("GPT2Config", GPT, "GPT2LMHeadModel"),
    "GPT-Neo-X": ("GPTNeoXConfig", TEXT, "GPTNeoXForCausalLM"),
    "Llama": ("LlamaConfig", GROUPED, "LlamaForCausalLM"),
    "Mistral": ("MistralConfig", GROUPED, "MistralForCausalLM"),
    "Mixtral": ("MixtralConfig", {**GROUPED, "num_local_experts": 2}, "MixtralForCausalLM"),
    "Qwen2": ("Qwen2Config", GROUPED, "Qwen2ForCausalLM"),
    "Qwen3": ("Qwen3Config", GROUPED, "Qwen3ForCausalLM"),
    "Gemma": ("GemmaConfig", GROUPED, "GemmaForCausalLM"),
    "Phi-3": ("Phi3Config", GROUPED, "Phi3ForCausalLM"),
    "Falcon": ("FalconConfig", {"vocab_size": 32, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}, "FalconForCausalLM"),
    "OPT": ("OPTConfig", {**TEXT, "ffn_dim": 16, "word_embed_proj_dim": 8}, "OPTForCausalLM"),
    "BLOOM": ("BloomConfig", {"vocab_size": 32, "hidden_size": 8, "n_layer": 1, "n_head": 2}, "BloomForCausalLM"),
    "Mamba": ("MambaConfig", {"vocab_size": 32, "hidden_size": 8, "num_hidden_layers": 1, "state_size": 4}, "MambaForCausalLM"),
    "T5": ("T5Config", T5, "T5ForConditionalGeneration"),
    "BART": ("BartConfig", BART, "BartForConditionalGeneration"),
    "Marian": ("MarianConfig", BART, "MarianMTModel"),
    "Whisper": ("WhisperConfig", {**BART, "num_mel_bins": 4, "max_source_positions": 8, "max_target_positions": 8}, "WhisperForConditionalGeneration"),
    "ViT": ("ViTConfig", VIT, "ViTForImageClassification"),
    "DeiT": ("DeiTConfig", VIT, "DeiTModel"),
    "BEiT": ("BeitConfig", VIT, "BeitModel"),
    "DINOv2": ("Dinov2Config", VIT, "Dinov2Model"),
    "Swin": ("SwinConfig", {"image_size": 8, "patch_size": 2, "embed_dim": 4, "depths": [1], "num_heads": [2], "window_size": 2}, "SwinModel"),
    "ConvNeXt": ("ConvNextConfig", {"hidden_sizes": [4, 8], "depths": [1, 1], "num_stages": 2}, "ConvNextModel"),
    "ResNet": ("ResNetConfig", {"embedding_size": 4, "hidden_sizes": [4, 8], "depths": [1, 1]}, "ResNetForImageClassification"),
    "SegFormer": ("SegformerConfig", {"hidden_sizes": [4, 8], "depths": [1, 1], "num_encoder_blocks": 2, "num_attention_heads": [1, 2]}, "SegformerModel"),
    "CLIP": ("CLIPConfig", {"text_config": TEXT, "vision_config": VIT, "projection_dim": 4}, "CLIPModel"),
    "SigLIP": ("SiglipConfig", {"text_config": TEXT, "vision_config": VIT}, "SiglipModel"),
}  # fmt: skip


def _model(config: str, arguments: dict[str, Any], model: str) -> Any:
    return getattr(transformers, model)(getattr(transformers, config)(**arguments))


def _fast() -> Any:
    import tokenizers
    from tokenizers import models, pre_tokenizers

    made = tokenizers.Tokenizer(models.WordLevel({"[UNK]": 0, "one": 1, "two": 2}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", pad_token="[UNK]")


def _arguments() -> Any:
    pytest.importorskip("accelerate")
    return transformers.TrainingArguments(output_dir="out", report_to=[], learning_rate=1e-4)


def _adapted() -> Any:
    peft = pytest.importorskip("peft")
    model = _model("BertConfig", TEXT, "BertModel")
    return peft.get_peft_model(model, peft.LoraConfig(target_modules=["query", "value"]))


def _schedule() -> Any:
    model = _model("BertConfig", TEXT, "BertModel")
    optimiser = torch.optim.AdamW(model.parameters())
    schedule = transformers.get_linear_schedule_with_warmup(optimiser, 2, 10)
    return {"optimizer": optimiser.state_dict(), "scheduler": schedule.state_dict(), "epoch": 1}


def _outputs(model: Any) -> Any:
    return model(torch.ones(1, 4, dtype=torch.long))


OTHERS: dict[str, Callable[[], Any]] = {
    "a model's output": lambda: _outputs(_model("BertConfig", TEXT, "BertModel")),
    "output of a causal model, with its cache": lambda: _outputs(_model("GPT2Config", GPT, "GPT2LMHeadModel")),
    "training arguments": _arguments,
    "training arguments for sequences": lambda: transformers.Seq2SeqTrainingArguments(output_dir="out", report_to=[]),
    "fast tokenizer": _fast,
    "what a tokenizer gives": lambda: _fast()(["one two", "two"], padding=True, return_tensors="pt"),
    "features": lambda: transformers.BatchFeature({"pixel_values": torch.ones(1, 3)}),
    "generation settings": lambda: transformers.GenerationConfig(max_new_tokens=5),
    "added token": lambda: transformers.AddedToken("[X]", special=True),
    "feature extractor": lambda: transformers.WhisperFeatureExtractor(feature_size=4),
    "image processor": lambda: transformers.ViTImageProcessor(),
    "optimizer and schedule": _schedule,
    "adapter": _adapted,
    "adapter's settings": lambda: pytest.importorskip("peft").LoraConfig(r=4),
    "a layer of GPT-2": lambda: transformers.pytorch_utils.Conv1D(2, 3),
    "trainer state": lambda: transformers.TrainerState(epoch=1.0),
}
# Models with weight norm are never pickled whole: torch refuses.
CONFIGS = sorted({config for config, _, _ in ARCHITECTURES.values()} | {"HubertConfig", "Wav2Vec2Config"})
CASES: dict[str, Callable[[], Any]] = {
    **{name: (lambda parts=parts: _model(*parts)) for name, parts in ARCHITECTURES.items()},
    **{name: (lambda name=name: getattr(transformers, name)()) for name in CONFIGS},
    **OTHERS,
}
ASKS: dict[str, str] = {
    "Mamba": "It keeps a hook, which torch wraps in a class that calls what its state holds.",
    "adapter": "A model with adapters can be asked to load another from where its state says.",
}


def write(value: Any) -> list[bytes]:
    """As checkpoints in both forms; what holds no tensor also as a plain pickle."""
    written = [saved(value), saved(value, _use_new_zipfile_serialization=False)]
    plain = pickle.dumps(value)
    return written if b"_load_from_bytes" in plain else [*written, plain, pickle.dumps(value, 2)]


SUITE = Suite(library="transformers and peft", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    SUITE.check(name, worker)
