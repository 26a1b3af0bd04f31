"""A headless Chromium driven over its own debugging protocol: no driver, and nothing is downloaded."""

from __future__ import annotations

import json
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.request import urlopen

from services import needs
from websocket import WebSocket, WebSocketTimeoutException, create_connection

PROGRAM = needs.program("chromium")
QUIET = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
STARTS_WITHIN = 60.0  # seconds, on a busy machine
KEYS = {"Enter": 13, "Tab": 9, "ArrowLeft": 37, "ArrowRight": 39, "Escape": 27, "End": 35, " ": 32}
TEXTS = {"Enter": "\r", " ": " "}


class Page:
    """One tab. `events` has all that it told, in order."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket, self.number, self.events = socket, 0, list[dict[str, Any]]()
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> Any:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                assert "error" not in message, message["error"]
                return message["result"]
            self.events.append(message)

    def open(self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> None:
        """Returns when the page's script has run; `events` are those of this page only."""
        mobile = width < 500
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        self.ask("Page.navigate", url=path.absolute().as_uri())
        self.wait("document.readyState === 'complete' && document.documentElement.classList.contains('ready')")
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def run(self, script: str) -> Any:
        told = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def wait(self, script: str) -> None:
        end = monotonic() + STARTS_WITHIN
        while not self.run(script):
            assert monotonic() < end, f"never true: {script}; {self.complaints()}"
            sleep(0.05)

    def press(self, *keys: str) -> None:
        for key in keys:
            known = {"key": key, "windowsVirtualKeyCode": KEYS[key]}
            self.ask("Input.dispatchKeyEvent", type="keyDown", **known, text=TEXTS.get(key, ""))
            self.ask("Input.dispatchKeyEvent", type="keyUp", **known)

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, uncaught exceptions, and what the policy has blocked."""
        found = [e["params"] for e in self.events if e["method"] in ("Runtime.exceptionThrown", "Log.entryAdded")]
        said = [e["params"] for e in self.events if e["method"] == "Runtime.consoleAPICalled"]
        return [json.dumps(one)[:500] for one in (*found, *said)]

    def requests(self) -> list[str]:
        """Addresses of everything that was fetched."""
        sent = (e["params"] for e in self.events if e["method"] == "Network.requestWillBeSent")
        return [one["request"]["url"] for one in sent]

    def photograph(self, path: Path, *, whole: bool = True) -> None:
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(b64decode(shot["data"]))


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """A new browser with an empty profile in `folder`; ended on leaving."""
    assert PROGRAM
    options = ("--headless", "--no-sandbox", "--disable-gpu", *QUIET, "--remote-debugging-port=0")
    profile = f"--user-data-dir={folder}"
    child = subprocess.Popen(
        [PROGRAM, *options, "--remote-allow-origins=*", profile, "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = _port(folder / "DevToolsActivePort")
        with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=STARTS_WITHIN) as answer:
            address = next(one for one in json.load(answer) if one["type"] == "page")["webSocketDebuggerUrl"]
        socket = create_connection(address, timeout=STARTS_WITHIN)
        try:
            yield Page(socket)
        finally:
            socket.close()
    except WebSocketTimeoutException as error:
        raise AssertionError("the browser does not answer") from error
    finally:
        child.terminate()
        child.wait(timeout=STARTS_WITHIN)


def _port(file: Path) -> str:
    end = monotonic() + STARTS_WITHIN
    while not (file.exists() and file.read_text().strip()):
        assert monotonic() < end, "the browser did not start"
        sleep(0.05)
    return file.read_text().split()[0]
