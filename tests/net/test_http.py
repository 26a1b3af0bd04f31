"""What perfgate's own requests say when something goes wrong: never a token."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import pytest

from perfgate.net import http


@pytest.fixture
def url() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("end", ["\n", "\r\nX-More: 1", " ", "\u00e9", "\x00"], ids=repr)
def test_a_token_that_cannot_be_sent_is_not_quoted(url: str, end: str):
    with http.HttpSession(timeout=60) as session, pytest.raises(http.NoReplyError) as caught:
        session.exchange("GET", url, headers={"Authorization": f"Bearer ghp_hunter2{end}"})

    assert "Authorization" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_ordinary_one_is_sent(url: str):
    with http.HttpSession(timeout=60) as session:
        assert session.exchange("GET", url, headers={"Authorization": "Bearer ghp_hunter2"}).status == 204


def test_an_answer_that_is_small_only_while_it_is_packed_is_not_unpacked():
    """Brotli has no bound: 100 kB of it can be 100 MB, in one piece."""
    brotli = pytest.importorskip("brotli")
    packed = brotli.compress(bytes(100 * 2**20), quality=1)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            accepted.append(self.headers["Accept-Encoding"])
            self.send_response(200)
            self.send_header("Content-Encoding", "br")
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *_: object) -> None:
            pass

    accepted: list[str | None] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        with (
            http.HttpSession(timeout=60) as session,
            pytest.raises(http.NoReplyError, match="unsupported Content-Encoding"),
        ):
            session.exchange("GET", f"http://127.0.0.1:{server.server_port}/", headers={}, max_bytes=2**20)
        assert http.status_of(f"http://127.0.0.1:{server.server_port}/", timeout=60) == 200
        server.shutdown()
    assert accepted == ["gzip", "identity"]


@pytest.fixture
def endless() -> Iterator[tuple[str, threading.Event]]:
    """A page that never ends, each piece of which comes in time; set once its reader has left."""
    is_left = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while not is_left.wait(0.01):
                    self.wfile.write(b": ping\n\n")
            is_left.set()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", is_left
        is_left.set()
        server.shutdown()


def test_a_page_that_never_ends_has_a_status(endless: tuple[str, threading.Event], monkeypatch: pytest.MonkeyPatch):
    """A stream of events, say, that is asked whether it is ready."""
    url, is_left = endless
    monkeypatch.setattr(http, "monotonic", count(0, 30).__next__)  # a clock that runs fast
    assert http.status_of(url, timeout=60) == 200
    assert is_left.wait(60)


def test_an_answer_that_never_ends_is_none(endless: tuple[str, threading.Event]):
    url, is_left = endless
    with (
        http.HttpSession(timeout=60, max_answer_s=0.1) as session,
        pytest.raises(http.NoReplyError, match="the answer does not end"),
    ):
        session.exchange("GET", url, headers={})
    assert is_left.wait(60)
