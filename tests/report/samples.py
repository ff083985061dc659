"""Reviews as the pipeline makes them, by hand: one for each thing that a face must be able to say."""

from __future__ import annotations

from dataclasses import replace

from safeload.parsers.facts import GapReason
from safeload.policy.interface import Action, Policy, Reason, Review, Verdict
from safeload.policy.presets import PRESETS
from safeload.scanners.interface import (
    Confidence,
    Engine,
    Finding,
    How,
    Location,
    Report,
    Result,
    Rule,
    Scanned,
    Severity,
    Unscanned,
)
from safeload.signals.interface import Assessment, Dimension, Outcome, Signal
from safeload.sources.interface import Artifact, Call, Digest, Origin, OriginKind, Role, Snapshot

COMMIT = "19c04de5f1a7b2c3d4e5f60718293a4b5c6d7e8f"
ENGINE = Engine(version="0.1.0", python="3.11.7")
STANDARD = PRESETS["standard"]
DANGEROUS = Rule(
    id="pickle-dangerous-import",
    title="A name that runs programs",
    severity=Severity.CRITICAL,
    why="Unpickling calls it.",
    fix="Ask the author for safetensors.",
)
UNKNOWN = Rule(
    id="pickle-unknown-import",
    title="A name that nobody has vouched for",
    severity=Severity.MEDIUM,
    why="What it does when it is built is not known.",
    fix="Read its source.",
)


def digest(letter: str) -> Digest:
    return Digest(algorithm="sha256", hex=letter * 64)


def artifact(path: str, *, size: int = 438_000_000, role: Role = Role.WEIGHTS, letter: str = "a") -> Artifact:
    return Artifact(path=path, size=size, digest=digest(letter), role=role)


def lacking(review: Review, *packages: str) -> Review:
    """The same, made where these packages are not installed."""
    report = review.assessment.report
    report = replace(report, engine=replace(report.engine, missing_extras=packages))
    return replace(review, assessment=replace(review.assessment, report=report))


def review_of(
    name: str,
    artifacts: list[Artifact],
    results: list[Result],
    reasons: list[Reason],
    *,
    signals: tuple[Signal, ...] = (),
    views: dict[str, str] | None = None,
    how: How = How.RANGES,
    policy: Policy = STANDARD,
    kind: OriginKind = OriginKind.HUB,
    call: Call | None = None,
    commit: str = COMMIT,
) -> Review:
    origin = Origin(kind=kind, name=name, revision=commit if kind is OriginKind.HUB else None)
    snapshot = Snapshot.of(origin, artifacts)
    report = Report(snapshot=snapshot, results=tuple(results), engine=ENGINE, how=how)
    return Review(
        call=call or Call(target=name),
        snapshot=snapshot,
        assessment=Assessment(report=report, signals=signals),
        verdict=Verdict(reasons=tuple(reasons)),
        policy=policy,
        views=views or {},
    )


def signal(id: str, dimension: Dimension, outcome: Outcome, summary: str) -> Signal:
    return Signal(id=id, dimension=dimension, outcome=outcome, summary=summary, evidence=("from the hub",))


SIGNALS = (
    signal("organisation", Dimension.TRUST, Outcome.SUPPORTS, "acme is an organisation that the hub has verified"),
    signal("age", Dimension.TRUST, Outcome.WEIGHS_AGAINST, "The repository was created yesterday"),
    signal("hub-scan", Dimension.TRUST, Outcome.UNKNOWN, "The hub did not answer what its own scan says"),
    signal("card", Dimension.QUALITY, Outcome.SUPPORTS, "The card says what the model is for"),
    signal("evaluation", Dimension.QUALITY, Outcome.NEUTRAL, "Claims 71 % accuracy; nothing verifies it"),
)


def allowed() -> Review:
    files = [
        artifact("model.safetensors"),
        artifact("config.json", size=612, role=Role.CONFIG, letter="b"),
        artifact("README.md", size=4_100, role=Role.BESIDE, letter="c"),
    ]
    results: list[Result] = [
        Scanned(location=Location(artifact="README.md"), format="text", scanner="text"),
        Scanned(location=Location(artifact="config.json"), format="json", scanner="text"),
        Scanned(location=Location(artifact="model.safetensors"), format="safetensors", scanner="safetensors"),
    ]
    reason = Reason(clause="findings", action=Action.ALLOW, text="Nothing was found", because="all-scanned")
    return review_of("acme/tiny-bert", files, results, [reason], signals=SIGNALS)


