"""ExecuTorch: a program that names an operator which the runtime does not have."""

from __future__ import annotations

import struct

import torch


class Adds(torch.nn.Module):
    def forward(self, x):
        return x + 1


def make(folder):
    from executorch.exir import to_edge

    program = to_edge(torch.export.export(Adds(), (torch.ones(2),))).to_executorch().buffer
    (folder / "plain.pte").write_bytes(program)
    (folder / "operator.pte").write_bytes(program.replace(b"aten::add", b"evil::run"))
    (folder / "root.pte").write_bytes(struct.pack("<I", 0x7FFFFF00) + program[4:])


def use(folder, name):
    from executorch.runtime import Runtime

    program = Runtime.get().load_program(str(folder / name))
    return program.load_method("forward").execute([torch.ones(2)])[0].tolist()
