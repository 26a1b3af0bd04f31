"""Node's inspector, opened for as long as a script is evaluated in the process, by the Chrome DevTools protocol."""

from __future__ import annotations

import json
import re
import signal
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import urlsplit

import psutil
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage
from wsproto.utilities import ProtocolError

from perfgate.model.errors import DiagnosisError

OPEN_TIMEOUT_S = 10.0  # s until the inspector listens; a busy process is slow to open it
CLOSE_TIMEOUT_S = 1.0
REPLY_TIMEOUT_S = 20.0  # s: a large heap takes that long to be collected
POLL_INTERVAL_S = 0.01
MAX_REPLY_BYTES = 256_000_000
LOCAL = "127.0.0.1"
NOT_OPENED = (
    "Its port is in use (9229), or the application handles SIGUSR1 itself. Free the port, or choose another: "
    "`NODE_OPTIONS: --inspect-port=PORT` in `service.env`. `diagnose: {profile: none}` sends no signal."
)
INSPECTED = "Start it without: perfgate opens the inspector itself, and only while it begins and ends the profile."
_INSPECT = re.compile(r"--inspect(-brk|-wait)?(=.*)?")  # --inspect-port only says where


def takes_signal(process: psutil.Process) -> bool:
    """Whether SIGUSR1 has a handler there, as Node has from its start on: without one the signal ends a process. False
    where the system does not say."""
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name == "SigCgt":
                return bool(int(value, 16) >> (signal.SIGUSR1 - 1) & 1)
    return False


def evaluate(process: psutil.Process, script: str) -> Any:
    """What the script resolves to, as JSON. It closes the inspector itself. Raises DiagnosisError."""
    try:
        before = _listening(process)
        if not takes_signal(process):
            raise DiagnosisError(f"diagnose.profile: process {process.pid} does not take SIGUSR1", code="PG-X001")
        if _is_inspected(process):
            raise DiagnosisError(
                f"diagnose.profile: process {process.pid} was started with --inspect", hint=INSPECTED, code="PG-X001"
            )
        process.send_signal(signal.SIGUSR1)
        port = _opened(process, before)
        try:
            return json.loads(_evaluated(port, script))
        finally:
            _await_closed(process, port)
    except (OSError, HTTPException, ProtocolError, psutil.Error, ValueError, LookupError, TypeError) as error:
        reason = str(error) or type(error).__name__
        raise DiagnosisError(f"diagnose.profile: Node's inspector: {reason[:200]}", code="PG-X001") from error


def _is_inspected(process: psutil.Process) -> bool:
    """Whether its inspector is open from the start on: the signal opens no other."""
    options = [*process.cmdline()[1:], *process.environ().get("NODE_OPTIONS", "").split()]
    return any(map(_INSPECT.fullmatch, options))


def _listening(process: psutil.Process) -> set[int]:
    """Ports of this very process: another's inspector is none of ours."""
    sockets = process.net_connections(kind="tcp")
    return {item.laddr.port for item in sockets if item.status == psutil.CONN_LISTEN}


def _opened(process: psutil.Process, before: set[int]) -> int:
    deadline = monotonic() + OPEN_TIMEOUT_S
    while monotonic() < deadline:
        for port in _listening(process) - before:
            return port
        sleep(POLL_INTERVAL_S)
    raise DiagnosisError(
        f"diagnose.profile: Node's inspector did not open in process {process.pid}", hint=NOT_OPENED, code="PG-X001"
    )


def _await_closed(process: psutil.Process, port: int) -> None:
    """The next process needs the same port."""
    deadline = monotonic() + CLOSE_TIMEOUT_S
    while monotonic() < deadline and port in _listening(process):
        sleep(POLL_INTERVAL_S)


def _evaluated(port: int, script: str) -> str:
    with socket.create_connection((LOCAL, port), REPLY_TIMEOUT_S) as connection:
        frames = WSConnection(ConnectionType.CLIENT)
        connection.sendall(frames.send(Request(host=f"{LOCAL}:{port}", target=_target(port))))
        parameters = {
            "expression": script,
            "includeCommandLineAPI": True,  # `require`
            "awaitPromise": True,
            "returnByValue": True,
        }
        message = json.dumps({"id": 1, "method": "Runtime.evaluate", "params": parameters})
        parts: list[str] = []
        for event in _events(connection, frames):
            if isinstance(event, AcceptConnection):
                connection.sendall(frames.send(TextMessage(message)))
            elif isinstance(event, TextMessage):
                parts.append(event.data)
                if event.message_finished:
                    reply = json.loads("".join(parts))
                    parts.clear()
                    if reply.get("id") == 1:
                        return _value(reply)
    raise ValueError("it closed the connection")


def _target(port: int) -> str:
    """The path of the process's own socket."""
    connection = HTTPConnection(LOCAL, port, timeout=REPLY_TIMEOUT_S)
    try:
        connection.request("GET", "/json/list")
        [first, *_] = json.loads(connection.getresponse().read())
        return urlsplit(str(first["webSocketDebuggerUrl"])).path
    finally:
        connection.close()


def _events(connection: socket.socket, frames: WSConnection):  # type: ignore[no-untyped-def]
    received = 0
    while data := connection.recv(1 << 20):
        received += len(data)
        if received > MAX_REPLY_BYTES:
            raise ValueError("its profile is too large")
        frames.receive_data(data)
        yield from frames.events()


def _value(reply: dict[str, Any]) -> str:
    result = reply.get("result", {})
    if "exceptionDetails" in result or "error" in reply:
        details = result.get("exceptionDetails", {})
        exception = details.get("exception", {})
        known = exception.get("description"), exception.get("value"), details.get("text"), reply.get("error")
        reason = next((str(item) for item in known if item), "it threw")
        raise ValueError((reason.splitlines() or [reason])[0])
    value = result.get("result", {}).get("value")
    if not isinstance(value, str):
        raise ValueError("its answer is no text")
    return value
