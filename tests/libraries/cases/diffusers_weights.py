"""diffusers: LoRA, textual inversion, IP adapters, models in one file."""

from __future__ import annotations

from tests.libraries.anything import taking_anything
from tests.libraries.payload import Runs

LOADERS = ("diffusers.weights",)
DISTRIBUTION = "diffusers"
ATTACK = (
    "weights that are a pickle which calls a function. diffusers itself asks torch for tensors only; here as in "
    "programs where `torch.load` was made to take anything"
)
_WIDTH = 8


def make(folder, marker):
    import torch

    torch.manual_seed(1)
    bad = Runs(marker) if marker else None
    (folder / "vae").mkdir()
    vae().save_config(folder / "vae")
    for name, value in {
        "lora/pytorch_lora_weights.bin": lora(),
        "lora named/own.bin": lora(),
        "word/learned_embeds.bin": {"<cat>": torch.ones(_WIDTH)},
        "images/models/ip.bin": images(),
        "vae/model.ckpt": vae().state_dict(),
    }.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        torch.save(bad or value, place)


def unet():
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=8, block_out_channels=(8,), layers_per_block=1, down_block_types=("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",), cross_attention_dim=_WIDTH, attention_head_dim=2, norm_num_groups=2,
    )  # fmt: skip


def vae():
    from diffusers import AutoencoderKL

    return AutoencoderKL(block_out_channels=(4,), norm_num_groups=2, sample_size=8, latent_channels=4)


def lora():
    import torch

    place = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
    return {f"{place}.lora_A.weight": torch.ones(2, _WIDTH), f"{place}.lora_B.weight": torch.ones(_WIDTH, 2)}


def images():
    """An IP adapter: a projection, and keys and values for each cross attention."""
    import torch

    crossing = [i for i, name in enumerate(unet().attn_processors) if "attn2" in name]
    return {
        "image_proj": {
            "proj.weight": torch.ones(4 * _WIDTH, 4), "proj.bias": torch.ones(4 * _WIDTH),
            "norm.weight": torch.ones(_WIDTH), "norm.bias": torch.ones(_WIDTH),
        },
        "ip_adapter": {f"{i}.to_{which}_ip.weight": torch.ones(8, _WIDTH) for i in crossing for which in "kv"},
    }  # fmt: skip


def pipeline():
    import torch
    from diffusers import DDIMScheduler, StableDiffusionPipeline
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    torch.manual_seed(2)
    text = CLIPTextConfig(hidden_size=_WIDTH, intermediate_size=8, num_attention_heads=2, num_hidden_layers=1,
                          vocab_size=4, max_position_embeddings=8, bos_token_id=0, eos_token_id=1)  # fmt: skip
    vocabulary = {"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2, "b</w>": 3}
    return StableDiffusionPipeline(
        vae=vae(),
        text_encoder=CLIPTextModel(text),
        tokenizer=CLIPTokenizer(vocab=vocabulary, merges=[]),
        unet=unet(),
        scheduler=DDIMScheduler(clip_sample=False, steps_offset=1),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def ways():
    from diffusers import AutoencoderKL

    def with_lora(path):
        made = pipeline()
        made.load_lora_weights(path, **({"weight_name": "own.bin"} if " " in path.name else {}))
        return [made.get_active_adapters(), summed(made.unet, "lora_")]

    def with_adapter(path):
        made = unet()
        made.load_lora_adapter(path, prefix="unet")
        return summed(made, "lora_")

    def with_word(path):
        made = pipeline()
        made.load_textual_inversion(path)
        number = made.tokenizer.convert_tokens_to_ids("<cat>")
        return made.text_encoder.get_input_embeddings().weight[number].tolist()

    def with_images(path):
        made = pipeline()
        made.load_ip_adapter(str(path), subfolder="models", weight_name="ip.bin", image_encoder_folder=None)
        return summed(made.unet, "_ip")

    def single(path):
        made = AutoencoderKL.from_single_file(str(path / "model.ckpt"), config=str(path))
        return summed(made, "")

    def summed(model, part):
        found = [value for name, value in model.state_dict().items() if part in name]
        return [len(found), round(float(sum(value.sum() for value in found)), 3)]

    return {
        "load_lora_weights": ("lora", taking_anything(with_lora)),
        "load_lora_weights, weight_name": ("lora named", taking_anything(with_lora)),
        "load_lora_adapter": ("lora", taking_anything(with_adapter)),
        "load_textual_inversion": ("word", taking_anything(with_word)),
        "load_ip_adapter": ("images", taking_anything(with_images)),
        "from_single_file": ("vae", taking_anything(single)),
    }
