"""torch: packages with Python in them."""

from __future__ import annotations

from tests.libraries.files import opened
from tests.libraries.payload import Runs

LOADERS = ("torch.package",)
DISTRIBUTION = "torch"
ATTACK = "Python in the archive, or a pickle that calls a function, which no audit event reports"


def make(folder, marker):
    from torch.package import PackageExporter

    for name, value, source in (
        ("pickle.pt", Runs(marker) if marker else {"a": [1, 2.5]}, "VALUE = 1"),
        ("code.pt", 1, f"import os\nos.mkdir({str(marker)!r})\nVALUE = 1" if marker else ""),
    ):
        with PackageExporter(folder / name) as exporter:
            exporter.extern(["os", "posix", "tests.**", "torch.**", "numpy.**"])
            exporter.save_pickle("data", "value.pkl", value)
            if source and (marker or name == "never"):
                exporter.save_source_string("mine", source)


def ways():
    import torch.package
    from torch.package import PackageImporter

    def value(importer):
        return repr(importer.load_pickle("data", "value.pkl"))

    def code(path):
        importer = torch.package.PackageImporter(path)
        if path.parent.name == "evil":
            importer.import_module("mine")
        return value(importer)

    return {
        "torch.package.PackageImporter, load_pickle": (
            "pickle.pt",
            lambda path: value(torch.package.PackageImporter(str(path))),
        ),
        "torch.package.PackageImporter of an open file": (
            "pickle.pt",
            opened(lambda file: value(torch.package.PackageImporter(file))),
        ),
        "torch.package.PackageImporter, import_module": ("code.pt", code),
        "from torch.package import PackageImporter": ("pickle.pt", lambda path: value(PackageImporter(str(path)))),
    }
