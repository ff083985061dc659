"""GGUF, by its own reader."""

from __future__ import annotations

LOADERS = ("gguf",)
DISTRIBUTION = "gguf"
ATTACK = "a chat template that reaches for Python's internals: reading does not run it, whoever renders it does"
PROTECTED = True
TEMPLATE = "{{ ''.__class__.__mro__[1].__subclasses__() }}"


def make(folder, marker):
    import gguf
    import numpy

    writer = gguf.GGUFWriter(folder / "a.gguf", "llama")
    writer.add_chat_template(TEMPLATE if marker else "{{ messages[0]['content'] }}")
    writer.add_tensor("w", numpy.ones((2, 2), dtype="f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def ways():
    import gguf
    from gguf import GGUFReader

    def used(reader):
        return repr([tensor.data.tolist() for tensor in reader.tensors])

    return {
        "gguf.GGUFReader": ("a.gguf", lambda path: used(gguf.GGUFReader(path))),
        "from gguf import GGUFReader": ("a.gguf", lambda path: used(GGUFReader(str(path)))),
    }
