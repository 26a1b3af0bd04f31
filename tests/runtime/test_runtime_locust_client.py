"""`client: locust`: the same answers and failures through Locust's own HTTP client, in a process of its own."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import subprocess
import sys
from typing import Any

import pytest
from runtime.scripted import PATIENCE, Server, answers, ok

ASK = """
import json, sys
from perfgate.runtime.client import Manner, Patience
from perfgate.runtime.dialling import Trust, origin
from perfgate.runtime.locust_client import LocustClient

url, trust, requests = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
client = LocustClient(origin(url), Trust(**trust))
result = []
for one in requests:
    method = one.get("method", "GET")
    body = one.get("body", "").encode()
    head = f"{method} {one.get('path', '/')} HTTP/1.1\\r\\nHost: test\\r\\nX-Name: a: b\\r\\nAccept-Encoding: gzip\\r\\n"
    if body:
        head += f"Content-Length: {len(body)}\\r\\n"
    patience = Patience(int(one.get("timeout", 10) * 1e9))
    got = client.send(f"{head}\\r\\n".encode() + body, Manner(method, patience, one.get("keep_body", True)))
    result.append({
        "status": got.status, "body": got.body.decode("latin-1"), "size": got.size, "cookies": got.cookies,
        "headers": got.headers, "text": got.text if not got.failure else "",
        "failure": got.failure and [got.failure.kind, got.failure.detail],
        "service": got.service, "first_byte": got.first_byte,
    })
client.close()
print("RESULT " + json.dumps(result))
"""


def asked(url: str, *requests: dict[str, Any], **trust: Any) -> list[dict[str, Any]]:
    """What the client makes of each answer."""
    command = [sys.executable, "-c", ASK, url, json.dumps(trust), json.dumps(requests)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
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


def test_the_request_is_the_one_it_was_given():
    with Server(answers(ok())) as server:
        asked(server.url, {"path": "/a?b=c%20d"}, {"method": "POST", "body": "né"})
        get, post = server.requests
    assert get.startswith(b"GET /a?b=c%20d HTTP/1.1\r\n")
    assert b"\r\nX-Name: a: b\r\n" in get
    assert get.lower().count(b"\r\nhost: test\r\n") == 1
    assert post.endswith("\r\n\r\nné".encode())
    assert post.lower().count(b"content-length") == 1


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
    def silent(peer):
        peer.request()
        peer.server.over.wait(PATIENCE)

    with Server(silent, answers(ok())) as server:
        late, good = asked(server.url, {"timeout": 0.2}, {})
        assert late["failure"] == ["timeout", "no complete answer within 0.2 s"]
        assert late["service"] >= 200_000_000
        assert (good["body"], good["failure"]) == ("hello", None)


def test_a_refused_connection_is_a_failure():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        (got,) = asked(f"http://127.0.0.1:{unused.getsockname()[1]}", {})
    assert got["status"] == 0
    assert got["failure"][0] == "connection"
    assert "refused" in got["failure"][1]


@pytest.mark.parametrize(
    ("answer", "kind"), [(b"", "connection"), (ok()[:-1], "connection"), (b"SSH-2.0-OpenSSH_9.6\r\n", "protocol")]
)
def test_what_is_no_answer_is_a_failure(answer, kind):
    def script(peer):
        peer.request()
        peer.send(answer)

    with Server(script) as server:
        assert asked(server.url, {"method": "POST", "body": "x"})[0]["failure"][0] == kind


def test_tls_believes_what_it_is_told_to(certificates):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with Server(answers(ok()), tls=context) as server:
        assert asked(server.url, {}, ca=str(certificates / "ca.pem"))[0]["body"] == "hello"
        assert asked(server.url, {}, insecure=True)[0]["body"] == "hello"
        assert asked(server.url, {})[0]["failure"][0] == "connection"
