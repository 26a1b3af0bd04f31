"""A Chromium that stops while pages are viewed."""

from __future__ import annotations

import os
from contextlib import suppress

import psutil
import pytest
from services.page_server import visit

from perfgate.model.errors import PageError
from perfgate.pages import browser

pytestmark = pytest.mark.needs("chromium")


def is_browser(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return "chrom" in process.name()
    return False


def test_a_chromium_that_stops_ends_the_views_with_what_to_try():
    subject = visit("http://127.0.0.1:9", "/")
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with browser.launch(os.environ) as chromium:
        assert (chromium.view(subject).failure or ("",))[0] == "connection"
        started = [item for item in psutil.Process().children(recursive=True) if item.pid not in before]
        browsers = [item for item in started if is_browser(item)]
        for process in browsers:
            with suppress(psutil.NoSuchProcess):  # ended with those before it
                process.kill()
        psutil.wait_procs(browsers, timeout=60)
        with pytest.raises(PageError, match="Chromium stopped while it viewed page page") as caught:
            chromium.view(subject)
    assert "memory" in caught.value.hint
