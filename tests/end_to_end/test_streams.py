"""Event streams and WebSockets of a real server, whose timing is known: measured, judged, and broken ones are errors."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import wait_for
from projects import Project, free_port

HEAD = """
version: 1
target: {target}
load: {{{load}}}
gate: {{probe: false}}
endpoints:
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([sys.executable, str(Path(__file__).parent / "stream_app.py"), str(port)])
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _is_up(url), "the stream application")
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _is_up(url: str) -> bool:
    try:
        return bool(urllib.request.urlopen(url, timeout=10).status == 200)
    except OSError:
        return False


LATER = 0.2  # s that a busy machine may add; how true the times are is a matter of bench/


def run(project: Project, server: str, endpoints: str, code: int = 0, load: str = "users: 3, duration: 2500ms") -> dict:
    project.write(HEAD.format(target=server, load=load) + endpoints)
    done = project.perfgate("run")
    assert done.returncode == code, done.stdout + done.stderr
    return project.run()["endpoints"][0]


def outcomes(project: Project) -> dict[str, str]:
    return {finding["metric"]: finding["outcome"] for finding in project.verdict()["findings"]}


@pytest.mark.load
def test_server_sent_events(project: Project, server: str):
    result = run(
        project,
        server,
        """
  prices:
    request: GET /events?first=0.2&every=0.05
    events: {for: 1s, sent: {ms: $.t}, event: price, silence: 1s}
    budget: {first_message_p95: 900ms, message_p95: 500ms, gap_p95: 500ms, gap_p50: 20ms, errors: 1%}
""",
        code=1,  # by gap_p50 alone
    )
    metrics = result["metrics"]
    assert 0.198 < metrics["first_message_p50"] < 0.2 + LATER
    assert 0.04 < metrics["gap_p50"] < 0.05 + LATER
    assert 0 < metrics["message_p50"] < LATER  # from the server's clock to the kernel's
    assert 0 < metrics["p50"] < LATER  # of the opening
    assert result["failures"] == 0
    assert result["requests"] >= 3  # three users, about a second each
    assert outcomes(project)["gap_p50"] == "fail"


@pytest.mark.load
def test_a_stream_that_the_server_ends(project: Project, server: str):
    result = run(
        project,
        server,
        """
  answer:
    request: POST /private
    headers: {Authorization: "{token}"}
    login: {as: log in, every: 10m}             # whose token is good for two streams
    events: {ends: true}
    budget: {completion_p95: 1s, errors: 1%}
  log in: {request: POST /login, capture: {token: $.token}}
""",
    )
    assert result["failures"] == 0
    assert result["requests"] > 6
    assert 0.24 < result["metrics"]["completion_p50"] < 0.3 + LATER  # 0.1 + 4 x 0.05


@pytest.mark.load
@pytest.mark.parametrize("reply", ["next", "$.id"])
def test_a_websocket_s_replies(project: Project, server: str, reply: str):
    result = run(
        project,
        server,
        f"""
  chat:
    request: GET /chat?delay=0.04
    with: {{id: uuid}}
    websocket: {{first: {{hello: 1}}, send: {{id: "{{id}}"}}, every: 20ms, reply: {reply}, for: 1s, subprotocol: chat.v1}}
    budget: {{message_p95: 600ms, errors: 1%}}
""",
        load="rate: 4/s, duration: 2s",
    )
    assert result["failures"] == 0
    if reply != "next":  # the first reply is that to `hello`, so `next` would be one too early
        assert 0.0395 < result["metrics"]["message_p50"] < 0.04 + LATER
    assert result["phases"]["message"]["total"] > 0
    assert outcomes(project)["message_p95"] != "fail"


@pytest.mark.load
def test_a_websocket_that_welcomes_and_ends(project: Project, server: str):
    result = run(
        project,
        server,
        """
  chat:
    request: GET /polite
    websocket: {first: {token: good}, ready: {$.type: ack}, send: {n: 1}, every: 50ms, ends: true, fails: {$.type: error}}
    budget: {first_message_p95: 900ms, message_p95: 900ms, completion_p95: 2s, errors: 1%}
""",
        load="users: 1, duration: 1500ms",
    )
    assert result["failures"] == 0
    assert result["metrics"]["completion_p50"] >= 0.15  # 50 ms until it is welcome, and two more messages
    assert result["phases"]["message"]["total"] > 0