def asked() -> Review:
    place = Location(artifact="model.pt", member=("archive/data.pkl",), offset=214)
    finding = Finding(
        rule=UNKNOWN,
        confidence=Confidence.HIGH,
        location=place,
        message="Loading builds objects of detector.nets.TinyYolo, which nobody has vouched for",
        evidence=("detector.nets.TinyYolo",),
    )
    files = [artifact("model.pt", size=91_000_000), artifact("notes.bin", size=12, role=Role.BESIDE, letter="d")]
    results: list[Result] = [
        Scanned(location=Location(artifact="model.pt"), format="torch-zip", scanner="archive"),
        Scanned(location=replace(place, offset=None), format="pickle", scanner="pickle", findings=(finding,)),
        Unscanned(
            location=Location(artifact="notes.bin"), reason=GapReason.UNKNOWN_FORMAT, detail="no signature matches"
        ),
    ]
    reason = Reason(
        clause="findings.medium",
        action=Action.ASK,
        text=finding.message,
        because="pickle-unknown-import/1 model.pt archive/data.pkl: detector.nets.TinyYolo",
    )
    call = Call(target="someone/full-module", loader="torch", trust_remote_code=False)
    views = {"model.pt": "from detector.nets import TinyYolo\n_var0 = TinyYolo()\nresult0 = _var0"}
    return review_of("someone/full-module", files, results, [reason], views=views, call=call)


def blocked() -> Review:
    place = Location(artifact="pytorch_model.bin", member=("archive/data.pkl",), offset=61)
    finding = Finding(
        rule=DANGEROUS,
        confidence=Confidence.HIGH,
        location=place,
        message="Loading would start a program: it calls os.system",
        evidence=("os.system('touch marker')",),
    )
    results: list[Result] = [
        Scanned(location=replace(place, offset=None), format="pickle", scanner="pickle", findings=(finding,)),
    ]
    reasons = [
        Reason(
            clause="findings.critical",
            action=Action.BLOCK,
            text=finding.message,
            because="pickle-dangerous-import/1 pytorch_model.bin archive/data.pkl: os.system",
        ),
        Reason(
            clause="signals.age",
            action=Action.ASK,
            text="The repository was created yesterday",
            because="signal age: weighs-against",
        ),
    ]
    lines = [f"_var{i} = _rebuild_tensor_v2(…, {i})" for i in range(40)]
    view = "\n".join(["from os import system", *lines, "system('touch marker')", "result0 = _var0"])
    return review_of(
        "mallory/tiny-bert-pwned",
        [artifact("pytorch_model.bin")],
        results,
        reasons,
        signals=SIGNALS,
        views={"pytorch_model.bin": view},
    )


HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07 [red]bold[/red] [link=http://evil]x[/link] "
    "\u202egnp.exe \x9b31m <script>\r\n:smile: \udcff"
)


def hostile() -> Review:
    """Every string that a repository controls tries to be something else."""
    place = Location(artifact=HOSTILE, member=(HOSTILE,), offset=1)
    rule = UNKNOWN
    finding = Finding(rule=rule, confidence=Confidence.LOW, location=place, message=HOSTILE, evidence=(HOSTILE,))
    results: list[Result] = [
        Scanned(location=place, format="pickle", scanner="pickle", findings=(finding,)),
        Unscanned(location=Location(artifact="b" + HOSTILE), reason=GapReason.MALFORMED, detail=HOSTILE),
    ]
    reason = Reason(clause="findings.medium", action=Action.ASK, text=HOSTILE, because=HOSTILE)
    signals = tuple(signal("card", dimension, outcome, HOSTILE) for dimension in Dimension for outcome in (*Outcome,))
    return review_of(
        "x" + HOSTILE,
        [artifact(HOSTILE), artifact("b" + HOSTILE, role=Role.BESIDE)],
        results,
        [reason],
        signals=signals,
        views={HOSTILE: HOSTILE + "\nsecond line"},
        kind=OriginKind.LOCAL,
    )


SAMPLES = {"allowed": allowed, "asked": asked, "blocked": blocked, "hostile": hostile}
