"""Archives that hold programs: TorchScript, torch.export, torch.package. Ordinary ones ask nothing."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from safeload.parsers.facts import Mention, Part
from safeload.scanners.interface import Report, Unscanned
from safeload.scanners.pt2 import Pt2Scanner
from safeload.scanners.torchscript import TorchScriptScanner
from safeload.sources.interface import Artifact
from tests.builders.opcodes import evil

pytestmark = pytest.mark.heavy

torch = pytest.importorskip("torch")
nn = torch.nn
Look = Callable[..., Report]


class Everyday(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.drop = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.1)
        self.names, self.rnn = ["a", "b"], nn.LSTM(2, 2, batch_first=True)
        self.blocks = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])

    def forward(self, x):  # type: ignore[no-untyped-def]
        y = self.drop(self.norm(self.conv(x)).relu().mean((2, 3)))
        for block in self.blocks:
            y = block(y) if y.sum() > 0 else y + 1
        assert y.shape[0] > 0, f"odd {y.shape}: torch.save is no operator here"
        out, _ = self.rnn(y.unsqueeze(1))
        return {"a": out, self.names[1]: y}["a"]


class Saves(nn.Module):
    """Its state is set while it is loaded, by a function of its own."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def forward(self, x):  # type: ignore[no-untyped-def]
        return x

    @torch.jit.export
    def __getstate__(self):  # type: ignore[no-untyped-def]
        return (self.path, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]):  # type: ignore[no-untyped-def]
        self.path = state[0]
        self.training = state[1]
        torch.save(torch.zeros(1), self.path)


def scripted(module: object) -> bytes:
    made = io.BytesIO()
    torch.jit.save(module, made)
    return made.getvalue()


def exported(module: object, given: tuple[object, ...], **options: object) -> bytes:
    made = io.BytesIO()
    torch.export.save(torch.export.export(module, given, **options), made)
    return made.getvalue()


def changed(content: bytes, member: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one member rewritten."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, change(data) if name.endswith(member) else data)
    return made.getvalue()


def run(code: str, content: bytes, folder: Path) -> None:
    path = folder / "loaded.pt2"
    path.write_bytes(content)
    subprocess.run(
        [sys.executable, "-c", f"import torch; path = {str(path)!r}\n{code}"], timeout=100, capture_output=True
    )


def is_clean(report: Report) -> bool:
    return not report.findings and not any(isinstance(result, Unscanned) for result in report.results)


def rules(report: Report) -> set[str]:
    return {finding.rule.id for finding in report.findings}


def test_ordinary_programs_ask_nothing(look: Look) -> None:
    x = torch.rand(2, 1, 8, 8)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 3))
    made = {
        "script": scripted(torch.jit.script(Everyday())),
        "frozen": scripted(torch.jit.freeze(torch.jit.script(Everyday().eval()))),
        "trace": scripted(torch.jit.trace(net, x)),
        "attention": scripted(torch.jit.script(nn.TransformerEncoderLayer(8, 2, 16))),
        "gru": scripted(torch.jit.script(nn.GRU(2, 2))),
        "function": scripted(torch.jit.script(lambda_of_torch)),
        "export": exported(net, (x,)),
        "sizes": exported(
            nn.Sequential(nn.Linear(8, 3), nn.BatchNorm1d(3)), (torch.rand(4, 8),),
            dynamic_shapes=({0: 2 * torch.export.Dim("half", min=2, max=64)},),
        ),
    }  # fmt: skip
    for name, content in made.items():
        report = look(content, name=f"{name}.pt2" if name in ("export", "sizes") else f"{name}.pt")
        assert is_clean(report), (name, report.findings, report.results)


def lambda_of_torch(x):  # type: ignore[no-untyped-def]
    return torch.cat([x.sin(), x], 0)[:, 1:].contiguous().clamp(min=0).to(torch.float16)


