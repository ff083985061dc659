"""A llama.cpp of 2023, as ctransformers brings it: headers that its reader of GGUF believed."""

from __future__ import annotations

import struct

from tests.builders import ggufs


def make(folder):
    named = ggufs.pair("general.architecture", ggufs.STRING, ggufs.text("llama"))
    text = ggufs.pair("general.architecture", ggufs.STRING, struct.pack("<Q", 2**64 - 1) + b"A" * 100_000)
    texts = ggufs.pair("a", ggufs.ARRAY, struct.pack("<IQ", ggufs.STRING, 2**60 + 1) + ggufs.text("A" * 8) * 10_000)
    (folder / "plain.gguf").write_bytes(ggufs.gguf([named], []))
    (folder / "text.gguf").write_bytes(ggufs.gguf([text], []))
    (folder / "array.gguf").write_bytes(ggufs.gguf([named, texts], []))
    many = [ggufs.tensor(f"t{number}", (1,)) for number in range(2000)]
    (folder / "tensors.gguf").write_bytes(ggufs.gguf([named], many, count_tensors=188_339_369_966_395_100))


def use(folder, name):
    from ctransformers import LLM

    LLM(str(folder / name), model_type="llama")
