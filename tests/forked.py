"""perfgate, or a program that uses Locust, in a process of its own, without a second of imports each time: forked from
one that has imported it already.

What a process inherits is what `python -m perfgate` or `python -c` would have: arguments, folder, environment, standard streams, the
signals' default handlers. Only where the interpreter itself reads the environment is a fresh one started. The server
belongs to the test process that uses it, and ends with it.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

INTERPRETER = ("PYTHON", "LC_", "LANG", "LD_", "TZ", "MPL", "OMP_", "OPENBLAS_")  # read once, when a process begins
NOT_IMPORTED = ("perfgate.runtime", "perfgate.demo", "perfgate.middleware", "perfgate.pytest_plugin")
BESIDE = ("matplotlib.backends.backend_agg", "pandas", "httpx", "sqlalchemy.dialects.sqlite", "rich.console")
LENGTH = 8  # bytes before each message
STREAMS = 3  # input, output, errors


def perfgate(
    *arguments: str, cwd: Path, env: Mapping[str, str], stdin: str = "", timeout: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m perfgate` there, with that environment alone."""
    request = {"module": "perfgate", "arguments": arguments, "cwd": str(cwd), "env": dict(env)}
    if _of_the_interpreter(env) != _of_the_interpreter(os.environ):
        command = [sys.executable, "-m", "perfgate", *arguments]
        return subprocess.run(
            command, cwd=cwd, env=dict(env), input=stdin, capture_output=True, text=True, timeout=timeout, check=False
        )
    return _run("perfgate", request, stdin, timeout)


def in_locust(
    code: str, *arguments: str, env: Mapping[str, str] = os.environ, timeout: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """Runs `python -c CODE` where Locust has been imported, and has patched the process."""
    request = {"code": code, "arguments": arguments, "cwd": str(Path.cwd()), "env": dict(env)}
    return _run("locust", request, "", timeout)


def _run(imported: str, request: dict[str, Any], stdin: str, timeout: float) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        given.write(stdin.encode())
        given.seek(0)
        code = _forked(_server(imported), request, (given, output, errors), timeout)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode().replace("\r\n", "\n"))
    return subprocess.CompletedProcess([imported, *request["arguments"]], code, *texts)


def _of_the_interpreter(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(INTERPRETER)}


def _forked(connection: socket.socket, request: dict[str, Any], files: tuple[Any, ...], timeout: float) -> int:
    content = json.dumps(request).encode()
    socket.send_fds(connection, [len(content).to_bytes(LENGTH, "big")], [file.fileno() for file in files])
    connection.sendall(content)
    pid = _number(connection)
    if not select.select([connection], [], [], timeout)[0]:
        os.kill(pid, 9)
        _number(connection)
        raise subprocess.TimeoutExpired(request["arguments"], timeout)
    return _number(connection)


def _number(connection: socket.socket) -> int:
    return int.from_bytes(_exactly(connection, LENGTH), "big", signed=True)


def _exactly(connection: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        if not (more := connection.recv(length - len(content))):
            raise EOFError
        content += more
    return content


@cache
def _server(imported: str) -> socket.socket:
    ours, its = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, __file__, str(its.fileno()), imported], pass_fds=[its.fileno()], stdin=subprocess.DEVNULL
    )
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def serve(connection: socket.socket, imported: str) -> None:
    """Forks for each request, tells the process and later its exit code, until the other side is gone."""
    fork, waitpid = os.fork, os.waitpid  # not those of gevent
    IMPORTS[imported]()
    gc.freeze()
    while True:
        prefix, files, _, _ = socket.recv_fds(connection, LENGTH, STREAMS)
        if not prefix:
            return
        length = prefix + _exactly(connection, LENGTH - len(prefix))
        request = json.loads(_exactly(connection, int.from_bytes(length, "big")))
        if (pid := fork()) == 0:
            connection.close()
            _become(request, files)
        for file in files:
            os.close(file)
        connection.sendall(pid.to_bytes(LENGTH, "big", signed=True))
        code = os.waitstatus_to_exitcode(waitpid(pid, 0)[1])
        connection.sendall(code.to_bytes(LENGTH, "big", signed=True))


def _import_perfgate() -> None:
    import perfgate

    for name in BESIDE:
        import_module(name)
    for found in walk_packages(perfgate.__path__, "perfgate.", onerror=lambda _: None):
        if not found.name.startswith(NOT_IMPORTED) and not found.name.endswith("__main__"):
            import_module(found.name)


def _import_locust() -> None:
    for name in ("locust.env", "perfgate.runtime", "perfgate.runtime.http.locust_client"):
        import_module(name)


IMPORTS = {"perfgate": _import_perfgate, "locust": _import_locust}


def _become(request: dict[str, Any], files: list[int]) -> None:
    """Turns the fork into `python -m MODULE` or `python -c CODE`, and never returns."""
    code = 1
    try:
        os.chdir(request["cwd"])
        os.environ.clear()
        os.environ.update(request["env"])
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        tempfile.tempdir = None
        sys.argv = ["-c", *request["arguments"]]
        sys.orig_argv = [
            sys.executable,
            *([] if "code" in request else ["-m", request["module"]]),
            *request["arguments"],
        ]
        sys.path[0] = request["cwd"]
        if "gevent" in sys.modules:
            import_module("gevent").reinit()
        if "code" in request:
            exec(compile(request["code"], "<string>", "exec"), {"__name__": "__main__"})
        else:
            runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        sys.excepthook(*sys.exc_info())
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