def test_a_program_that_writes_while_it_is_loaded(look: Look, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    content = scripted(torch.jit.script(Saves(str(marker))))
    assert "torchscript-effect" in rules(look(content))
    run("torch.jit.load(path)", content, tmp_path)
    assert marker.exists()


def test_the_same_by_another_way_to_its_name(look: Look, tmp_path: Path) -> None:
    plain = scripted(torch.jit.script(Saves("x")))
    for way in (b'getattr(_x, "save")', b"(_x).save", b"ops.aten.save", b"_t = torch\n    _t.save", b"torch . save"):
        content = changed(plain, "test_torch_programs.py", lambda source, way=way: source.replace(b"torch.save", way))
        found = rules(look(content))
        assert found & {"torchscript-effect", "torchscript-unknown-operator"}, way
    hidden = b'getattr(_x, "sa\\166e")'
    content = changed(plain, "test_torch_programs.py", lambda source: source.replace(b"torch.save", hidden))
    assert "torchscript-unknown-operator" in rules(look(content))


@pytest.mark.parametrize(
    ("mention", "rule"),
    [
        (Mention(kind="script-operator", text="ops.image.read_file"), "torchscript-effect"),
        (Mention(kind="script-operator", text="torch.from_file"), "torchscript-effect"),
        (Mention(kind="script-operator", text="ops.mylib.compute"), "torchscript-unknown-operator"),
        (Mention(kind="script-operator", text="torch.os.system"), "torchscript-unknown-operator"),
        (Mention(kind="script-operator", text="torch"), "torchscript-unknown-operator"),
        (Mention(kind="script-class", text="__torch__.torch.classes.dist_rpc.WorkerInfo"), "torchscript-effect"),
        (Mention(kind="script-call", text="rpc_sync"), "torchscript-effect"),
        (Mention(kind="script-call", text="odd"), "torchscript-unknown-operator"),
        (Mention(kind="script-method", text="odd"), "torchscript-unknown-operator"),
        (Mention(kind="script-method", text="save", where="defined"), "torchscript-effect"),
        (Mention(kind="script-method", text="odd", where="defined"), ""),
        (Mention(kind="script-attribute", text="weight"), ""),
        (Mention(kind="script-operator", text="ops.torchvision.nms"), ""),
    ],
)
def test_names_of_programs_are_judged_by_a_list(mention: Mention, rule: str) -> None:
    part = Part(format="torchscript", mentions=(mention,))
    found = TorchScriptScanner().judge(part, Artifact(path="m.pt"))
    assert [one.rule.id for one in found] == ([rule] if rule else [])


def test_a_pickle_of_a_script_that_names_more_than_torch(look: Look, tmp_path: Path) -> None:
    content = changed(scripted(torch.jit.script(Everyday())), "data.pkl", lambda _: evil(tmp_path / "marker"))
    assert "pickle-dangerous-call" in rules(look(content))


def test_an_expression_that_is_evaluated(look: Look, tmp_path: Path) -> None:
    """`torch.export.load` gives it to sympy, which evaluates it."""
    marker = tmp_path / "marker"
    sizes = ({0: torch.export.Dim("batch", min=2, max=64)},)
    plain = exported(nn.Linear(8, 3), (torch.rand(4, 8),), dynamic_shapes=sizes)
    attack = f"__import__('pathlib').Path('{marker}').touch()".encode()

    def change(source: bytes) -> bytes:
        import re

        return re.sub(rb"Symbol\('s\d+', positive=True, integer=True\)", attack, source)

    content = changed(plain, "models/model.json", change)
    assert "export-evaluated-text" in rules(look(content, name="m.pt2"))
    run("torch.export.load(path)", content, tmp_path)
    assert marker.exists()


@pytest.mark.parametrize(
    ("kind", "text", "rule"),
    [
        ("export-target", "torch.os.system", "export-evaluated-text"),
        ("export-target", "torch.ops.mylib.compute.default", "export-unknown-operator"),
        ("export-target", "torch.ops.aten.from_file.default", "export-unknown-operator"),
        ("export-target", "torch.ops.aten.__class__.mro", "export-unknown-operator"),
        ("export-target", "_operator.attrgetter", "export-evaluated-text"),
        ("export-target", "_operator.add", ""),
        ("export-target", "torch.ops.aten.add.Tensor", ""),
        ("export-type", "collections.defaultdict", "export-unknown-operator"),
        ("export-expression", "Max(1, s0//2) + 2*s1", ""),
        ("export-expression", "().__class__", "export-evaluated-text"),
        ("export-expression", "Symbol('os')", "export-evaluated-text"),
        ("export-expression", "s0.a", "export-evaluated-text"),
        ("export-expression", "[s0]", "export-evaluated-text"),
        ("export-expression", "", "export-evaluated-text"),
        ("export-guard", "L['x'].size()", "export-evaluated-text"),
        ("native-code", "data/aotinductor/model/m.so", "export-native-code"),
    ],
)  # fmt: skip
def test_what_an_exported_program_says_is_judged_by_lists(kind: str, text: str, rule: str) -> None:
    part = Part(format="pt2", mentions=(Mention(kind=kind, text=text),))
    assert [one.rule.id for one in Pt2Scanner().judge(part, Artifact(path="m.pt2"))] == ([rule] if rule else [])


def test_a_package_brings_code(look: Look, tmp_path: Path) -> None:
    from torch.package import PackageExporter

    marker = tmp_path / "marker"
    path = tmp_path / "package.pt"
    with PackageExporter(str(path)) as made:
        made.save_source_string("mine", f"open({str(marker)!r}, 'w')\n")
        made.save_text("notes", "a.txt", "text")
    content = path.read_bytes()
    assert "package-code" in rules(look(content))
    run("torch.package.PackageImporter(path).import_module('mine')", content, tmp_path)
    assert marker.exists()


def test_a_compiled_library_is_named(look: Look) -> None:
    plain = exported(nn.Linear(2, 2), (torch.rand(1, 2),))
    made = io.BytesIO(plain)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("archive/data/aotinductor/model/x.so", b"\x7fELF" + bytes(100))
    report = look(made.getvalue(), name="m.pt2")
    assert "export-native-code" in rules(report)


def test_the_program_for_mobile_devices_is_a_gap(look: Look) -> None:
    made = io.BytesIO(scripted(torch.jit.script(Everyday())))
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("archive/bytecode.pkl", b"\x80\x02).")
    assert any(isinstance(result, Unscanned) for result in look(made.getvalue()).results)


def mobile(
    *, operators: object = (("aten::relu", "", 1),), names: object = (), types: object = (), **more: object
) -> bytes:
    """A scripted module with a program for mobile devices that was changed behind its back."""
    instructions = (("STORE", 1, 0), ("MOVE", 1, 0), ("OP", 0, 0), *more.get("instructions", ()), ("RET", 0, 0))  # type: ignore[misc]
    table = (
        ("instructions", instructions), ("operators", operators), ("constants", names), ("types", types),
        ("register_size", 2),
    )  # fmt: skip
    made = io.BytesIO(scripted(torch.jit.script(Everyday())))
    with zipfile.ZipFile(made, "a") as archive:
        program = more.get("program", pickle.dumps((8, ("__torch__.M.forward", table)), protocol=2))
        archive.writestr("archive/bytecode.pkl", program)  # type: ignore[arg-type]
    return made.getvalue()


def test_what_torch_writes_for_mobile_devices_is_allowed(look: Look) -> None:
    written = torch.jit.script(Everyday().eval())._save_to_buffer_for_lite_interpreter()
    for content in (written, mobile()):
        report = look(content)
        assert not report.findings
        assert not any(isinstance(result, Unscanned) for result in report.results)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"operators": (("aten::from_file", "", 2),)}, "torchscript-effect"),
        ({"operators": (("mine::nothing", "", 1),)}, "torchscript-unknown-operator"),
        ({"types": ("__torch__.torch.classes.dist_rpc.WorkerInfo",)}, "torchscript-effect"),
        ({"names": ("nobody_knows",), "instructions": (("INTERFACE_CALL", 0, 1),)}, "torchscript-unknown-operator"),
    ],
    ids=["effect", "unknown", "class", "method"],
)
def test_what_only_the_program_for_mobile_devices_names(change: dict[str, object], rule: str, look: Look) -> None:
    assert rule in rules(look(mobile(**change)))


