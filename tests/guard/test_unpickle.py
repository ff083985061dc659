"""Only bytes that were scanned reach the unpickler, with only the names that were seen in them."""

from __future__ import annotations

import hashlib
import io
import pickle

import pytest

from safeload.errors import Changed, Stop
from safeload.guard import hook, unpickle
from safeload.parsers.facts import Stream

from .test_hook import RULES, Own


def stream(data: bytes, names: tuple[tuple[str, str], ...] = (), offset: int = 0) -> Stream:
    return Stream(offset=offset, length=len(data), sha256=hashlib.sha256(data).hexdigest(), names=names)


@pytest.fixture
def hooked():
    hook.on(RULES)
    yield
    hook.off()
    hook.collect()


def test_several_streams_in_one_file_are_taken_one_by_one(hooked):
    first, second = pickle.dumps(Own()), pickle.dumps([1, 2])
    own = (__name__.replace("test_unpickle", "test_hook"), "Own")
    module = unpickle.bound(pickle, [stream(first, (own,)), stream(second)])
    file = io.BytesIO(first + second + b"raw")
    assert isinstance(module.load(file), Own)
    assert module.load(file) == [1, 2]
    assert file.read() == b"raw"


def test_other_bytes_are_refused(hooked):
    data = pickle.dumps([1, 2])
    module = unpickle.bound(pickle, [stream(data)])
    with pytest.raises(Changed):
        module.load(io.BytesIO(pickle.dumps([1, 3])))


def test_the_same_names_in_other_bytes_are_refused(hooked):
    data = pickle.dumps(Own)
    own = (__name__.replace("test_unpickle", "test_hook"), "Own")
    module = unpickle.bound(pickle, [stream(data, (own,))])
    with pytest.raises(Changed):
        module.load(io.BytesIO(pickle.dumps(Own())))


def test_a_name_that_the_scan_did_not_see_is_stopped(hooked):
    data = pickle.dumps(Own())
    module = unpickle.bound(pickle, [stream(data)])
    with pytest.raises(Stop):
        module.load(io.BytesIO(data))


def test_no_streams_means_no_load(hooked):
    with pytest.raises(Changed):
        unpickle.bound(pickle, []).load(io.BytesIO(pickle.dumps(1)))
