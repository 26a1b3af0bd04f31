"""Pages in words: a row of vitals each, and what they are made of. Selectors, URLs and names are a page's own text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from perfgate.model.metric import METRICS, Unit
from perfgate.model.page import PageDetail, Resource
from perfgate.model.run import EndpointResult, Run
from perfgate.report import words
from perfgate.report.escaping import plain
from perfgate.text.units import format_value

Quote = Callable[[str], str]
COLUMNS = ("lcp", "cls", "inp", "fcp", "ttfb", "tbt", "requests", "transfer")
MARKS = {"good": "", "needs improvement": " ~", "poor": " !"}
LEGEND = "~ needs improvement, ! poor (web.dev)"
MAX_TEXT_CHARS, MAX_URL_CHARS = 120, 90
MIN_SHOWN_BYTES = 100_000  # bytes: an uncompressed or unused part smaller than this is not worth a line
BUSY_MAIN_THREAD_S = 0.1  # s of the main thread from which it is
TEXTUAL = ("document", "script", "stylesheet")
MAX_SHOWN = 3  # culprits of a kind
CALLS = ("fetch", "xhr")
MIN_BACKEND_SHARE = 0.5  # of the time that the page was late, from which a call of the backend is named


def of_load(run: Run) -> tuple[EndpointResult, ...]:
    """What was sent by the load: everything but pages."""
    return tuple(result for result in run.endpoints if result.kind != "page")


def of_pages(run: Run) -> tuple[EndpointResult, ...]:
    return tuple(result for result in run.endpoints if result.kind == "page")


def row(result: EndpointResult) -> tuple[str, ...]:
    """Views, failed ones, and each of COLUMNS with its rating."""
    cells = []
    for name in COLUMNS:
        value = result.metrics.get(name)
        mark = MARKS.get(METRICS[name].rating(value), "") if value is not None else ""
        cells.append(words.value(name, value) + mark)
    return (f"{result.requests}", words.share(result.failures, result.requests), *cells)


def lines(details: Sequence[PageDetail], quote: Quote = plain) -> Iterator[str]:
    """What each page's figures are made of, worst parts first; of an A/B test, of the head."""
    for detail in details:
        if detail.arm == "base":
            continue
        name = quote(plain(detail.name, MAX_TEXT_CHARS))
        if detail.lcp:
            yield f"{name}: {_lcp(detail, quote)}"
        parts = (_inp, _shifts, _scripts, _main_thread, _assets, _modules)
        for text in (text for part in parts for text in part(detail, quote)):
            yield f"{name}: {text}"
        for note in detail.notes[:MAX_SHOWN]:
            yield f"{name}: {quote(plain(note, MAX_TEXT_CHARS))}"
        if detail.trace:
            file = quote(plain(detail.trace, MAX_TEXT_CHARS))
            yield f"{name}: trace in the run folder, {file} (Chrome DevTools, Performance, Load profile)"


def _lcp(detail: PageDetail, quote: Quote) -> str:
    assert detail.lcp is not None
    parts = {
        "first byte": detail.lcp.ttfb,
        "load delay": detail.lcp.load_delay,
        "load": detail.lcp.load_duration,
        "render delay": detail.lcp.render_delay,
    }
    shown = " + ".join(f"{name} {_time(value)}" for name, value in parts.items() if value > 0)
    what = f" of {quote(plain(detail.lcp_element, MAX_TEXT_CHARS))}" if detail.lcp_element else ""
    where = f", {quote(plain(detail.lcp_url, MAX_URL_CHARS))}" if detail.lcp_url else ""
    total = sum(parts.values())
    server = detail.server_timing.get("total")
    behind = f"; the server took {_time(server)} of the first byte" if server else ""
    return f"LCP{what}{where} {_time(total)} = {shown}{behind}{_waited_for(detail, total, quote)}"


def _waited_for(detail: PageDetail, lcp: float, quote: Quote) -> str:
    """The calls of the backend that were under way meanwhile, where the page itself, not its largest part, was late."""
    assert detail.lcp is not None
    late = detail.lcp.load_delay + detail.lcp.render_delay
    calls = [item for item in detail.resources if item.kind in CALLS and item.started + item.duration <= lcp]
    slowest = max(calls, key=lambda item: item.duration, default=None)
    if slowest is None or slowest.duration < MIN_BACKEND_SHARE * late:
        return ""
    return f"; meanwhile {quote(plain(slowest.url, MAX_URL_CHARS))} took {_time(slowest.duration)}"