@pytest.mark.parametrize("reply", ["$.id", pytest.param("next", marks=pytest.mark.slow)])
def test_replies_that_never_come_are_timeouts_of_the_message_latency(project: Project, server: str, reply: str):
    result = run(
        project,
        server,
        f"""
  chat:
    request: GET /mute
    timeout: 700ms
    with: {{id: uuid}}
    websocket: {{send: {{id: "{{id}}"}}, every: 50ms, reply: {reply}, for: 200ms}}
    budget: {{message_p95: 600ms, errors: 1%}}
""",
        code=1,
        load="users: 1, duration: 4s",
    )
    assert set(result["failures_by_kind"]) == {"timeout"}
    assert any("messages had no reply within 0.7 s" in text for text in result["failure_examples"])
    assert result["metrics"]["message_p95"] > 0.69
    assert 0 < result["timeouts"]["message"] < result["failures_by_kind"]["timeout"] * 10
    assert outcomes(project)["message_p95"] == "fail"


BROKEN = {
    "request: GET /polite?end=1001, websocket: {first: {token: good}, send: 1, every: 1ms, ends: true}": (
        "connection",
        "the server closed it with 1001",
    ),
    "request: GET /polite, websocket: {first: {token: bad}, ready: {$.type: ack}, fails: {$.type: error}, send: 1}": (
        "expectation",
        "a message says that it failed",
    ),
    "request: GET /leave, websocket: {send: hi, every: 500ms, ends: true}": (
        "expectation",
        "the server closed it with 1000 and left 1 of 2 messages without a reply",
    ),
    "request: GET /mute, websocket: {first: hi, ready: {$.type: ack}, send: 1, for: 200ms}": ("timeout", "met `ready`"),
    "request: GET /chat, headers: {Sec-WebSocket-Extensions: permessage-deflate}, websocket: {for: 5s}": (
        "protocol",
        "extension permessage-deflate",
    ),
    "request: GET /events, events: {for: 5s, fails: {$.n: {greater_than: 0}}}": ("expectation", "says that it failed"),
    "request: GET /drop, websocket: {for: 5s}": (
        "connection",
        "3 messages: the server closed it with 1011 (overloaded)",
    ),
    "request: GET /events?count=2, events: {for: 5s}": ("connection", "2 messages: the server ended it"),
    "request: GET /cut, events: {ends: true}": ("connection", "1 messages: the connection was closed in the middle"),
    "request: GET /events?count=0, events: {ends: true}": ("expectation", "the server ended it without a message"),
    "request: GET /gzip, events: {for: 5s}": ("protocol", "compressed (gzip)"),
    "request: GET /events?first=3, events: {for: 5s, silence: 300ms}": ("timeout", "it was silent for 0.3 s"),
    "request: GET /json, events: {for: 5s}": ("expectation", "expected text/event-stream, got application/json"),
    "request: GET /json, websocket: {for: 5s}": ("status", "status: 403"),
    "request: GET /chat, websocket: {for: 5s, subprotocol: v9}": ("protocol", "the server does not speak v9"),
}


def test_broken_streams_are_errors(project: Project, server: str):
    lines = [f"  broken {number}: {{{text}, budget: {{errors: 1%}}}}\n" for number, text in enumerate(BROKEN)]
    load = "stages: [{rate: 90/s, for: 1s}, {rate: 0.1/s, for: 2s}]"  # the end of the load cuts none of them off
    project.write(HEAD.format(target=server, load=load) + "".join(lines))

    done = project.perfgate("run")

    assert done.returncode == 1, done.stdout + done.stderr
    results = {one["name"]: one for one in project.run()["endpoints"]}
    assert sum(one["requests"] for one in results.values()) == 90
    for number, (kind, example) in enumerate(BROKEN.values()):
        result = results[f"broken {number}"]
        assert result["failures"] == result["requests"] == result["failures_by_kind"][kind] > 0
        assert any(example in text for text in result["failure_examples"]), result["failure_examples"]
