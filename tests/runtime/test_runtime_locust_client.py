"""`client: locust`: the same answers and failures through Locust's own HTTP client, in a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import socket
import ssl
from base64 import b64encode
from pathlib import Path
from typing import Any

import forked
import pytest
from runtime.scripted import Server, answers, ask, client_of, ok, silent_after, until
from runtime.test_runtime_framing import CHUNKED
from runtime.test_runtime_mending import READ

from perfgate.runtime.http.connection import CHUNK_FAULT, HEAD_FAULT, UNASKED

ASK = """
import json, sys, time
from pathlib import Path
from perfgate.runtime.http.client import SendOptions, Timeouts
from perfgate.runtime.http.dialling import TlsConfig, origin
from perfgate.runtime.http.locust_client import LocustClient
from perfgate.runtime.http.observations import Observations

url, trust, requests = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
seen = Observations()
client = LocustClient(origin(url), TlsConfig(**trust), seen)
result = []
for one in requests:
    while not Path(one.get("not_before", "/")).exists():
        time.sleep(0.01)
    method = one.get("method", "GET")
    body = one.get("body", "").encode()
    head = f"{method} {one.get('path', '/')} HTTP/1.1\\r\\nHost: test\\r\\nX-Name: a: b\\r\\nAccept-Encoding: gzip\\r\\n"
    head += one.get("line", "")
    if body:
        head += f"Content-Length: {len(body)}\\r\\n"
    timeouts = Timeouts(*(int(one.get(name, usual) * 1e9) for name, usual in
                          (("timeout", 10), ("connect", 0), ("first_byte", 0))))
    got = client.send(f"{head}\\r\\n".encode() + body, SendOptions(method, timeouts, one.get("keep_body", True), one.get("endpoint", "shop")))
    result.append({
        "status": got.status, "body": got.body.decode("latin-1"), "size": got.size, "cookies": got.cookies,
        "headers": dict(got.headers), "text": got.text if not got.failure else "",
        "failure": got.failure and [got.failure.kind, got.failure.detail],
        "service": got.service, "first_byte": got.first_byte, "wait": got.wait, "connections": got.connections,
        **seen.as_plain(),
        "phases": [got.dns, got.connect, got.tls],
    })