def _inp(detail: PageDetail, quote: Quote) -> Iterator[str]:
    if detail.inp_parts:
        names = {"inputDelay": "input delay", "processingDuration": "handlers", "presentationDelay": "next paint"}
        shown = " + ".join(f"{names[part]} {_time(value)}" for part, value in detail.inp_parts.items())
        script = f", {quote(plain(detail.inp_script, MAX_URL_CHARS))}" if detail.inp_script else ""
        yield f"INP of {quote(plain(detail.inp_target, MAX_TEXT_CHARS))}{script}: {shown}"


def _shifts(detail: PageDetail, quote: Quote) -> Iterator[str]:
    known = [(element, value) for element, value in detail.shifts if value >= 0.01]
    if known:
        yield "shifted: " + ", ".join(
            f"{quote(plain(element or 'text', MAX_TEXT_CHARS))} {value:.2g}" for element, value in known[:MAX_SHOWN]
        )


def _scripts(detail: PageDetail, quote: Quote) -> Iterator[str]:
    if detail.long_tasks:
        yield "long tasks: " + ", ".join(
            f"{quote(plain(script, MAX_URL_CHARS))} {_time(value)}" for script, value in detail.long_tasks[:MAX_SHOWN]
        )


def _main_thread(detail: PageDetail, quote: Quote) -> Iterator[str]:
    """Where the time of the main thread went, if it is worth a line."""
    total = sum(detail.main_thread.values())
    if total < BUSY_MAIN_THREAD_S:
        return
    kinds = ", ".join(f"{plain(kind, MAX_TEXT_CHARS)} {_time(value)}" for kind, value in detail.main_thread.items())
    scripts = ", ".join(
        f"{quote(plain(script, MAX_URL_CHARS))} {_time(value)}"
        for script, value in detail.script_times[:MAX_SHOWN]
        if value >= BUSY_MAIN_THREAD_S / 10
    )
    yield f"main thread {_time(total)}: {kinds}{f'; {scripts}' if scripts else ''}"


def _modules(detail: PageDetail, quote: Quote) -> Iterator[str]:
    known = [(module, size) for module, size in detail.unused_modules if size >= MIN_SHOWN_BYTES / 10]
    if known:
        yield "never used, by module: " + ", ".join(
            f"{quote(plain(module, MAX_URL_CHARS))} {_size(size)}" for module, size in known[:MAX_SHOWN]
        )


def _assets(detail: PageDetail, quote: Quote) -> Iterator[str]:
    def named(resources: Sequence[Resource], size: Callable[[Resource], int]) -> str:
        return ", ".join(
            f"{quote(plain(item.url, MAX_URL_CHARS))} {_size(size(item))}" for item in resources[:MAX_SHOWN]
        )

    fetched = detail.resources
    if blocking := [item for item in fetched if item.is_blocking]:
        yield "rendering waits for " + ", ".join(
            f"{quote(plain(item.url, MAX_URL_CHARS))} {_time(item.duration)}" for item in blocking[:MAX_SHOWN]
        )
    if unpacked := [
        item for item in fetched if item.kind in TEXTUAL and not item.encoding and item.size >= MIN_SHOWN_BYTES
    ]:
        yield f"not compressed: {named(unpacked, lambda item: item.size)}"
    if unused := sorted((item for item in fetched if item.unused >= MIN_SHOWN_BYTES), key=lambda item: -item.unused):
        yield f"never used: {named(unused, lambda item: item.unused)}"
    static = ("script", "stylesheet", "image", "font")
    uncached = [
        item for item in fetched if item.kind in static and item.size >= MIN_SHOWN_BYTES and not item.cache_control
    ]
    if uncached:
        yield f"without Cache-Control: {named(uncached, lambda item: item.size)}"
    third = [item for item in fetched if item.is_third_party]
    if third:
        slowest = sorted(third, key=lambda item: -item.duration)[:MAX_SHOWN]
        yield "from other hosts: " + ", ".join(
            f"{quote(plain(item.url, MAX_URL_CHARS))} {_time(item.duration)}" for item in slowest
        )


def _time(value: float) -> str:
    return format_value(Unit.SECONDS, value)


def _size(value: int) -> str:
    return format_value(Unit.BYTES, value)
