"""Node's inspector, by the Chrome DevTools protocol: the one that is open, or opened for as long as a script is
evaluated in the process."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Sequence, Set
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
PROBE_TIMEOUT_S = 2.0  # s: an inspector has a thread of its own
POLL_INTERVAL_S = 0.01
MAX_LISTED_BYTES = 1_000_000
MAX_REPLY_BYTES = 256_000_000
LOCAL = "127.0.0.1"
_REACHED_LOCALLY = {LOCAL, "0.0.0.0", "::"}  # noqa: S104 (where others listen)
USUAL_PORT = 9229
NOT_OPENED = (
    "Its port is in use (9229), or the application handles SIGUSR1 itself. Free the port, or choose another: "
    "`NODE_OPTIONS: --inspect-port=PORT` in `service.env`. `diagnose: {profile: none}` sends no signal."
)
INSPECTED = (
    "Its inspector does not listen: another process has the port, such as npm. Write `--inspect=0`, or leave it out."
)
_INSPECT = re.compile(r"--inspect(-brk|-wait)?(=.*)?")  # --inspect-port only says where
_PORT = re.compile(r"--(?:inspect(?:-brk|-wait|-port)?|debug-port)=(?:.*:)?(\d+)")
# What a script is evaluated in where the inspector was opened for it alone.
_CLOSING = """(async () => {{
  const builtin = typeof require === "function" ? require : process.getBuiltinModule;
  try {{ return await {script}
  ; }} finally {{ setTimeout(() => builtin("node:inspector").close(), 1); }}
}})()"""


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
    """What the script, an expression, resolves to, as JSON. An inspector that was open stays so. Raises
    DiagnosisError."""
    try:
        options = [*process.environ().get("NODE_OPTIONS", "").split(), *process.cmdline()[1:]]  # the later ones win
        if (port := _open_port(process, options)) is not None:
            return json.loads(_evaluated(port, script))
        before = _listening(process)
        if not takes_signal(process):
            raise DiagnosisError(f"diagnose.profile: process {process.pid} does not take SIGUSR1", code="PG-X001")
        if _is_inspected(options):
            raise DiagnosisError(
                f"diagnose.profile: process {process.pid} was started with --inspect", hint=INSPECTED, code="PG-X001"
            )
        process.send_signal(signal.SIGUSR1)
        port = _opened(process, before)
        try:
            return json.loads(_evaluated(port, _CLOSING.format(script=script)))
        finally:
            _await_closed(process, port)
    except (OSError, HTTPException, ProtocolError, psutil.Error, ValueError, LookupError, TypeError) as error:
        reason = str(error) or type(error).__name__
        raise DiagnosisError(f"diagnose.profile: Node's inspector: {reason[:200]}", code="PG-X001") from error


def _is_inspected(options: Sequence[str]) -> bool:
    """Whether its inspector is to be open from the start on: the signal opens no other."""
    return any(map(_INSPECT.fullmatch, options))


def _open_port(process: psutil.Process, options: Sequence[str]) -> int | None:
    """The port of this very process's inspector, where it listens already."""
    return next(filter(_is_inspector, candidates(options, _listening(process))), None)


def candidates(options: Sequence[str], listening: Set[int]) -> list[int]:
    """The ports that may be the inspector's. Others are tried only where the options leave it to the system: a request
    there is one of the application's."""
    ports = [int(match[1]) for option in options if (match := _PORT.fullmatch(option))]
    named = (ports or [USUAL_PORT])[-1]
    if named in listening:
        return [named]
    return sorted(listening) if named == 0 and _is_inspected(options) else []


def _is_inspector(port: int) -> bool:
    with suppress(OSError, HTTPException, ValueError, LookupError, TypeError):
        return str(_read(port, "/json/version", PROBE_TIMEOUT_S)["Browser"]).startswith("node.js/")
    return False


def _listening(process: psutil.Process) -> set[int]:
    """Ports of this very process at 127.0.0.1: another's inspector is none of ours."""
    sockets = process.net_connections(kind="tcp")
    listening = [item.laddr for item in sockets if item.status == psutil.CONN_LISTEN]
    return {address.port for address in listening if address.ip in _REACHED_LOCALLY}


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
    [first, *_] = _read(port, "/json/list", REPLY_TIMEOUT_S)
    return urlsplit(str(first["webSocketDebuggerUrl"])).path


def _read(port: int, path: str, timeout: float) -> Any:
    connection = HTTPConnection(LOCAL, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read(MAX_LISTED_BYTES))
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
