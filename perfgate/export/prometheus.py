"""A page for Prometheus to scrape while perfgate runs: `prometheus://127.0.0.1:9464`, at /metrics."""

from __future__ import annotations

from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6
from socketserver import TCPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from perfgate.export import exposition
from perfgate.export.contract import Address, Exporter, ExportError
from perfgate.export.families import Family

HOST = "127.0.0.1"
PATH = "/metrics"
IDLE_TIMEOUT_S = 10.0  # that a connection may stay without a request


class _ScrapeServer(ThreadingHTTPServer):
    def server_bind(self) -> None:
        """Without a look-up of this machine's name, which takes long where no name server answers."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, *_: Any) -> None:
        """A scraper that hangs up is no news."""


class _ScrapeServer6(_ScrapeServer):
    address_family = AF_INET6


class ScrapePage:
    """Shows the newest families until it is closed."""

    def __init__(self, host: str, port: int) -> None:
        self._known: dict[str, Family] = {}
        self._lock = Lock()
        self._server = (_ScrapeServer6 if ":" in host else _ScrapeServer)((host, port), _handler(self.text))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def text(self) -> str:
        with self._lock:
            return exposition.text(list(self._known.values()))

    def send(self, families: Sequence[Family], at: float) -> None:  # noqa: ARG002 - what is scraped has the scrape's time
        with self._lock:
            self._known |= {family.name: family for family in families}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(text: Any) -> type[BaseHTTPRequestHandler]:
    class Page(BaseHTTPRequestHandler):
        timeout = IDLE_TIMEOUT_S

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != PATH:
                self.send_error(404)
                return
            body = text().encode()
            self.send_response(200)
            self.send_header("Content-Type", exposition.CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Page


def connect(address: Address) -> Exporter:
    """Raises ExportError when nothing can listen there."""
    try:
        parts = urlsplit(address.url)
        if parts.port is None:
            raise ExportError("its address has no port: prometheus://127.0.0.1:9464")
        return ScrapePage(parts.hostname or HOST, parts.port)
    except (OSError, ValueError) as error:
        raise ExportError(f"nothing can listen there: {error}") from error
