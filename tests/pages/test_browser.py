"""Which Chromium is started, and one that stops while pages are viewed."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from playwright.sync_api import Error
from services.page_server import visit

from perfgate.model.errors import PageError
from perfgate.pages import browser


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o755)
    return str(path)


def test_a_browser_of_the_path_comes_before_those_of_playwright_and_the_newest_of_these_first(tmp_path: Path):
    environ = {"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)}
    cache = tmp_path / ".cache/ms-playwright"
    program(cache / "chromium-987/chrome-linux/chrome")
    newest = program(cache / "chromium-1201/chrome-linux64/chrome")
    program(cache / "chromium_headless_shell-1300/chrome-headless-shell-linux64/chrome-headless-shell")

    assert browser.executable(environ) == newest
    assert browser.executable(environ | {"PATH": str(Path(program(tmp_path / "usr/chromium")).parent)}).endswith(
        "usr/chromium"
    )


def test_the_folder_of_playwright_may_be_another(tmp_path: Path):
    chrome = program(tmp_path / "browsers/chromium-1201/chrome-linux/chrome")
    environ = {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path / "browsers")}

    assert browser.executable(environ) == chrome


@pytest.mark.parametrize("named", ["", "/nowhere/chromium"])
def test_without_a_browser_it_says_how_to_get_one(tmp_path: Path, named: str):
    with pytest.raises(PageError) as caught:
        browser.executable({"PATH": str(tmp_path), "HOME": str(tmp_path), "PERFGATE_CHROMIUM": named})

    assert named in caught.value.message
    assert "apt-get install chromium" in caught.value.hint


def is_browser(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return "chrom" in process.name()
    return False


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({}, ""),
        ({"cookies": [{"name": ""}]}, "Chromium may not take the cookies of its login."),
        ({"storage_state": {"cookies": 5}}, "Chromium may not take its `storage_state`."),
    ],
)
def test_what_chromium_does_not_take_ends_the_views_with_what_it_is(given: dict[str, Any], hint: str):
    def refuse(**_: object) -> None:
        raise Error("Storage.setCookies: Invalid cookie fields\nCall log: ...")

    chromium = SimpleNamespace(
        version="150.0", new_browser_cdp_session=lambda: None, is_connected=lambda: True, new_context=refuse
    )
    with pytest.raises(PageError, match=r"Page page cannot be viewed: .*Invalid cookie fields") as caught:
        browser.Browser(chromium).view(replace(visit("http://shop.test", "/"), **given))
    assert caught.value.hint == hint


@pytest.mark.needs("chromium")
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