client.close()
print("RESULT " + json.dumps(result))
"""


PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
ENVIRON = {name: value for name, value in os.environ.items() if name.lower() not in PROXIES}


def asked(
    url: str, *requests: dict[str, Any], environ: dict[str, str] | None = None, **trust: Any
) -> list[dict[str, Any]]:
    """What the client makes of each answer."""
    done = forked.in_locust(ASK, url, json.dumps(trust), json.dumps(requests), env=ENVIRON | (environ or {}))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.partition("RESULT ")[2])


def test_answers_on_one_connection():
    with Server(answers(ok(b"one", "X-Count: 3"), ok(b"", status="404 Not Found"), ok(b"three"))) as server:
        first, second, third = asked(server.url, {"path": "/a?b=c"}, {}, {"keep_body": False})
        assert (first["status"], first["body"], first["size"], first["headers"]["x-count"]) == (200, "one", 3, "3")
        assert second["status"] == 404
        assert (third["body"], third["size"]) == ("", 5)
        assert [one["failure"] for one in (first, second, third)] == [None] * 3
        assert 0 < first["first_byte"] <= first["service"]
        assert server.connections == 1
        assert [one["connections"] for one in (first, second, third)] == [1, 0, 0]
        assert 0 < sum(first["phases"]) <= first["wait"]
        assert second["wait"] == 0


def test_the_request_is_the_one_it_was_given():
    with Server(answers(ok())) as server:
        asked(server.url, {"path": "/a?b=c%20d"}, {"method": "POST", "body": "né"})
        get, post = server.requests
    assert get.startswith(b"GET /a?b=c%20d HTTP/1.1\r\n")
    assert b"\r\nX-Name: a: b\r\n" in get
    assert get.lower().count(b"\r\nhost: test\r\n") == 1
    assert post.endswith("\r\n\r\nné".encode())
    assert post.lower().count(b"content-length") == 1


def test_a_server_that_does_not_know_expect_is_not_waited_for():
    """The script of the server reads the whole request before it answers anything."""
    with Server(answers(b"HTTP/1.1 100 Continue\r\n\r\n" + ok(b"one"), ok(b"two"))) as server:
        post = {"method": "POST", "body": "{}", "line": "Expect: 100-continue\r\n"}
        assert [(one["failure"], one["body"]) for one in asked(server.url, post, post)] == [
            (None, "one"),
            (None, "two"),
        ]


def test_cookies_are_all_there():
    with Server(answers(ok(b"", "Set-Cookie: a=1; Path=/", "set-cookie: b=2"))) as server:
        assert asked(server.url, {})[0]["cookies"] == ["a=1; Path=/", "b=2"]


def test_contents_are_decoded_once():
    with Server(answers(ok(gzip.compress(b"tea"), "Content-Encoding: gzip"))) as server:
        (got,) = asked(server.url, {})
        assert (got["text"], got["size"]) == ("tea", len(gzip.compress(b"tea")))


def test_head_has_no_body():
    with Server(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")) as server:
        got = asked(server.url, {"method": "HEAD"}, {"method": "HEAD"})
        assert [(one["status"], one["size"], one["failure"]) for one in got] == [(200, 0, None)] * 2


def test_no_answer_in_time_is_a_timeout_and_the_next_request_has_a_new_connection():
    with Server(silent_after(ok()), answers(ok())) as server:
        _, late, good = asked(server.url, {}, {"timeout": 0.6}, {})  # a busy machine may need 0.6 s to connect
        assert late["failure"] == ["timeout", "no complete answer within 0.6 s"]
        assert late["service"] >= 590_000_000
        assert (good["body"], good["failure"]) == ("hello", None)


silent = silent_after()


def resets(peer):
    peer.request()
    peer.reset()


def says(*pieces: bytes):
    def script(peer):
        peer.request()
        for piece in pieces:
            peer.send(piece)

    return script


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("script", "limits", "failure"),
    [
        (silent, {"first_byte": 0.6}, ["timeout", "no answer within 0.6 s"]),
        (says(), {}, ["connection", "closed before it answered"]),
        (resets, {}, ["connection", None]),
        (says(ok()[:-1]), {}, ["connection", "closed in the middle of the answer"]),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n"), {}, ["protocol", None]),
    ],
)
def test_what_is_no_answer_is_the_same_failure_as_for_the_fast_client(script, limits, failure, method):
    """Where the words differ, at least the kind is the same."""
    with Server(script) as server:
        body = "x" if method == "POST" else ""
        got = asked(server.url, {"method": method, "body": body, **limits})[0]["failure"]
        until(lambda: server.connections)
        assert server.connections == 1  # a new connection that fails is not silently followed by another one
    with Server(script) as server:
        fast = ask(client_of(server), method, body=body.encode(), **limits).failure
    assert got[0] == fast.kind == failure[0]
    if failure[1]:
        assert got[1] == fast.detail == failure[1]


def test_a_first_byte_in_time_is_no_failure_however_long_the_rest_takes():
    def slow(peer):
        peer.request()
        head, body = ok().split(b"\r\n\r\n")
        peer.send(head + b"\r\n\r\n")
        peer.server.over.wait(3.2)
        peer.send(body)

    with Server(slow) as server:
        (got,) = asked(server.url, {"first_byte": 3})
    assert (got["body"], got["failure"]) == ("hello", None)


def test_an_idle_connection_that_was_closed_is_replaced(tmp_path: Path):
    closed = tmp_path / "closed"

    def once(peer):
        peer.request()
        peer.send(ok())
        peer.close()
        closed.touch()

    with Server(once, answers(ok())) as server:
        first, second = asked(server.url, {}, {"not_before": str(closed)})
    assert (first["failure"], second["failure"], second["connections"]) == (None, None, 1)


def test_connections_that_cannot_be_made_are_failures():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        (got,) = asked(f"http://127.0.0.1:{unused.getsockname()[1]}", {})
    assert (got["status"], got["failure"]) == (0, ["connection", "connection refused"])
    (got,) = asked("http://shop.invalid", {})
    assert got["failure"] == ["generator", "names"]


def test_a_target_that_is_refused_by_the_library_is_a_failure_and_no_crash():
    with Server(answers(ok())) as server:
        got = asked(server.url, {"path": "//elsewhere"}, {})
    assert [one["failure"] and one["failure"][0] for one in got] == ["expectation", None]


def test_large_bodies_that_nobody_asked_for_are_not_kept():
    with Server(answers(ok(b"x" * 3_000_000))) as server:
        thrown, kept = asked(server.url, {"keep_body": False}, {})
    assert (thrown["size"], len(thrown["body"])) == (3_000_000, 0)
    assert (kept["size"], len(kept["body"])) == (3_000_000, 3_000_000)


# ---- proxies


def test_a_proxy_is_sent_the_whole_url():
    with Server(answers(ok(b"one"), ok(b"two"))) as proxy:
        environ = {"ALL_PROXY": proxy.url.replace("//", "//ann:secret@")}
        got = asked("http://shop.test:8080", {"path": "/a?b=c"}, {}, environ=environ)
    assert [one["body"] for one in got] == ["one", "two"]
    assert proxy.connections == 1
    head = proxy.requests[0]
    assert head.startswith(b"GET http://shop.test:8080/a?b=c HTTP/1.1\r\n")
    assert b"\r\nproxy-authorization: basic " + b64encode(b"ann:secret").lower() in head.lower()


def test_a_tls_target_is_talked_to_through_a_tunnel(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    def tunnel(peer):
        peer.request()
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        peer.socket = context.wrap_socket(peer.socket, server_side=True)
        answers(ok())(peer)

    with Server(tunnel) as proxy:
        environ = {"https_proxy": proxy.url}
        got = asked("https://shop.test", {}, {}, environ=environ, ca=str(certificates / "ca.pem"))
    assert [one["body"] for one in got] == ["hello"] * 2
    assert [one["connections"] for one in got] == [1, 0]
    assert proxy.requests[0].startswith(b"CONNECT shop.test:443 HTTP/1.1\r\n")
    assert all(took > 0 for took in got[0]["phases"])


def test_tunnels_that_are_not_made_are_failures():
    def script(peer):
        peer.request()
        peer.send(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with Server(script, silent) as proxy:
        got = asked("https://shop.test", {}, {"connect": 0.2}, environ={"https_proxy": proxy.url})
    assert got[0]["failure"][0] == "connection"
    assert "403 Forbidden" in got[0]["failure"][1]
    assert got[1]["failure"] == ["timeout", "no connection within 0.2 s"]


def test_a_proxy_that_is_excepted_is_not_asked():
    with Server(answers(ok())) as server:
        assert asked(server.url, {}, environ={"HTTP_PROXY": "http://127.0.0.1:9"})[0]["body"] == "hello"


@pytest.mark.parametrize("name", READ)
def test_what_user_agents_read_is_read_by_this_client_too(name):
    data, headers, fault = READ[name]
    with Server(answers(data)) as server:
        got = asked(server.url, {}, {})
        assert [(one["status"], one["body"], one["failure"]) for one in got] == [(200, "hi", None)] * 2
        assert got[0]["headers"]["x-f"] == headers["x-f"]
        assert server.connections == 1
    assert got[-1]["remarks"] == [["shop", HEAD_FAULT + fault, 2]]


@pytest.mark.parametrize("together", [True, False])
def test_a_late_body_after_a_204_is_blamed_on_its_endpoint(together):
    def script(peer):
        peer.request()
        peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        peer.request()
        for piece in (b"late" + ok(),) if together else (b"late", ok()):
            peer.send(piece)
        peer.wait_for_end()

    with Server(script, answers(ok())) as server:
        got = asked(server.url, {"endpoint": "remove"}, {"endpoint": "list"})
    assert [(one["status"], one["body"], one["failure"]) for one in got] == [(204, "", None), (200, "hello", None)]
    assert got[-1]["remarks"] == [["remove", UNASKED, 1]]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_server_that_takes_a_request_and_closes_has_failed(method):
    def swallows(peer):
        peer.request()
        peer.send(ok())
        peer.request()

    with Server(swallows, answers(ok(b"second"))) as server:
        first, lost, third = asked(server.url, {}, {"method": method}, {})
        assert len(server.requests) == 3
    assert (first["failure"], lost["failure"]) == (None, ["connection", "closed before it answered"])
    assert (third["body"], third["resends"]) == ("second", {})


def test_headers_follow_the_rules_here_too():
    answer = (
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: Z\xc3\xbc\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"2\r\nhi\r\n0\r\nX-A: trailer\r\nContent-Encoding: br\r\n\r\n"
    )
    with Server(answers(answer)) as server:
        got = asked(server.url, {})[0]
    assert (got["headers"]["x-a"], got["text"]) == ("1, Zü", "hi")


def test_a_name_that_nobody_can_have_is_a_failure():
    (got,) = asked(f"http://{'a' * 64}.test", {})
    assert got["failure"] == ["generator", "names"]


# ---- TLS


def test_tls_believes_what_it_is_told_to(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with Server(answers(ok()), tls=context) as server:
        assert asked(server.url, {}, ca=str(certificates / "ca.pem"))[0]["body"] == "hello"
        assert asked(server.url, {}, insecure=True)[0]["body"] == "hello"
        assert asked(server.url, {})[0]["failure"][0] == "connection"
        ca = str(certificates / "ca.pem")
        assert asked(server.url, {}, ca=ca, server_name="shop.test")[0]["body"] == "hello"
        assert asked(server.url, {}, ca=ca, server_name="other.test")[0]["failure"][0] == "connection"


@pytest.mark.parametrize("is_cut", [False, True])
def test_chunks_that_user_agents_read_are_read_and_noted(is_cut):
    """And the next answer on the connection."""
    data, fault = CHUNKED["bare LF"]

    def script(peer):
        for answer in (data, ok(b"healthy"), data):
            peer.request()
            for number in range(len(answer)) if is_cut else ():
                peer.send(answer[number : number + 1])
            if not is_cut:
                peer.send(answer)

    with Server(script) as server:
        got = asked(server.url, {}, {}, {})
        assert [one["failure"] for one in got] == [None] * 3
        assert [one["body"] for one in got] == ["hi\nlot\n", "healthy", "hi\nlot\n"]
        assert got[-1]["remarks"] == [["shop", CHUNK_FAULT + fault, 2]]
        assert server.connections == 1
