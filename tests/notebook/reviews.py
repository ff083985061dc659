"""Reviews made by hand: what the panel is given, without a hub or a scan."""

from __future__ import annotations

from safeload.parsers.facts import GapReason
from safeload.policy.interface import Action, Reason, Review
from safeload.scanners.interface import Confidence, Finding, How, Location, Result, Rule, Scanned, Severity, Unscanned
from safeload.signals.interface import Dimension, Outcome, Signal
from safeload.sources.interface import Artifact, Call, Digest, OriginKind, Role
from tests.report.samples import review_of

COMMIT = "7fd8ab2" + "0" * 33
DANGEROUS = Rule(
    id="pickle-dangerous-import",
    title="Dangerous name",
    severity=Severity.CRITICAL,
    why="Loading the file calls it.",
    fix="Use a safetensors file of the same model.",
    cwe=502,
)
UNKNOWN = Rule(
    id="pickle-unknown-class",
    title="Unknown class",
    severity=Severity.MEDIUM,
    why="Nobody has vouched for it.",
    fix="Look at its source before you approve it.",
)
PYTHON = """from collections import OrderedDict
from torch._utils import _rebuild_tensor_v2
from os import system
_var0 = OrderedDict()
_var1 = system('touch marker')
_var0['embeddings.weight'] = _rebuild_tensor_v2(UNPICKLER.persistent_load(('storage', 'FloatStorage', '0', 'cpu', 9)))
result = _var0"""


def sha(letter: str) -> Digest:
    return Digest(algorithm="sha256", hex=letter * 64)


def signals(extra: str = "") -> tuple[Signal, ...]:
    return (
        Signal(
            id="organisation",
            dimension=Dimension.TRUST,
            outcome=Outcome.SUPPORTS,
            summary=f"acme{extra} is an organisation that the hub has verified",
            evidence=("14 models", "1 200 followers"),
            observed_at="2026-11-20T15:02:11Z",
        ),
        Signal(
            id="hub-scan",
            dimension=Dimension.TRUST,
            outcome=Outcome.UNKNOWN,
            summary="The hub's own scan was not answered",
        ),
        Signal(
            id="size",
            dimension=Dimension.QUALITY,
            outcome=Outcome.NEUTRAL,
            summary="24 M parameters in float32",
            evidence=("model.safetensors",),
        ),
        Signal(
            id="evaluation",
            dimension=Dimension.QUALITY,
            outcome=Outcome.WEIGHS_AGAINST,
            summary="Claims 71 % accuracy; nothing verifies it",
        ),
    )


def make(
    *,
    name: str,
    artifacts: tuple[Artifact, ...],
    results: tuple[Result, ...],
    reasons: tuple[Reason, ...],
    how: How = How.RANGES,
    views: dict[str, str] | None = None,
    kind: OriginKind = OriginKind.HUB,
    extra: str = "",
    loader: str = "transformers",
) -> Review:
    return review_of(
        name,
        list(artifacts),
        list(results),
        list(reasons),
        signals=signals(extra),
        views=views,
        how=how,
        kind=kind,
        call=Call(target=name, loader=loader),
        commit=COMMIT,
    )


def read(path: str, format: str, *findings: Finding) -> Scanned:
    return Scanned(location=Location(artifact=path), format=format, scanner=format, findings=findings)


def clean(name: str = "acme/tiny-bert", how: How = How.RANGES) -> Review:
    local = how is How.LOCAL
    return make(
        name=name,
        artifacts=(
            Artifact(path="config.json", size=612, digest=sha("a"), role=Role.CONFIG),
            Artifact(
                path="model.safetensors",
                size=437_000_000,
                digest=sha("b") if local else None,
                expected=sha("b"),
                role=Role.WEIGHTS,
            ),
            Artifact(path="README.md", size=2_000, role=Role.BESIDE),
        ),
        results=(read("config.json", "json"), read("model.safetensors", "safetensors"), read("README.md", "text")),
        reasons=(Reason(clause="default", action=Action.ALLOW, text="Everything was read.", because="all"),),
        how=how,
    )


def blocked(name: str = "mallory/tiny-bert-pwned", evidence: str = "os.system('touch marker')") -> Review:
    message = "pytorch_model.bin calls os.system as soon as it is opened, which runs a program on your computer"
    found = Finding(
        rule=DANGEROUS,
        confidence=Confidence.HIGH,
        location=Location(artifact="pytorch_model.bin", member=("archive/data.pkl",), offset=61),
        message=message,
        evidence=(evidence,),
    )
    return make(
        name=name,
        artifacts=(
            Artifact(path="config.json", size=612, digest=sha("a"), role=Role.CONFIG),
            Artifact(path="pytorch_model.bin", size=438_000_000, expected=sha("c"), role=Role.WEIGHTS),
        ),
        results=(read("config.json", "json"), read("pytorch_model.bin", "zip", found)),
        reasons=(
            Reason(clause="findings.critical", action=Action.BLOCK, text=message, because="pickle-dangerous-import/1"),
        ),
        views={"pytorch_model.bin": PYTHON},
    )


def asking(name: str = "someone/full-module", how: How = How.RANGES) -> Review:
    message = "model.pt builds objects of detector.nets.TinyYolo, a class that nobody has vouched for"
    found = Finding(
        rule=UNKNOWN,
        confidence=Confidence.HIGH,
        location=Location(artifact="model.pt", member=("archive/data.pkl",), offset=214),
        message=message,
        evidence=("detector.nets.TinyYolo", "constructed once"),
    )
    return make(
        name=name,
        artifacts=(
            Artifact(
                path="model.pt", size=91_000_000, digest=sha("d") if how is How.LOCAL else None, role=Role.WEIGHTS
            ),
        ),
        results=(read("model.pt", "zip", found),),
        reasons=(Reason(clause="findings.medium", action=Action.ASK, text=message, because="pickle-unknown-class/1"),),
        how=how,
        loader="torch",
        views={"model.pt": "from detector.nets import TinyYolo\nresult = TinyYolo.__new__(TinyYolo)"},
    )


def unread(name: str = "someone/cut-off") -> Review:
    return make(
        name=name,
        artifacts=(Artifact(path="pytorch_model.bin", size=None, role=Role.WEIGHTS),),
        results=(
            Unscanned(
                location=Location(artifact="pytorch_model.bin"),
                reason=GapReason.MALFORMED,
                detail="the archive ends in the middle of its directory",
                format="zip",
            ),
        ),
        reasons=(
            Reason(
                clause="gaps.malformed",
                action=Action.ASK,
                text="pytorch_model.bin could not be read whole",
                because="gap malformed",
            ),
        ),
    )
