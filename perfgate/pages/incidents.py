"""Everything a page does to get in the way: dialogs, pop-ups, downloads, crashes. It is dealt with, and noted."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from perfgate.pages.visit import LONGEST_TEXT
from perfgate.text.sanitize import one_line


class Incidents:
    """What happened during a view."""

    def __init__(self, context: Any, page: Any) -> None:
        self._texts: list[str] = []
        self.has_crashed = self.has_downloaded = False
        page.on("popup", self._close_popup)  # not the context's new pages: one may be the next view
        context.on("serviceworker", lambda _: self.note("a service worker is installed"))
        page.on("crash", lambda _: setattr(self, "has_crashed", True))
        page.on("dialog", self._dismiss)
        page.on("download", self._cancel)
        page.on("pageerror", lambda error: self.note(f"script error: {getattr(error, 'message', error)}"))

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._texts))

    def note(self, text: str) -> None:
        self._texts.append(one_line(text, LONGEST_TEXT))

    def _close_popup(self, other: Any) -> None:
        self.note("a pop-up was closed")
        with suppress(Exception):
            other.close()

    def _dismiss(self, dialog: Any) -> None:
        self.note(f"a dialog was dismissed: {dialog.message}")
        with suppress(Exception):
            dialog.dismiss()

    def _cancel(self, download: Any) -> None:
        self.has_downloaded = True
        self.note(f"a download was refused: {download.suggested_filename}")
        with suppress(Exception):
            download.cancel()