@pytest.mark.parametrize(
    "change",
    [
        {"instructions": (("FORK", 0, 0),)},
        {"instructions": (("INTERFACE_CALL", 9, 1),)},
        {"operators": (("aten::relu.x y", "", 1),)},
        {"operators": [("aten::relu", "", 1)]},
        {"types": (7,)},
        {"program": pickle.dumps((8, ("f", (("code", "x"),))), protocol=2)},
        {"program": pickle.dumps((8, ("f", (("operators", ()),) * 5)), protocol=2)},
        {"program": pickle.dumps((print, ("f",)), protocol=2)},
        {"program": b"\x80\x02(."},
    ],
)
def test_a_program_for_mobile_devices_that_torch_does_not_write(change: dict[str, object], look: Look) -> None:
    assert any(isinstance(result, Unscanned) for result in look(mobile(**change)).results)


def test_the_operator_does_run_there(tmp_path: Path) -> None:
    """`torch.jit.load` would not run it, the interpreter for mobile devices does."""
    code = "from torch.jit.mobile import _load_for_lite_interpreter as load; load(path)(__import__('torch').ones(1))"
    path = tmp_path / "m.ptl"
    path.write_bytes(mobile(operators=(("aten::no_such_operator", "", 1),)))
    done = subprocess.run(
        [sys.executable, "-c", f"path = {str(path)!r}; {code}"], capture_output=True, text=True, timeout=120
    )
    assert "no_such_operator" in done.stderr
