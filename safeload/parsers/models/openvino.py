"""OpenVINO's graph in XML: layers, where they take their weights, and nothing that XML can be abused for."""

from __future__ import annotations

from xml.parsers import expat

from safeload import limits
from safeload.errors import Malformed
from safeload.lean import TYPE_CHECKING, Any, Final
from safeload.parsers.covered import covers, extent
from safeload.parsers.facts import GapReason, Mention, Part
from safeload.parsers.mentions import Mentions
from safeload.parsers.pickles.ledger import Refused

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_WEIGHT: Final = ("offset", "size")


def read(reader: Reader, visit: Visit) -> Parts | None:
    """The graph's facts; None where the root is no net."""
    if reader.size > limits.TEXT:
        raise Refused(f"a graph of {reader.size} bytes", reason=GapReason.LIMIT)
    walk = _Walk()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.StartDoctypeDeclHandler = walk.doctype
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        for _, data in reader.chunks(0, reader.size):
            parser.Parse(data, False)
        parser.Parse(b"", True)
    except _Doctype:
        walk.found.add("doctype", "a document type, which can define entities", "")
    except expat.ExpatError as error:
        raise Malformed(f"it is not XML: {error}") from error
    if walk.root != "net":
        return None
    return (Part(member=visit.member, format="openvino", mentions=(*walk.found.all(), *walk.covered())),)


class _Doctype(Exception):
    """Nothing behind it is read: what entities become is not the file's to say."""


class _Walk:
    """Layers, as they come."""

    def __init__(self) -> None:
        self.found = Mentions()
        self.root = ""
        self._path: list[str] = []
        self._layer = ""
        self._places: set[tuple[int, int]] = set()

    def covered(self) -> tuple[Mention, ...]:
        """The file of weights, where constants account for every byte of it."""
        length = extent(self._places)
        return (covers("*.bin", length),) if length else ()

    def doctype(self, *_: Any) -> None:
        self.root = self.root or "net"
        raise _Doctype

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name
        self._path.append(name)
        if len(self._path) > limits.XML_DEPTH:
            raise Refused(f"elements more than {limits.XML_DEPTH} deep", reason=GapReason.LIMIT)
        if name == "layer":
            self._layer = attributes.get("name", attributes.get("id", ""))
            self.found.add("layer", f"{attributes.get('version', '')}.{attributes.get('type', '')}", self._layer)
        elif name == "data" and self._path[-2:-1] == ["layer"]:
            self._weights(attributes)

    def end(self, name: str) -> None:
        self._path.pop()

    def _weights(self, attributes: dict[str, str]) -> None:
        """A constant's place in the file of weights beside this one."""
        for name in _WEIGHT:
            value = attributes.get(name)
            if value is not None and not (value.isascii() and value.isdigit() and int(value[:20]) < 1 << 62):
                self.found.add("odd-place", f"{name} {value}", self._layer)
                return
        if all(name in attributes for name in _WEIGHT):
            self._places.add((int(attributes["offset"]), int(attributes["size"])))
