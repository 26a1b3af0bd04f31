"""Which code of a page never ran: source maps are read once the page is not needed any more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from perfgate.model.page import Resource
from perfgate.pages.coverage import MIN_MAPPED_CHARS, Coverage

URL = "http://shop.test/app.js"
SCRIPT = f"{'x' * MIN_MAPPED_CHARS}\n//# sourceMappingURL=app.js.map"
MAP = '{"version": 3, "sources": ["src/app.js"], "mappings": "AAAA"}'


class SilentPage:
    """The protocol of a page, which gives no answer once it is silent."""

    def __init__(self) -> None:
        self.is_silent = False

    def on(self, *_: object) -> None:
        pass

    def send(self, command: str, _: object = None) -> dict[str, Any]:
        assert not self.is_silent
        never = {"startOffset": 0, "endOffset": len(SCRIPT), "count": 0}
        return {
            "Profiler.takePreciseCoverage": {"result": [{"url": URL, "functions": [{"ranges": [never]}]}]},
            "Network.getResponseBody": {"body": SCRIPT, "base64Encoded": False},
            "CSS.stopRuleUsageTracking": {"ruleUsage": []},
        }.get(command, {})


def test_source_maps_need_no_page():
    answer = SimpleNamespace(ok=True, text=lambda: MAP)
    page = SimpleNamespace(context=SimpleNamespace(request=SimpleNamespace(get=lambda *_, **__: answer)))
    protocol = SilentPage()
    coverage = Coverage(page, protocol)
    coverage.take({"1": Resource(url=URL, kind="script")})
    protocol.is_silent = True
    unused = coverage.unused("shop.test")

    assert unused.files == {URL: len(SCRIPT)}
    assert unused.modules == (("src/app.js", len(SCRIPT)),)
