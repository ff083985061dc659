"""What goes wrong on purpose goes wrong as announced, and stops when it is told to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from hub.server import Hub

REPO, WEIGHTS = "acme/tiny-bert", "model.safetensors"


def get(hub: Hub, path: str = WEIGHTS, **headers: str) -> httpx.Response:
    url = f"{hub.endpoint}/{REPO}/resolve/main/{path}"
    return httpx.get(url, headers=headers, follow_redirects=True, timeout=5)


def test_cut_in_the_middle(hub: Hub) -> None:
    hub.fault(REPO, WEIGHTS, kind="cut", after=1000)
    with pytest.raises(httpx.RemoteProtocolError):
        get(hub)
    assert hub.asked("/cdn/")[0]["bytes"] == 1000


def test_the_client_tries_again_after_a_cut(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download

    hub_env.fault(REPO, WEIGHTS, kind="cut", after=1000, times=1)
    assert hf_hub_download(REPO, WEIGHTS)
    first, second = (r["bytes"] for r in hub_env.asked("/cdn/"))
    assert first == 1000 < second


def test_truncated_body(hub_env: Hub) -> None:
    from huggingface_hub import hf_hub_download

    hub_env.fault(REPO, WEIGHTS, kind="truncated")
    with pytest.raises(OSError, match="Consistency check failed"):
        hf_hub_download(REPO, WEIGHTS)


def test_ranges_answered_wrongly(hub: Hub) -> None:
    whole = get(hub).content
    asked = {"Range": "bytes=100-199"}
    answers: dict[str, Any] = {}
    for kind in ("range-ignored", "range-shifted", "range-mislabelled", "range-bytes", "range-short"):
        fault = hub.fault(REPO, WEIGHTS, kind=kind)
        answer = get(hub, **asked)
        answers[kind] = (answer.status_code, answer.headers.get("Content-Range", "")[6:13], answer.content)
        hub.faults.remove(fault)
    assert answers["range-ignored"] == (200, "", whole)
    assert answers["range-shifted"] == (206, "116-215", whole[116:216])
    assert answers["range-mislabelled"] == (206, "101-200", whole[100:200])
    assert answers["range-bytes"][:2] == (206, "100-199") and answers["range-bytes"][2] != whole[100:200]
    assert answers["range-short"] == (206, "100-149", whole[100:150])
    assert get(hub, **asked).content == whole[100:200]


def test_other_bytes_of_the_same_size(hub: Hub) -> None:
    whole = get(hub).content
    hub.fault(REPO, WEIGHTS, kind="bytes", times=1)
    tampered = get(hub).content
    assert len(tampered) == len(whole) and tampered != whole
    assert get(hub).content == whole


def test_head_lies_about_the_size(hub: Hub) -> None:
    hub.fault(REPO, kind="head-size", size=5)
    for path in ("config.json", WEIGHTS):
        head = httpx.head(f"{hub.endpoint}/{REPO}/resolve/main/{path}")
        said = int(head.headers.get("X-Linked-Size") or head.headers["Content-Length"])
        assert said == len(get(hub, path).content) + 5


def test_server_error_a_few_times(hub: Hub) -> None:
    hub.fault(REPO, "config.json", kind="error", status=503, times=2, skip=1)
    assert [get(hub, "config.json").status_code for _ in range(4)] == [200, 503, 503, 200]


def test_answers_that_are_none(hub: Hub) -> None:
    hub.fault(REPO, kind="html", routes={"info"})
    assert "<html>" in httpx.get(f"{hub.endpoint}/api/models/{REPO}").text
    hub.fault(REPO, kind="bad-json", routes={"tree"})
    with pytest.raises(ValueError, match="Expecting value"):
        httpx.get(f"{hub.endpoint}/api/models/{REPO}/tree/main").json()
    hub.fault(REPO, kind="no-commit", routes={"resolve"})
    assert "X-Repo-Commit" not in httpx.head(f"{hub.endpoint}/{REPO}/resolve/main/config.json").headers


def test_slow(hub: Hub) -> None:
    hub.fault(REPO, "config.json", kind="slow", delay=0.1, chunk_delay=0.02, chunk=200)
    start = time.monotonic()
    get(hub, "config.json")
    assert time.monotonic() - start > 0.15
    hub.reset()
    hub.latency = 0.1
    start = time.monotonic()
    httpx.get(f"{hub.endpoint}/api/models/{REPO}")
    assert time.monotonic() - start >= 0.1


def test_no_answer_at_all(hub: Hub) -> None:
    hub.fault(REPO, kind="hang", routes={"info"})
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{hub.endpoint}/api/models/{REPO}", timeout=0.2)


def test_down_and_up_again(hub: Hub) -> None:
    with httpx.Client() as client:
        assert client.get(f"{hub.endpoint}/api/models/{REPO}").status_code == 200
        hub.down()
        with pytest.raises(httpx.TransportError):
            client.get(f"{hub.endpoint}/api/models/{REPO}")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{hub.endpoint}/api/models/{REPO}")
        hub.up()
        assert client.get(f"{hub.endpoint}/api/models/{REPO}").status_code == 200


def test_something_changes_at_an_exact_moment(hub: Hub) -> None:
    hub.fault(REPO, WEIGHTS, kind="call", routes={"cdn"}, times=1, skip=1, then=lambda: hub.push(REPO, {"a": b"1"}))
    heads = []
    for _ in range(3):
        get(hub, Range="bytes=0-7")
        heads.append(hub.head(REPO))
    assert heads[0] != heads[1] == heads[2]


def test_a_fault_that_does_not_exist(hub: Hub) -> None:
    with pytest.raises(ValueError, match="no such fault"):
        hub.fault(kind="rain")  # type: ignore[arg-type]
