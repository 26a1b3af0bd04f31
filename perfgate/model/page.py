"""PageDetail: what one view of a page in a browser was. Seconds, bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

LCP = "lcp"  # the metric of which a view tells the layers
MIN_CALL_SHARE = 0.5  # of the time that a page was late, from which it waited for calls of the backend
MAX_RESOURCES = 60  # of a view that are kept
HASH = re.compile(r"[.\-_](?=[^./]*\d)[0-9A-Za-z_\-]{8,}(?=\.[a-z0-9]+$)")  # in a name: app.3f9a12cd.js
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


class FetchChange(NamedTuple):
    """How the fetching of a file changed: how often it was fetched, and bytes in all. `url` is the present one, or the
    last before it was gone."""

    url: str
    number: int
    number_before: int
    size: int
    size_before: int


def fetch_changes(now: Sequence[Resource], before: Sequence[Resource]) -> tuple[FetchChange, ...]:
    """What is fetched otherwise than before, the largest difference first. A file whose name has a hash of its content
    in it stays the same file. Where only the largest files of a view were kept, a smaller one is neither new nor
    gone."""
    files, files_before = _by_file(now), _by_file(before)
    least, least_before = _least_kept(now), _least_kept(before)
    changes = []
    for name in {**files, **files_before}:
        own, old = files.get(name, []), files_before.get(name, [])
        size, size_before = (sum(item.size for item in part) for part in (own, old))
        is_cut_off = (not own and size_before <= least) or (not old and size <= least_before)
        if (len(own), size) != (len(old), size_before) and not is_cut_off:
            changes.append(FetchChange((own or old)[0].url, len(own), len(old), size, size_before))
    return tuple(sorted(changes, key=lambda change: -abs(change.size - change.size_before)))


def _least_kept(resources: Sequence[Resource]) -> int:
    """Bytes below which a file of the view may have been left out; -1 where none was."""
    sizes = [it.size for it in resources if not (it.is_blocking or it.is_third_party or it.is_call)]
    return -1 if len(resources) < MAX_RESOURCES else min(sizes, default=0)


def _by_file(resources: Iterable[Resource]) -> dict[tuple[str, str], list[Resource]]:
    """What was fetched, by host (none of the page's own: base and head have different ones) and path without hashes."""
    files: dict[tuple[str, str], list[Resource]] = {}
    for item in resources:
        if item.status:
            parts = urlsplit(item.url)
            name = (parts.netloc if item.is_third_party else "", HASH.sub("", parts.path))
            files.setdefault(name, []).append(item)
    return files


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
