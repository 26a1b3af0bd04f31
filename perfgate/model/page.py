"""PageDetail: what one view of a page in a browser was. Seconds, bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

LCP = "lcp"  # the metric of which a view tells the layers
MIN_CALL_SHARE = 0.5  # of the time that a page was late, from which it waited for calls of the backend
MIN_LINK_SHARE = 0.1  # of that time: calls that took less are no part of a chain


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What a page fetched. `size` is what came over the network, `unused` the bytes of code that never ran."""

    url: str
    kind: str  # document, script, stylesheet, image, font, fetch, media, other
    size: int = 0
    decoded: int = 0
    status: int = 0
    started: float = 0.0  # since the navigation began
    duration: float = 0.0
    encoding: str = ""
    cache_control: str = ""
    is_third_party: bool = False
    is_blocking: bool = False  # rendering waited for it
    unused: int = 0
    wait: float = 0.0  # until the first byte came
    mime: str = ""
    cache_status: str = ""  # what a CDN says of its cache, as header and value
    server_timing: Mapping[str, float] = field(default_factory=dict)
    redirected_to: str = ""  # the next URL, of an answer that is a redirect

    @property
    def is_call(self) -> bool:
        """Whether a script of the page asked the backend for it."""
        return self.kind in ("fetch", "xhr")

    @property
    def ended(self) -> float:
        return self.started + self.duration


def awaited_calls(resources: Iterable[Resource], lcp: float, late: float) -> tuple[Resource, ...]:
    """The calls, one after the other, that took most time until the LCP, if they took their share of the `late` seconds
    in which the page itself, not its largest part, was not ready. One that depends on another begins when that was
    answered, at the earliest."""
    calls = [item for item in resources if item.is_call and item.started >= 0 and item.ended <= lcp]
    chains: list[tuple[float, tuple[Resource, ...]]] = []  # seconds, and calls: the best that ends with each call
    for call in sorted((call for call in calls if call.duration >= MIN_LINK_SHARE * late), key=lambda call: call.ended):
        earlier = (chain for chain in chains if chain[1][-1].started + chain[1][-1].wait <= call.started)
        seconds, before = max(earlier, key=lambda chain: chain[0], default=(0.0, ()))
        new = call.ended - max([call.started, *(item.ended for item in before)])
        chains.append((seconds + new, (*before, call)))
    seconds, chain = max(chains, key=lambda chain: chain[0], default=(0.0, ()))
    return chain if chain and seconds >= MIN_CALL_SHARE * late else ()


@dataclass(frozen=True, kw_only=True)
class LcpParts:
    """Exact: the parts add up to the LCP."""

    ttfb: float
    load_delay: float
    load_duration: float
    render_delay: float


@dataclass(frozen=True, kw_only=True)
class PageDetail:
    """What a view shows besides its metrics: of the view whose LCP is the median one. Selectors, URLs and names come
    from the page: hostile text."""

    name: str
    arm: str = ""  # base or head, of an A/B test
    lcp: LcpParts | None = None
    lcp_element: str = ""
    lcp_url: str = ""
    inp_target: str = ""
    inp_parts: Mapping[str, float] = field(default_factory=dict)  # input delay, processing, presentation
    inp_script: str = ""
    shifts: tuple[tuple[str, float], ...] = ()  # element -> its share of the CLS, largest first
    shift_causes: tuple[tuple[str, float], ...] = ()  # what changed just before -> the score of what followed
    long_tasks: tuple[tuple[str, float], ...] = ()  # script -> seconds of main thread in tasks over 50 ms
    server_timing: Mapping[str, float] = field(default_factory=dict)  # of the document
    lcp_layers: Mapping[str, float] = field(default_factory=dict)  # exact: they add up to the LCP
    ttfb_parts: Mapping[str, float] = field(default_factory=dict)  # exact: they add up to the first byte
    resources: tuple[Resource, ...] = ()
    notes: tuple[str, ...] = ()  # what is odd about it, for people
    unused_modules: tuple[tuple[str, int], ...] = ()  # of bundles with a source map -> bytes that never ran
    main_thread: Mapping[str, float] = field(default_factory=dict)  # what it did -> s, of a view that was traced
    script_times: tuple[tuple[str, float], ...] = ()  # script -> s of the main thread, of that view
    screenshot: str = ""  # file in the run folder, as those below
    lcp_screenshot: str = ""  # of the element alone
    filmstrip: tuple[tuple[float, str], ...] = ()  # s since the navigation began, picture
    trace: str = ""  # for DevTools; kept when a budget of the page is not
