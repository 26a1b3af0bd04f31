"""The two servers that load goes to: the reference server, which knows its latencies, and nginx, which is fast."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.engine.machine import SERVER, pinned

SOURCES = Path(__file__).parent.parent / "refserver"
BODY = '{"id": 12345, "name": "tea", "pad": "' + "x" * 61 + '"}'
START_TIMEOUT_S = 5.0  # s

NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;
  client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
  uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
  server {{
    listen 127.0.0.1:{port}; default_type application/json;
    location / {{ return 200 '{body}'; }}
    location /bytes/ {{ alias {folder}/bytes/; }}
  }}
}}
"""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Self-signed, for 127.0.0.1; `file` is what a client has to trust."""

    file: Path
    key: Path


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A running reference server."""

    url: str
    certificate: Certificate | None

    def reset(self) -> None:
        self._get("/truth/reset")

    def summary(self, window: tuple[int, int] | None = None, path: str = "") -> dict[str, Any]:
        """What was served of the requests that arrived in the window (ns, wall clock): count and times in ns."""
        selection: dict[str, Any] = {"path": path} if path else {}
        if window:
            selection |= {"from": window[0], "to": window[1]}
        result: dict[str, Any] = json.loads(self._get(f"/truth/summary?{urlencode(selection, safe='/')}"))
        return result

    def _get(self, path: str) -> bytes:
        context = ssl.create_default_context(cafile=str(self.certificate.file)) if self.certificate else None
        with urllib.request.urlopen(self.url + path, context=context, timeout=60) as answer:
            content: bytes = answer.read()
        return content


def build() -> Path:
    """The reference server's program. Raises CalledProcessError when it does not compile."""
    subprocess.run(["make", "--quiet", "-C", str(SOURCES)], check=True)
    return SOURCES / "build" / "refserver"


@contextmanager
def reference(*options: str, certificate: Certificate | None = None) -> Iterator[Reference]:
    """`reference("--dist", "lognormal:20ms:0.5")` on a free port and a core of its own."""
    port = _free_port()
    command = [str(build()), "--port", str(port), "--json", *options]
    if certificate:
        command += ["--tls", str(certificate.file), str(certificate.key)]
    with _running(pinned(SERVER, command), port):
        yield Reference(url=f"http{'s' * bool(certificate)}://127.0.0.1:{port}", certificate=certificate)


@contextmanager
def nginx(folder: Path, sizes: tuple[int, ...] = ()) -> Iterator[str]:
    """nginx with one worker on a core of its own: 100 bytes of JSON at every path, and /bytes/N for the sizes."""
    port = _free_port()
    (folder / "bytes").mkdir()
    for size in sizes:
        (folder / "bytes" / str(size)).write_bytes(b"x" * size)
    folder.chmod(0o755)  # its worker is another user
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, port=port, body=BODY), encoding="utf-8")
    with _running(pinned(SERVER, ["nginx", "-c", str(config), "-p", str(folder)]), port):
        yield f"http://127.0.0.1:{port}"


def has_nginx() -> bool:
    return shutil.which("nginx") is not None


def certificate(folder: Path) -> Certificate:
    made = Certificate(file=folder / "certificate.pem", key=folder / "key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(made.key), "-out", str(made.file), "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    return made


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"the server does not listen on port {port}")


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
