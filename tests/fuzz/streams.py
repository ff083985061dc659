"""Pickles by chance, mostly well-formed: opcodes that fit what lies on the stack, then now and then a mistake."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

from tests.fuzz.canary import MODULE

NAMES = (
    *((MODULE, name) for name in ("anything", "kept", "counted", "Built", "Made", "Unknown", "Free", "Plain") * 3),
    (MODULE, "Built.mro"),
    ("builtins", "set"),
    ("builtins", "list"),
    ("builtins", "dict"),
    ("builtins", "int"),
    ("builtins", "object"),
    ("builtins", "bytearray"),
    ("builtins", "getattr"),
    ("__builtin__", "set"),
    ("collections", "OrderedDict"),
    ("collections", "deque"),
    ("copyreg", "_reconstructor"),
    ("copy_reg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("_codecs", "encode"),
    ("functools", "partial"),
    ("no_such_module", "x"),
)
_METHODS = ("__setstate__", "append", "extend", "add", "__reduce_ex__", "a")
_TEXTS = ("", "a", "key", "latin1", "é", MODULE, "anything", "Built", "x" * 300, "1")


class Maker:
    """One stream. `stack` holds one letter a value: m(ark), g(lobal), t(uple), d(ict), l(ist), s(tring), o(ther)."""

    def __init__(self, rng: random.Random, *, depth: int = 0) -> None:
        self.rng = rng
        self.depth = depth
        self.protocol = rng.choice((0, 1, 2, 2, 3, 4, 4, 5))
        self.out = bytearray()
        self.stack: list[str] = []
        self.memo = 0

    def make(self) -> bytes:
        if self.protocol >= 2 or self.rng.random() < 0.05:
            self.out += bytes((0x80, self.protocol))
        steps: tuple[Callable[[], None], ...] = (
            self.scalar, self.scalar, self.text, self.empty, self.name, self.name, self.mark, self.pop, self.tuple_,
            self.memoize, self.recall, self.fill, self.call, self.call, self.build, self.instance, self.close_mark,
            self.attributes, self.rare,
        )  # fmt: skip
        for _ in range(self.rng.randint(1, 30)):
            self.rng.choice(steps)()
        while self.stack.count("m"):
            self.close_mark()
        if not self.stack:
            self.scalar()
        self.out += b"."
        return bytes(self.out)

    def push(self, data: bytes, kind: str) -> None:
        self.out += data
        self.stack.append(kind)

    def above(self) -> int:
        """How many values lie above the last mark."""
        return len(self.stack) - 1 - max((i for i, kind in enumerate(self.stack) if kind == "m"), default=-1)

    def scalar(self) -> None:
        n = self.rng.choice((0, 1, 2, 255, -1, 70000))
        forms = [b"N", b"I%d\n" % n, b"J" + struct.pack("<i", n), b"K\x07", b"M\x07\x01", b"L%dL\n" % n]
        forms += [b"F1.5\n", b"G" + struct.pack(">d", 1.5), b"I01\n", b"\x88", b"\x8a\x01\x05", b"I0x10\n"]
        self.push(self.rng.choice(forms), "o")

    def text(self) -> None:
        word = self.rng.choice(_TEXTS)
        raw = word.encode()
        forms = [b"X" + struct.pack("<I", len(raw)) + raw, b"V" + word.encode("raw_unicode_escape") + b"\n"]
        forms += [b"S" + repr(word.encode().decode("latin-1")).encode("latin-1") + b"\n"]
        if len(raw) < 256:
            forms += [b"\x8c" + bytes((len(raw),)) + raw, b"U" + bytes((len(raw),)) + raw]
        self.push(self.rng.choice(forms), "s")

    def literal(self) -> None:
        """Bytes, now and then a whole pickle."""
        content = b"data"
        if self.depth < 2 and self.rng.random() < 0.5:
            content = Maker(self.rng, depth=self.depth + 1).make()
        forms = [b"B" + struct.pack("<I", len(content)) + content, b"\x8e" + struct.pack("<Q", len(content)) + content]
        forms += [b"\x96" + struct.pack("<Q", len(content)) + content]
        self.push(self.rng.choice(forms), "o")

    def empty(self) -> None:
        self.push(*self.rng.choice(((b")", "t"), (b"}", "d"), (b"]", "l"), (b"\x8f", "l"))))

    def name(self) -> None:
        module, name = self.rng.choice(NAMES)
        if self.rng.random() < 0.5:
            self.push(b"c" + module.encode() + b"\n" + name.encode() + b"\n", "g")
            return
        for word in (module, name):
            self.out += b"X" + struct.pack("<I", len(word)) + word.encode()
            if self.rng.random() < 0.2:
                self.memoize_top()
        self.push(b"\x93", "g")

    def mark(self) -> None:
        self.push(b"(", "m")

    def pop(self) -> None:
        if self.above():
            if self.rng.random() < 0.3:
                self.push(b"2", self.stack[-1])
            else:
                self.out += b"0"
                self.stack.pop()

    def tuple_(self) -> None:
        n = self.rng.randint(1, 3)
        if self.above() >= n:
            self.out += (b"\x85", b"\x86", b"\x87")[n - 1]
            del self.stack[-n:]
            self.stack.append("t")

    def close_mark(self) -> None:
        if "m" not in self.stack:
            return
        n = self.above()
        op, kind = self.rng.choice(((b"t", "t"), (b"l", "l"), (b"d", "d"), (b"\x91", "o"), (b"1", ""), (b"t", "t")))
        if op == b"d" and n % 2:
            self.scalar()
            n += 1
        self.out += op
        del self.stack[len(self.stack) - n - 1 :]
        if kind:
            self.stack.append(kind)

    def memoize(self) -> None:
        if self.above():
            self.memoize_top()

    def memoize_top(self) -> None:
        n = self.rng.choice((self.memo, self.memo, self.rng.randint(0, 9)))
        forms = [b"p%d\n" % n, b"q" + bytes((n % 256,)), b"r" + struct.pack("<I", n), b"\x94"]
        self.out += self.rng.choice(forms)
        self.memo += 1

    def recall(self) -> None:
        if self.memo:
            n = self.rng.randrange(self.memo)
            forms = [b"g%d\n" % n, b"h" + bytes((n % 256,)), b"j" + struct.pack("<I", n)]
            self.push(self.rng.choice(forms), self.rng.choice("goods"))

    def fill(self) -> None:
        """Items for what lies below."""
        n = self.above()
        if n >= 3 and self.rng.random() < 0.5:
            self.out += b"s"
            del self.stack[-2:]
        elif n >= 2:
            self.out += b"a"
            self.stack.pop()
        elif n >= 1:
            op, each = self.rng.choice(((b"e", 1), (b"u", 2), (b"\x90", 1)))
            self.mark()
            for _ in range(each):
                self.scalar()
            self.out += op
            del self.stack[-1 - each :]

    def arguments(self) -> None:
        if self.rng.random() < 0.3:
            self.push(b")", "t")
            return
        n = self.rng.randint(1, 2)
        for _ in range(n):
            self.rng.choice((self.scalar, self.text, self.name, self.empty, self.literal))()
        self.out += (b"\x85", b"\x86")[n - 1]
        del self.stack[-n:]
        self.stack.append("t")

    def call(self) -> None:
        """A name with arguments, in one of the five ways."""
        way = self.rng.choice("RR\x81\x81\x92io")
        if way == "i":
            module, name = self.rng.choice(NAMES)
            self.mark()
            if self.rng.random() < 0.5:
                self.scalar()
            self.out += b"i" + module.encode() + b"\n" + name.encode() + b"\n"
            del self.stack[len(self.stack) - self.above() - 1 :]
        elif way == "o":
            self.mark()
            self.name()
            if self.rng.random() < 0.5:
                self.scalar()
            self.out += b"o"
            del self.stack[len(self.stack) - self.above() - 1 :]
        else:
            if not self.above() or self.rng.random() < 0.8:
                self.name()
            self.arguments()
            if way == "\x92":
                self.push(b"}", "d")
                self.stack.pop()
            self.out += way.encode("latin-1")
            del self.stack[-2:]
        self.stack.append("o")

    def build(self) -> None:
        if not self.above():
            return
        self.rng.choice((self.empty, self.scalar, self.arguments))()
        self.out += b"b"
        self.stack.pop()

    def instance(self) -> None:
        """What a pickler writes for an object: the class, its arguments, its state."""
        self.push(b"c" + MODULE.encode() + b"\nBuilt\n", "g")
        self.out += b")\x81}b"
        self.stack[-1] = "o"

    def attributes(self) -> None:
        """An instance whose state answers for its methods, then what would call one; the state can change between."""
        holder = self.rng.choice((MODULE.encode() + b"\nPlain\n)\x81", b"collections\nOrderedDict\n)R"))
        self.push(b"c" + holder + b"}", "o")
        if self.rng.random() < 0.3:
            self.memoize_top()
        self.field()
        self.out += b"b"
        if self.rng.random() < 0.3:
            self.recall()
            self.field()
            if self.above():
                self.out += b"0"
                self.stack.pop()
        self.out += self.rng.choice((b"", b"}b", b"K\x01b", b"K\x01a", b"(K\x01e", b"(K\x01\x90", b"(K\x01K\x02u"))

    def field(self) -> None:
        """One item for a dictionary on the stack, its key now and then made by a call."""
        word = self.rng.choice(_METHODS)
        key = b"X" + struct.pack("<I", len(word)) + word.encode()
        made = b"c" + self.rng.choice((b"builtins", b"__builtin__")) + b"\nstr\n" + key + b"\x85R"
        self.out += made if self.rng.random() < 0.4 else key
        self.name()
        self.out += b"s"
        self.stack.pop()

    def rare(self) -> None:
        kind = self.rng.randrange(5)
        if kind == 0:
            self.literal()
        elif kind == 1:
            self.push(b"Pid\n", "o")
        elif kind == 2 and self.above():
            self.out += b"Q"
            self.stack[-1] = "o"
        elif kind == 3:
            self.push(b"\x82\x01", "o")
        else:
            self.out += b"\x95" + struct.pack("<Q", self.rng.choice((0, 1, 4, 9, 40)))


def stream(rng: random.Random) -> bytes:
    """One file of one or two pickles; one in four is damaged somewhere."""
    data = Maker(rng).make()
    if rng.random() < 0.1:
        data += Maker(rng).make()
    return _damaged(rng, data) if rng.random() < 0.25 else data


def _damaged(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(out))
        how = rng.randrange(4)
        if how == 0:
            out[at] = rng.randrange(256)
        elif how == 1:
            del out[at : at + rng.randint(1, 4)]
        elif how == 2:
            out[at:at] = out[at : at + rng.randint(1, 12)]
        else:
            out[at:at] = bytes((rng.choice(b"0()}].Rob2\x93\x94\x81ue"),))
        if not out:
            out += b"."
    return bytes(out)
