"""What exporters send to, in the test's own process: an HTTP server and a UDP socket that keep what they get."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from perfgate.export.families import Buckets, Family, Point

HOSTILE = 'a "b" \\ c,d=e|f#g:h\n\x1b[31m ü'


@dataclass
class Received:
    url: str = ""
    status: int = 200  # 0: no answer
    answer: bytes = b"bad token s3cret-token-value"
    posts: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)  # path, headers, body


@contextmanager
def http_receiver() -> Iterator[Received]:
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.posts.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            if not received.status:  # it took it, and hangs up
                self.close_connection = True
                return
            answer = received.answer
            self.send_response(received.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    received.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def udp_receiver() -> Iterator[tuple[int, socket.socket]]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(60)
        yield listener.getsockname()[1], listener


def families(requests: float = 7.0) -> tuple[Family, ...]:
    """One family of each kind, with labels that nobody would choose."""
    labels = {"load_test": "shop", "endpoint": HOSTILE, "branch": ""}
    counts = Buckets(bounds=(0.1, 0.5), counts=(3, 2, 1), total=1.75)
    return (
        Family(
            name="perfgate.requests",
            unit="{request}",
            kind="counter",
            help="Requests.",
            points=(Point(value=requests, labels=labels),),
        ),
        Family(
            name="perfgate.request.duration",
            unit="s",
            kind="histogram",
            help="Latency \\ of\nrequests.",
            points=(Point(value=counts, labels=labels),),
        ),
        Family(name="perfgate.budget.change", unit="1", help="Change.", points=(Point(value=-0.25, labels=labels),)),
    )
