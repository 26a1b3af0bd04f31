"""What is read in a trace of Chromium."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest

from perfgate.pages import trace

MAIN = {"pid": 7, "tid": 1}


def event(name: str, start: float, duration: float = 0, **more: object) -> dict[str, object]:
    """A complete event of the page's main thread, in ms."""
    return {"name": name, "ph": "X", **MAIN, "ts": start * 1000, "dur": duration * 1000, "args": {}, **more}


def navigation(start: float, url: str = "http://shop/") -> dict[str, object]:
    data = {"documentLoaderURL": url, "isOutermostMainFrame": True}
    return event("navigationStart", start, ph="R", args={"data": data})


def call(name: str, start: float, duration: float, url: str) -> dict[str, object]:
    return event(name, start, duration, args={"data": {"url": url}})


def picture(start: float, content: str) -> dict[str, object]:
    return event("Screenshot", start, ph="O", args={"snapshot": b64encode(content.encode()).decode()})


def read(*events: dict[str, object]) -> trace.TracedView:
    return trace.read(json.dumps({"traceEvents": events}).encode())


def test_each_moment_of_the_main_thread_counts_once_and_for_the_outermost_script():
    traced = read(
        navigation(1000),
        event("RunTask", 900, 50),  # before the navigation
        event("RunTask", 1000, 100),
        call("EvaluateScript", 1010, 80, "/app.js"),
        call("FunctionCall", 1020, 40, "/lib.js"),  # app.js made it run
        event("Layout", 1030, 10),
        event("RunTask", 1200, 30, tid=2),  # of another thread
    )

    assert traced.main_thread == {"scripts": 0.07, "other": 0.02, "style and layout": 0.01}
    assert traced.script_times == (("/app.js", 0.08),)


def test_the_filmstrip_has_few_pictures_at_even_times_and_the_last():
    frames = [picture(1000 + 10 * number, f"picture {number}") for number in range(100)]
    traced = read(navigation(1000), picture(900, "before"), *frames, picture(1995, "picture 99"))

    assert len(traced.frames) == 8
    assert [content for _, content in traced.frames][::7] == [b"picture 0", b"picture 99"]
    assert traced.frames[-1][0] == pytest.approx(0.99)


def test_the_latest_navigation_of_a_page_counts():
    traced = read(navigation(1000), picture(1010, "first"), navigation(2000, "http://shop/2"), picture(2500, "second"))

    assert traced.frames == ((0.5, b"second"),)


def test_a_mark_of_the_page_is_no_picture_whatever_its_name():
    mark = event("Screenshot", 1020, ph="I", args={"data": {"startTime": 20}})

    assert read(navigation(1000), mark, picture(1030, "shown")).frames == ((0.03, b"shown"),)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"traceEvents": []}'])
def test_a_trace_that_cannot_be_read_says_nothing(data: bytes):
    assert trace.read(data) == trace.TracedView()
