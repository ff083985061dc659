"""What the standard library's own objects become in a pickle is allowed."""

from __future__ import annotations

import array
import calendar
import collections
import datetime
import decimal
import fractions
import functools
import http
import inspect
import ipaddress
import logging
import operator
import pathlib
import random
import re
import signal
import socket
import statistics
import string
import time
import types
import urllib.parse
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

import pytest

from safeload.parsers.sandbox.process import Worker

from .judging import Suite, pickled


class _Cloud:
    """Data as cloudpickle writes it."""


def _clouded(value: Any) -> bytes:
    return pytest.importorskip("cloudpickle").dumps(value)  # type: ignore[no-any-return]


def _dilled(value: Any) -> bytes:
    return pytest.importorskip("dill").dumps(value)  # type: ignore[no-any-return]


DATA = {"a": [1, 2.5, None, True], "b": ("x", b"y"), "c": {1, 2}}
DAY = datetime.datetime(2026, 1, 2, 3, 4, 5)

CASES: dict[str, Callable[[], Any]] = {
    "nested data": lambda: {"a": [1, 2.0, None, True, b"x", "ü", (1, 2)], "big": 1 << 200, "deep": [[[[[[]]]]]]},
    "set": lambda: {1, 2},
    "frozenset": lambda: frozenset({1}),
    "bytearray": lambda: bytearray(b"x"),
    "complex": lambda: 1j,
    "range": lambda: range(3),
    "slice": lambda: slice(1, 2),
    "ellipsis": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    "NoneType": lambda: type(None),
    "builtin type": lambda: [int, str, dict],
    "exception": lambda: ValueError("no"),
    "OSError": lambda: OSError(2, "no such file"),
    "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", b"x", 0, 1, "no"),
    "builtin function": lambda: len,
    "OrderedDict": lambda: collections.OrderedDict(a=1),
    "deque": lambda: collections.deque([1], 3),
    "Counter": lambda: collections.Counter("aab"),
    "defaultdict of list": lambda: collections.defaultdict(list, {"a": [1]}),
    "defaultdict of int": lambda: collections.defaultdict(int, {"a": 1}),
    "defaultdict of defaultdict": lambda: collections.defaultdict(
        functools.partial(collections.defaultdict, int), {"a": collections.defaultdict(int, b=1)}
    ),
    "defaultdict of OrderedDict": lambda: collections.defaultdict(collections.OrderedDict),
    "ChainMap": lambda: collections.ChainMap({"a": 1}, {"b": 2}),
    "UserDict": lambda: collections.UserDict(a=1),
    "UserList": lambda: collections.UserList([1]),
    "UserString": lambda: collections.UserString("a"),
    "datetime": lambda: DAY,
    "datetime with timezone": lambda: DAY.replace(tzinfo=datetime.timezone.utc),
    "datetime with offset": lambda: DAY.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=2), "here")),
    "datetime with zone": lambda: DAY.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    "ZoneInfo": lambda: zoneinfo.ZoneInfo("UTC"),
    "date": lambda: datetime.date(2026, 1, 2),
    "time": lambda: datetime.time(1),
    "timedelta": lambda: datetime.timedelta(3),
    "struct_time": lambda: time.gmtime(0),
    "Decimal": lambda: decimal.Decimal("1.5"),
    "decimal.Context": lambda: decimal.Context(prec=5),
    "Fraction": lambda: fractions.Fraction(1, 3),
    "UUID": lambda: uuid.UUID(int=5),
    "random UUID": lambda: uuid.UUID("12345678-1234-4234-8234-123456789012"),
    "PurePosixPath": lambda: pathlib.PurePosixPath("a/b"),
    "PureWindowsPath": lambda: pathlib.PureWindowsPath("c:/b"),
    "Path": lambda: {"output": pathlib.Path("a/b")},
    "pattern": lambda: re.compile(r"a+(b)", re.IGNORECASE),
    "bytes pattern": lambda: re.compile(rb"a+"),
    "RegexFlag": lambda: re.IGNORECASE | re.MULTILINE,
    "SimpleNamespace": lambda: types.SimpleNamespace(a=1),
    "argparse.Namespace": lambda: __import__("argparse").Namespace(lr=0.1, path="x"),
    "array of ints": lambda: array.array("i", [1, 2]),
    "array of doubles": lambda: array.array("d", [1.0]),
    "partial of a type": lambda: functools.partial(int, base=2),
    "itemgetter": lambda: operator.itemgetter(1),
    "attrgetter": lambda: operator.attrgetter("x"),
    "operator": lambda: operator.add,
    "random.Random": lambda: random.Random(1),
    "random state": lambda: random.getstate(),
    "IPv4Address": lambda: ipaddress.ip_address("127.0.0.1"),
    "IPv4Network": lambda: ipaddress.ip_network("10.0.0.0/8"),
    "IPv6Address": lambda: ipaddress.ip_address("::1"),
    "IPv4Interface": lambda: ipaddress.ip_interface("10.0.0.1/8"),
    "HTTPStatus": lambda: http.HTTPStatus.OK,
    "Signals": lambda: signal.SIGINT,
    "AddressFamily": lambda: socket.AF_INET,
    "parameter kind": lambda: inspect.Parameter.POSITIONAL_ONLY,
    "NormalDist": lambda: statistics.NormalDist(0, 1),
    "string.Template": lambda: string.Template("$a"),
    "urllib ParseResult": lambda: urllib.parse.urlparse("https://a/b"),
    "calendar": lambda: calendar.Calendar(),
    "LogRecord": lambda: logging.makeLogRecord({"msg": "a"}),
    "Logger": lambda: logging.getLogger("training"),
    "inspect.Signature": lambda: inspect.Signature([inspect.Parameter("a", inspect.Parameter.KEYWORD_ONLY)]),
    "type alias": lambda: list[int],
    "typing.Optional": lambda: __import__("typing").Optional[int],
    "dill of data": lambda: _dilled(DATA),
    "dill of a datetime": lambda: _dilled(DAY),
    "dill of an OrderedDict": lambda: _dilled(collections.OrderedDict(a=1)),
    "dill of a namespace": lambda: _dilled(types.SimpleNamespace(a=[1])),
    "dill of an array": lambda: _dilled(pytest.importorskip("numpy").arange(3)),
    "dill of types": lambda: _dilled([int, list, dict]),
    "cloudpickle of data": lambda: _clouded(DATA),
    "cloudpickle of an OrderedDict": lambda: _clouded(collections.OrderedDict(a=1)),
    "cloudpickle of an array": lambda: _clouded(pytest.importorskip("numpy").arange(3)),
    "cloudpickle of dict views": lambda: _clouded({"a": 1}.keys()),
}

ASKS: dict[str, str] = {
    "attrgetter": "It fetches any attribute of what it is called with, so whoever calls it later decides what it does.",
    "typing.Optional": "Written as a call of operator.getitem; a text among the types can be evaluated as code later.",
}


def write(value: Any) -> list[bytes]:
    return [value] if isinstance(value, bytes) else pickled(value)


SUITE = Suite(library="Python", cases=CASES, asks=ASKS, write=write)


@pytest.mark.parametrize("name", CASES)
def test_allowed(name: str, worker: Worker) -> None:
    SUITE.check(name, worker)
