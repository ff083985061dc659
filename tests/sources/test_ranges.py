"""A server's answer to a range is exactly what was asked for, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from safeload import limits
from safeload.errors import AccessDenied, Misbehaved, SourceError, Unreachable
from safeload.sources.ranges import RangeReader
from safeload.sources.transport import Answer

from .fakes import FakeTransport, Respond, ranges_of

BLOCK = limits.RANGE_BLOCK
URL = "https://hub.example/acme/model/resolve/c/model.bin"
DATA = bytes(i * 7 % 251 for i in range(20 * BLOCK + 300))


def reader(respond: Respond, *, size: int = len(DATA), **more: Any) -> tuple[RangeReader, FakeTransport]:
    transport = FakeTransport(respond)
    headers = {"authorization": "Bearer secret"}
    return RangeReader(URL, name="model.bin", size=size, headers=headers, transport=transport, **more), transport


@pytest.mark.parametrize(
    ("offset", "n"),
    [(0, 1), (0, BLOCK), (BLOCK - 1, 2), (3 * BLOCK + 5, 4 * BLOCK), (len(DATA) - 22, 22), (len(DATA) - 5, 500)],
)
def test_gives_the_bytes_of_the_file(offset: int, n: int) -> None:
    ours, transport = reader(ranges_of(DATA))
    assert ours.read_at(offset, n) == DATA[offset : offset + n]
    assert len(transport.asked) == ours.requests == 1


def test_reads_beyond_the_end_give_nothing_and_ask_nobody() -> None:
    ours, transport = reader(ranges_of(DATA))
    assert ours.read_at(len(DATA), 10) == b""
    assert ours.read_at(5, 0) == b""
    assert transport.asked == []


def test_an_empty_file_asks_nobody() -> None:
    ours, transport = reader(ranges_of(b""), size=0)
    assert ours.read_at(0, 10) == b""
    assert transport.asked == []


def test_reading_again_asks_nobody() -> None:
    ours, transport = reader(ranges_of(DATA))
    ours.read_at(0, 10)
    ours.read_at(5, BLOCK - 5)
    assert len(transport.asked) == 1
    assert ours.received == BLOCK


def test_a_zip_s_end_directory_and_first_member_take_few_requests() -> None:
    ours, _ = reader(ranges_of(DATA))
    ours.read_at(len(DATA) - 22, 22)
    ours.read_at(len(DATA) - 4_000, 3_978)
    ours.read_at(0, 30)
    ours.read_at(30, 9_000)
    assert ours.requests == 3
    assert ours.received <= 3 * BLOCK


def test_reading_on_and_on_takes_ever_larger_steps() -> None:
    ours, _ = reader(ranges_of(DATA))
    assert b"".join(ours.read_at(i, 1000) for i in range(0, len(DATA), 1000)) == DATA
    assert ours.requests <= 7
    assert ours.received == len(DATA)


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RANGE_CACHE", 4 * BLOCK)
    ours, _ = reader(ranges_of(DATA))
    for i in range(0, len(DATA), BLOCK):
        ours.read_at(i, BLOCK)
    assert len(ours._blocks) * BLOCK <= max(4 * BLOCK, limits.RANGE_AHEAD)


def test_no_more_than_the_limit_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RANGE_TOTAL", 3 * BLOCK)
    ours, _ = reader(ranges_of(DATA))
    with pytest.raises(SourceError, match="by ranges"):
        ours.read_at(0, 4 * BLOCK)


WRONG = {
    "the whole file": {"status": 200},
    "no such range": {"status": 416},
    "another range": {"content-range": f"bytes 1-{BLOCK}/{len(DATA)}"},
    "no range": {"content-range": ""},
    "nonsense": {"content-range": "bytes */*"},
    "a negative range": {"content-range": f"bytes -1-{BLOCK - 1}/{len(DATA)}"},
    "another size": {"content-range": f"bytes 0-{BLOCK - 1}/{len(DATA) + 1}"},
    "too many bytes": {"body": lambda body: body + b"!"},
    "compressed": {"headers": {"content-encoding": "gzip"}},
    "another commit": {"headers": {"x-repo-commit": "f" * 40}},
    "other content": {"headers": {"x-linked-etag": '"' + "e" * 64 + '"'}},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_is_an_error_about_the_server(what: str) -> None:
    ours, _ = reader(ranges_of(DATA, **WRONG[what]), commit="a" * 40, linked="b" * 64)
    with pytest.raises(Misbehaved):
        ours.read_at(0, 10)


def test_two_versions_in_two_answers_are_an_error() -> None:
    etags = iter(['"one"', '"two"'])

    def respond(url: str, headers: Mapping[str, str]) -> Answer:
        return ranges_of(DATA, etag=next(etags))(url, headers)

    ours, _ = reader(respond)
    ours.read_at(0, 10)
    with pytest.raises(Misbehaved, match="two versions"):
        ours.read_at(10 * BLOCK, 10)


def test_an_answer_that_is_cut_off_is_asked_for_again_once() -> None:
    bodies = iter([b"short", None])

    def respond(url: str, headers: Mapping[str, str]) -> Answer:
        cut = next(bodies)
        return ranges_of(DATA, body=lambda body: body if cut is None else cut)(url, headers)

    ours, _ = reader(respond)
    assert ours.read_at(0, 10) == DATA[:10]
    assert ours.requests == 2


def test_a_server_that_always_cuts_off_is_unreachable() -> None:
    ours, transport = reader(ranges_of(DATA, body=lambda body: body[:5]))
    with pytest.raises(Unreachable, match="cut"):
        ours.read_at(0, 10)
    assert len(transport.asked) == 2


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_with_a_problem_is_unreachable(status: int) -> None:
    ours, _ = reader(ranges_of(DATA, status=status))
    with pytest.raises(Unreachable, match=str(status)):
        ours.read_at(0, 10)


def test_a_gated_file_says_where_to_ask() -> None:
    ours, _ = reader(ranges_of(DATA, status=401, headers={"x-error-code": "GatedRepo"}), repository="acme/model")
    with pytest.raises(AccessDenied, match="is gated") as caught:
        ours.read_at(0, 10)
    assert "https://hub.example/acme/model" in caught.value.next
    assert "hf auth login" in caught.value.next


def test_a_server_that_drips_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 10_000, 50))
    monkeypatch.setattr("safeload.sources.ranges.time.monotonic", lambda: next(now))

    def respond(url: str, headers: Mapping[str, str]) -> Answer:
        whole = ranges_of(DATA)(url, headers)
        body = b"".join(whole.chunks)
        return Answer(url=url, status=206, headers=whole.headers, chunks=iter([body[i : i + 1] for i in range(99)]))

    ours, _ = reader(respond)
    with pytest.raises(Unreachable, match="slow"):
        ours.read_at(0, 10)


def redirecting(to: str, *, linked: str = "b" * 64) -> Respond:
    def respond(url: str, headers: Mapping[str, str]) -> Answer:
        if url == URL:
            sent = {"location": to, "x-linked-etag": f'"{linked}"', "x-repo-commit": "a" * 40}
            return Answer(url=url, status=302, headers=sent, chunks=iter([]))
        return ranges_of(DATA)(url, headers)

    return respond


def test_the_token_stays_with_the_hub() -> None:
    ours, transport = reader(redirecting("https://cdn.example/blob?signed"), commit="a" * 40, linked="b" * 64)
    ours.read_at(0, 10)
    ours.read_at(10 * BLOCK, 10)
    sent = [(url, "authorization" in headers) for url, headers in transport.asked]
    cdn = "https://cdn.example/blob?signed"
    assert sent == [(URL, True), (cdn, False), (cdn, False)]


def test_the_same_host_gets_the_token_after_a_redirect() -> None:
    ours, transport = reader(redirecting("/moved/model.bin"))
    ours.read_at(0, 10)
    assert [("authorization" in headers) for _, headers in transport.asked] == [True, True]


@pytest.mark.parametrize("to", ["http://cdn.example/x", "file:///etc/passwd", "ftp://cdn.example/x", "https://[/x"])
def test_a_redirect_out_of_https_is_not_followed(to: str) -> None:
    ours, transport = reader(redirecting(to))
    with pytest.raises(Misbehaved, match="redirect"):
        ours.read_at(0, 10)
    assert len(transport.asked) == 1


def test_a_redirect_to_other_content_is_not_followed() -> None:
    ours, transport = reader(redirecting("https://cdn.example/x", linked="c" * 64), linked="b" * 64)
    with pytest.raises(Misbehaved, match="other content"):
        ours.read_at(0, 10)
    assert len(transport.asked) == 1


def test_a_loop_of_redirects_ends() -> None:
    def respond(url: str, headers: Mapping[str, str]) -> Answer:
        return Answer(url=url, status=302, headers={"location": URL}, chunks=iter([]))

    ours, _ = reader(respond)
    with pytest.raises(Misbehaved, match="redirects"):
        ours.read_at(0, 10)
    assert ours.requests == limits.REDIRECTS


def test_a_signed_address_that_ran_out_is_asked_for_anew() -> None:
    calls = iter(range(10))

    def respond(url: str, headers: Mapping[str, str]) -> Answer:
        if url == URL:
            return redirecting(f"https://cdn.example/{next(calls)}")(url, headers)
        if url.endswith("/0") and headers["Range"] != f"bytes=0-{BLOCK - 1}":
            return Answer(url=url, status=403, headers={}, chunks=iter([]))
        return ranges_of(DATA)(url, headers)

    ours, _ = reader(respond)
    ours.read_at(0, 10)
    assert ours.read_at(10 * BLOCK, 10) == DATA[10 * BLOCK :][:10]
