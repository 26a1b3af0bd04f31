"""A web server of small pages for tests, by path; a page may be a function of the request."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from perfgate.model.budget_file import PageSpec
from perfgate.pages.visit import PageVisit


@dataclass(frozen=True, kw_only=True)
class Answer:
    body: str = ""
    status: int = 200
    kind: str = "text/html"
    headers: Mapping[str, str] = field(default_factory=dict)


Page = str | Answer | Callable[[Any], "str | Answer"]


@contextmanager
def serving(pages: Mapping[str, Page], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """The address of a server of these pages."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = pages.get(self.path.partition("?")[0], Answer(status=404))
            page = page(self) if callable(page) else page
            answer = Answer(body=page) if isinstance(page, str) else page
            body = answer.body.encode()
            self.send_response(answer.status)
            kind = "text/javascript" if self.path.endswith(".js") else answer.kind
            headers = {"Content-Type": kind, "Content-Length": str(len(body)), **answer.headers}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def visit(target: str, path: str, *, hosts: tuple[str, ...] = (), **spec: Any) -> PageVisit:
    page = PageSpec(name="page", path=path, **{"timeout": 30.0, **spec})
    return PageVisit(page=page, target=target, path=path, hosts=hosts)
