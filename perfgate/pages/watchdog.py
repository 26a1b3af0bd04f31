"""An end for what Playwright would wait for without one: the answer of a page whose script never gives way."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any


class PageWatchdog:
    """Ends the processes of a browser's pages; then waiting for one of them ends with Playwright's error."""

    def __init__(self, browser: Any) -> None:
        self._session = browser.new_browser_cdp_session()
        self.has_bitten = False

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Ends them when the block lasts longer."""
        timer = Timer(seconds, self._bite, [self._pages()])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _pages(self) -> list[int]:
        processes = self._session.send("SystemInfo.getProcessInfo")["processInfo"]
        return [int(process["id"]) for process in processes if process["type"] == "renderer"]

    def _bite(self, processes: list[int]) -> None:
        self.has_bitten = True
        for process in processes:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
