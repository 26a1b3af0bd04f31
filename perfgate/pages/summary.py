"""Views of a page -> EndpointResult and PageDetail. Pure.

The value of a metric is the median of the views: p75 of seven views would be one of them. Its interval is that of the
median (see `stats/medians`). Without spread the interval is the value: a fact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from perfgate.model.metric import METRICS
from perfgate.model.page import MAX_RESOURCES, PageDetail, Resource
from perfgate.model.run import EndpointResult
from perfgate.pages.view import View, counted_shifts, lcp_layers, lcp_parts, metrics, ttfb_parts, vitals
from perfgate.stats.medians import median_interval
from perfgate.text.plurals import and_more

PRECISE_RATIO = 0.1  # half an interval, as a share of the median, that is close enough
TRIFLE_RATIO = 0.01  # the same, as a share of what rates as good: less does not matter to a visitor
DEFAULT_METRICS = ("lcp",)  # judged of a page without a budget
MAX_EXAMPLES = 3
MAX_ITEMS = 5  # culprits of a kind
IMAGES = {
    "unsizedImages": "images without width and height",
    "oversizedImages": "images larger than they are shown",
    "eagerImages": "images far below the fold that are not lazy (loading=lazy)",
}


def result(name: str, views: Sequence[View]) -> EndpointResult:
    """One side's views of a page."""
    failed = [view.failure for view in views if view.failure]
    measured = [metrics(view) for view in views if not view.failure and view.coverage is None]
    extra = next((metrics(view) for view in views if view.coverage is not None), {})
    names = sorted({name for values in measured for name in values})
    columns = {metric: [values[metric] for values in measured if metric in values] for metric in names}
    values = {metric: float(median(column)) for metric, column in columns.items()}
    values |= {metric: extra[metric] for metric in ("unused_js", "unused_css") if metric in extra}
    counted = len(measured) + len(failed)
    return EndpointResult(
        name=name,
        kind="page",
        requests=counted,
        failures=len(failed),
        failures_by_kind=dict(sorted(Counter(kind for kind, _ in failed).items())),
        failure_examples=tuple(dict.fromkeys(text for _, text in failed))[:MAX_EXAMPLES],
        samples=len(measured),
        bytes=int(sum(columns.get("transfer", []))),
        metrics=({"errors": len(failed) / counted} if counted else {}) | values,
        intervals={metric: interval for metric, column in columns.items() if (interval := median_interval(column))},
    )


def detail(name: str, arm: str, views: Sequence[View]) -> PageDetail:
    """What the views show that have the median LCP, CLS, INP and blocking time, each of its own; unused bytes and what
    changed before a shift are those of the view that looked at coverage."""
    counted = [view for view in views if not view.failure]
    notes = tuple(dict.fromkeys(note for view in views for note in view.notes))
    notes += tuple(f"{kind}: {text}" for kind, text in dict.fromkeys(view.failure for view in views if view.failure))
    timed = [view for view in counted if view.coverage is None]
    if not timed:
        return PageDetail(name=name, arm=arm, notes=notes)
    view, interacting = _median_view(timed, "lcp"), _median_view(timed, "inp")
    lcp, inp = vitals(view).get("LCP", {}), vitals(interacting).get("INP", {}) if interacting.has_interactions else {}
    covered = next((item for item in counted if item.coverage is not None), view)
    parts, first_byte = lcp_parts(view), ttfb_parts(view)
    names = ("inputDelay", "processingDuration", "presentationDelay")
    return PageDetail(
        name=name,
        arm=arm,
        lcp=parts,
        lcp_layers=lcp_layers(parts, first_byte, view.resources, lcp.get("url", "")) if parts else {},
        lcp_element=lcp.get("target", ""),
        lcp_url=lcp.get("url", ""),
        inp_target=inp.get("target", ""),
        inp_parts={part: inp["numbers"].get(part, 0.0) / 1000 for part in names} if inp else {},
        inp_script=inp.get("script", "").strip(),
        shifts=_largest(
            (source["element"], item["value"] * source["share"])
            for item in counted_shifts(_median_view(timed, "cls"))
            for source in item["sources"]
        ),
        shift_causes=_causes(covered),
        long_tasks=_long_scripts(_median_view(timed, "tbt")),
        server_timing={part: ms / 1000 for part, ms in view.account.get("serverTiming", {}).items()},
        ttfb_parts=first_byte,
        resources=_resources(view, covered),
        unused_modules=covered.modules,
        notes=(*notes, *_images(view)),
    )


def _median_view(views: Sequence[View], metric: str) -> View:
    """The view with the median of a metric; the worse of two in the middle."""
    ranked = sorted(views, key=lambda view: metrics(view).get(metric, 0.0))
    return ranked[len(ranked) // 2]


def _long_scripts(view: View) -> tuple[tuple[str, float], ...]:
    """Scripts of long frames, since the navigation that is measured began."""
    known = (it for it in view.account.get("scripts", ()) if it["start"] >= view.account.get("began", 0.0))
    return _largest((item["url"] or "inline", item["duration"] / 1000) for item in known)


def _causes(view: View) -> tuple[tuple[str, float], ...]:
    """What changed just before the shifts that count."""
    texts = {cause["start"]: cause["text"] for cause in view.account.get("causes", ())}
    return _largest((texts[item["start"]], item["value"]) for item in counted_shifts(view) if item["start"] in texts)


def _images(view: View) -> Iterator[str]:
    """What is wrong with images, the largest thing on the page first."""
    if view.account.get("isLargestLazy"):
        yield "the largest image is loaded lazily (loading=lazy): it begins late"
    for name, what in IMAGES.items():
        if urls := view.account.get(name, ()):
            more = and_more(len(urls), MAX_EXAMPLES)
            yield f"{what}: {', '.join(urls[:MAX_EXAMPLES])}{more}"


def _resources(view: View, covered: View) -> tuple[Resource, ...]:
    """What a view fetched, with the unused bytes of another: what may keep a page waiting first, then the largest."""
    unused = {item.url: item.unused for item in covered.resources}
    own = [replace(item, unused=unused.get(item.url, 0)) for item in view.resources]
    own.sort(key=lambda item: (not (item.is_blocking or item.is_third_party or item.is_call), -item.size))
    return tuple(own[:MAX_RESOURCES])


def _largest(items: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """The largest sums by name."""
    total: dict[str, float] = {}
    for name, value in items:
        total[name] = total.get(name, 0) + value
    return tuple(sorted(total.items(), key=lambda item: -item[1])[:MAX_ITEMS])


def is_precise(columns: Mapping[str, Sequence[float]], judged: Collection[str]) -> bool:
    """Whether every metric that varies and is judged has an interval tight enough. A metric that no view has stays
    missing in more of them. What decides is how wide an interval is, never where it lies: stopping early favours no
    verdict."""
    varying = [name for name in judged or DEFAULT_METRICS if columns.get(name) and not METRICS[name].is_fact]
    return all(_is_tight(name, columns[name]) for name in varying)


def _is_tight(name: str, column: Sequence[float]) -> bool:
    interval = median_interval(column)
    enough = max(PRECISE_RATIO * median(column), TRIFLE_RATIO * METRICS[name].good)
    return interval is not None and (interval[1] - interval[0]) / 2 <= enough
