"""Judges what a TorchServe archive has the server run and install."""

from __future__ import annotations

from safeload.lean import TYPE_CHECKING, ClassVar, Final
from safeload.scanners.interface import Finding, Rule, Scanner, Severity
from safeload.scanners.mentioned import findings, shown

if TYPE_CHECKING:
    from safeload.parsers.facts import Mention, Part
    from safeload.sources.interface import Artifact

RUNS: Final = Rule(
    id="mar-runs-code",
    title="The archive brings code that serving it runs",
    severity=Severity.MEDIUM,
    why="TorchServe runs the handler and the model's Python file of an archive with all the rights of the server.",
    fix="Read these files. Approve them only if you trust their author.",
    cwe=829,
)
INSTALLS: Final = Rule(
    id="mar-installs-packages",
    title="The archive has packages installed",
    severity=Severity.MEDIUM,
    why="A requirements file names packages, or addresses of them, which the server installs before it loads a model. "
    "Installing a package can run its code.",
    fix="Read the file. Install what you trust beforehand, and serve with install_py_dep_per_model off.",
    cwe=829,
)

# Handlers that TorchServe itself has: https://github.com/pytorch/serve/tree/master/ts/torch_handler
_OWN: Final = frozenset({"image_classifier", "image_segmenter", "object_detector", "text_classifier", "json", "body"})


class MarScanner(Scanner):
    """What the manifest names; the files themselves are parts of their own."""

    name: ClassVar[str] = "mar"
    formats: ClassVar[frozenset[str]] = frozenset({"mar"})
    rules: ClassVar[tuple[Rule, ...]] = (RUNS, INSTALLS)

    def sees(self, part: Part) -> bool:
        return any(mention.kind.startswith("mar-") for mention in part.mentions)

    def judge(self, part: Part, artifact: Artifact) -> tuple[Finding, ...]:
        return findings(part, artifact, _judge)


def _judge(mention: Mention) -> tuple[Rule, str] | None:
    if mention.kind == "mar-requirements":
        return INSTALLS, f"Serving the archive installs what {shown(mention.text)} names."
    if mention.kind in ("mar-handler", "mar-code") and mention.text not in _OWN:
        return RUNS, f"Serving the archive runs {shown(mention.text)}."
    return None
