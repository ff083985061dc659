"""torch: programs in a file (TorchScript, exported, compiled), which run without any unpickler of Python."""

from __future__ import annotations

from safeload.guard.interface import Entry, Grant
from safeload.guard.loaders.singlefile import SingleFile
from safeload.lean import Any, Mapping


class TorchScript(SingleFile):
    name = "torch.jit"
    argument = "f"
    as_path = True
    entries = (
        *Entry.at("torch.jit", "load"),
        *Entry.at("torch.jit._serialization", "load", "jit_module_from_flatbuffer"),
        *Entry.at("torch.jit.mobile", "_load_for_lite_interpreter"),
    )


class TorchScriptBelow(SingleFile):
    """What `torch.jit.load` calls: whoever bound it before the guard was on comes by here."""

    name = "torch.jit.below"
    argument = "filename"
    position = 1
    entries = Entry.at("torch._C", "import_ir_module", "import_ir_module_from_buffer")


class TorchScriptMobile(SingleFile):
    """The same for what is made for phones."""

    name = "torch.jit.mobile"
    argument = "filename"
    entries = Entry.at(
        "torch._C",
        "_load_for_lite_interpreter",
        "_load_for_lite_interpreter_from_buffer",
        "_load_jit_module_from_file",
        "_load_jit_module_from_bytes",
    )


class TorchExport(SingleFile):
    name = "torch.export"
    argument = "f"
    suffixes = (".pt2",)
    by_suffix = True
    entries = Entry.at("torch.export", "load") + Entry.at("torch.export.pt2_archive._package", "load_pt2")
    # Weights are raw, or read by `torch.load`, which is guarded by itself.


class TorchCompiled(SingleFile):
    """AOTInductor: a library for the machine, which loading starts."""

    name = "torch.aoti"
    argument = "path"
    by_suffix = True
    entries = (
        *Entry.at("torch._inductor", "aoti_load_package"),
        *Entry.at("torch._inductor.package.package", "load_package"),
        *Entry.at("torch._inductor.package", "load_package"),
    )


class TorchPackage(SingleFile):
    """`PackageImporter` imports Python from the archive, later too: all of it is decided on when it is opened."""

    name = "torch.package"
    argument = "file_or_buffer"
    position = 1
    keeps = True
    entries = Entry.at("torch.package.package_importer", "PackageImporter.__init__")

    def concerns(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
        target = self.target(args, kwargs)
        return type(target).__name__ != "PyTorchFileReader"  # opened already, in torch's own code

    def load(self, grant: Grant) -> Mapping[str, Any]:
        from torch.package import PackageImporter

        (path,) = grant.files.values()
        return {"importer": PackageImporter(path)}
