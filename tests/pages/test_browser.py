"""A Chromium that stops while pages are viewed."""

from __future__ import annotations

import os

import psutil
import pytest

from perfgate.model.errors import PageError
from perfgate.model.page import PageSpec
from perfgate.pages import browser

pytestmark = pytest.mark.needs("chromium")


def test_a_chromium_that_stops_ends_the_views_with_what_to_try():
    subject = browser.PageVisit(page=PageSpec(name="home", path="/"), url="http://127.0.0.1:9/")
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    with browser.launched(os.environ) as chromium:
        assert (chromium.view(subject).failure or ("",))[0] == "connection"
        started = [item for item in psutil.Process().children(recursive=True) if item.pid not in before]
        for process in started:
            if "chrom" in process.name():
                process.kill()
        psutil.wait_procs([item for item in started if "chrom" in item.name()], timeout=10)
        with pytest.raises(PageError, match="Chromium stopped while it viewed page home") as caught:
            chromium.view(subject)
    assert "memory" in caught.value.hint
