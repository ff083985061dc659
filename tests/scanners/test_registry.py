"""A scanner that is imported only when it may see something must never miss what it would have seen."""

from __future__ import annotations

from itertools import product

from safeload.guard.loaders.registry import LOADERS, loader_for
from safeload.parsers.codefacts import CodeFacts
from safeload.parsers.facts import ArchiveFacts, Mention, Part, PickleFacts, TemplateFacts, TensorFacts, TextFacts
from safeload.scanners.registry import SCANNERS, all_rules, seeing
from safeload.sources.interface import Artifact, Call, Listing, Origin, OriginKind

FACTS = [
    {},
    {"pickle": PickleFacts(reading="pickle")},
    {"archive": ArchiveFacts(members=1)},
    {"tensors": TensorFacts(tensors=1)},
    {"text": TextFacts(anomalies=("duplicate-key: 'a'",))},
    {"code": CodeFacts(python="3.11")},
    {"template": TemplateFacts()},
]
FORMATS = sorted({"unknown", *(name for one in SCANNERS for name in one.scanner.formats)})
KINDS = ["", "keras-layer", "skops-type", "mar-handler", "sidecar", "tree-anomaly", "onnx-op", "native-code"]


def test_what_a_scanner_sees_is_what_it_is_asked_about() -> None:
    for format, facts, kind in product(FORMATS, FACTS, KINDS):
        mentions = (Mention(kind=kind, text="x"),) if kind else ()
        part = Part(format=format, mentions=mentions, **facts)  # type: ignore[arg-type]
        assert seeing(part) == tuple(one.scanner for one in SCANNERS if one.scanner.sees(part)), part


def test_every_scanner_has_a_name_of_its_own_and_rules_are_told_once() -> None:
    names = [one.scanner.name for one in SCANNERS]
    assert len(set(names)) == len(names)
    assert len(all_rules()) > 50


def test_a_listing_finds_the_loader_that_all_of_them_together_would_find() -> None:
    ends = [end for known in LOADERS for end in getattr(known, "suffixes", ())]
    ends += [".pt", ".pth", ".bin", ".ckpt", ".th", ".none"]
    names = [f"model{end}" for end in ends] + ["model.pt", "pytorch_model.bin", "adapter_config.json", "hubconf.py"]
    for paths in [*((name,) for name in [*names, ".metadata"]), *((name, "other.txt") for name in names)]:
        listing = Listing(
            origin=Origin(kind=OriginKind.LOCAL, name="here"),
            artifacts=tuple(Artifact(path=path) for path in paths),
            read=lambda path: None,
        )
        assert loader_for(Call(target="here"), listing) is next(one for one in LOADERS if one.recognises(listing)), (
            paths
        )
