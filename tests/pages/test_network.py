"""What frames of other sites fetch, as Playwright says it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from services.page_server import visit

from perfgate.pages.network import FrameRequests


class Frame:
    """One of another site, which a page may take away."""

    def __init__(self) -> None:
        self.is_gone = False

    def is_detached(self) -> bool:
        return self.is_gone


def test_what_a_frame_that_is_gone_was_fetching_is_waited_for_no_more():
    emit: dict[str, Any] = {}
    page = SimpleNamespace(main_frame=Frame(), on=lambda event, handler: emit.update({event: handler}))
    requests = FrameRequests(page, visit("http://shop.test", "/"))
    frames = [Frame(), Frame()]
    for frame in (page.main_frame, *frames):
        emit["request"](SimpleNamespace(url="http://ads.test/a.js", frame=frame, resource_type="script"))
    frames[0].is_gone = True
    is_other_waited_for = requests.are_fetching
    frames[1].is_gone = True

    assert is_other_waited_for
    assert not requests.are_fetching


def test_what_never_ends_in_a_frame_is_not_waited_for():
    """An embed may listen for events for as long as it is there."""
    emit: dict[str, Any] = {}
    page = SimpleNamespace(main_frame=Frame(), on=lambda event, handler: emit.update({event: handler}))
    requests = FrameRequests(page, visit("http://shop.test", "/"))
    emit["request"](SimpleNamespace(url="http://chat.test/news", frame=Frame(), resource_type="eventsource"))

    assert not requests.are_fetching
