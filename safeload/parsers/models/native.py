"""Machine code, told by the start of the file."""

from __future__ import annotations

import struct

from safeload.lean import TYPE_CHECKING, Final
from safeload.parsers.facts import Mention, Part

if TYPE_CHECKING:
    from safeload.parsers.reader import Reader
    from safeload.parsers.visit import Parts, Visit

_ELF: Final = b"\x7fELF"
# Cosmopolitan's "actually portable executable", of which llamafiles are made: a shell script and a Windows program at
# once. https://justine.lol/ape.html
_APE: Final = (b"MZqFpD='", b"jartsr='", b"APEDBG='")
_MACH: Final = frozenset({b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"})
_FAT: Final = frozenset({b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"})
_WASM: Final = b"\0asm"
_DEX: Final = b"dex\n"


def looks_right(head: bytes, reader: Reader) -> bool:
    return _what(head, reader) is not None


def read(reader: Reader, visit: Visit) -> Parts:
    what = _what(reader.upto(0, 64), reader) or "a program"
    return (Part(member=visit.member, format="native", mentions=(Mention(kind="native-code", text=what),)),)


def _what(head: bytes, reader: Reader) -> str | None:
    if head.startswith(_APE):
        return "a portable program (APE), as llamafiles are"
    if head.startswith(_ELF):
        return "a program or library for Linux (ELF)"
    if head[:4] in _MACH:
        return "a program or library for macOS (Mach-O)"
    # Class files of Java begin like this too; they hold code all the same.
    if head[:4] in _FAT:
        return "a program or library for macOS (Mach-O), or a Java class"
    if head.startswith(_WASM):
        return "WebAssembly"
    if head.startswith(_DEX):
        return "code for Android (DEX)"
    return "a program or library for Windows (PE)" if _windows(head, reader) else None


def _windows(head: bytes, reader: Reader) -> bool:
    """The old header says where the new one is. Programs for DOS alone have none."""
    if head[:2] not in (b"MZ", b"ZM"):
        return False
    if len(head) < 64:
        return False
    at = struct.unpack_from("<I", head, 60)[0]
    # Windows starts a file whose name ends in .exe or .com by these two letters; what they are not is no text.
    return reader.upto(at, 4) == b"PE\0\0" or b"\0" in head
