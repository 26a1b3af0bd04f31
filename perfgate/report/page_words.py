"""Pages in words: a row of vitals each, and what they are made of. Selectors, URLs and names are a page's own text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from perfgate.model.metric import METRICS, Unit
from perfgate.model.page import FetchChange, PageDetail, Resource, awaited_calls, fetch_changes
from perfgate.model.run import EndpointResult, Run
from perfgate.report import words
from perfgate.report.escaping import plain
from perfgate.text.plurals import and_more, counted
from perfgate.text.units import format_value

Quote = Callable[[str], str]
COLUMNS = ("lcp", "cls", "inp", "fcp", "ttfb", "tbt", "requests", "transfer")
MARKS = {"good": "", "needs improvement": " ~", "poor": " !"}
LEGEND = "~ needs improvement, ! poor (web.dev)"
MAX_TEXT_CHARS, MAX_URL_CHARS = 120, 90
MIN_SHOWN_BYTES = 20_000  # of a file that is uncompressed, or in part unused, as Lighthouse has it
MIN_UNCACHED_BYTES = 2_000
MIN_KEPT_S = 86_400  # static files are to be kept for a day at least
TEXTUAL = ("document", "script", "stylesheet")
STATIC = ("script", "stylesheet", "image", "font", "media")
TEXT = re.compile(r"^text/|[/+](json|xml|javascript)$|^image/svg")
MAX_AGE = re.compile(r"max-age=(\d+)")
MIN_MODULE_BYTES = 10_000  # of a module that is never used
MAX_NOTES, MAX_NOTE_CHARS = 8, 300
BUSY_MAIN_THREAD_S = 0.1  # s of the main thread from which it is
MAX_SHOWN = 3  # culprits of a kind
MIN_PART_S = 0.001  # s: less is not shown
OWN_PARTS = ("redirects", "connection", "server", "network and rest")  # of the first byte


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


def lines(details: Sequence[PageDetail], before: Mapping[str, PageDetail], quote: Quote = plain) -> Iterator[str]:
    """What each page's figures are made of, worst parts first; of an A/B test, of the head. `before`: what pages were
    made of whose content breaks a limit."""
    for detail in (detail for detail in details if detail.arm != "base"):
        name = quote(plain(detail.name, MAX_TEXT_CHARS))
        if detail.lcp:
            yield f"{name}: {_lcp(detail, quote)}"
        if detail.name in before and (text := _changes(detail, before[detail.name], quote)):
            yield f"{name}: {text}"
        parts = (_layers, _inp, _shifts, _scripts, _main_thread, _assets, _modules)
        for text in (text for part in parts for text in part(detail, quote)):
            yield f"{name}: {text}"
        for note in detail.notes[:MAX_NOTES]:
            yield f"{name}: {quote(plain(note, MAX_NOTE_CHARS))}"
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
    return f"LCP{what}{where} {_time(total)} = {shown}{_first_byte(detail, quote)}{_waited_for(detail, total, quote)}"


def _first_byte(detail: PageDetail, quote: Quote) -> str:
    """What the first byte waited for, where anything is known of it."""
    known = {name: value for name, value in detail.ttfb_parts.items() if value >= MIN_PART_S}
    server = detail.server_timing.get("total")
    if len(known) > 1:
        return "; first byte = " + " + ".join(f"{_word(name, quote)} {_time(it)}" for name, it in known.items())
    return f"; the server took {_time(server)} of the first byte" if server else ""


def _word(text: str, quote: Quote) -> str:
    """A word of ours, or quoted, of whoever answered: headers are a stranger's text."""
    return text if text in OWN_PARTS else quote(plain(text, MAX_URL_CHARS))


def _changes(detail: PageDetail, before: PageDetail, quote: Quote) -> str:
    changes = fetch_changes(detail.resources, before.resources)
    shown = ", ".join(_change(change, quote) for change in changes[:MAX_SHOWN])
    return f"fetches otherwise than before: {shown}{and_more(len(changes), MAX_SHOWN)}" if shown else ""


def _change(change: FetchChange, quote: Quote) -> str:
    url, more = quote(plain(change.url, MAX_URL_CHARS)), change.size - change.size_before
    if not (change.number and change.number_before):
        return f"{'new' if change.number else 'no longer'} {url} {_size(abs(more))}"
    times = f" {change.number} times instead of {change.number_before}" if change.number != change.number_before else ""
    return f"{url}{times} {'+' if more >= 0 else '-'}{_size(abs(more))}"


def _layers(detail: PageDetail, _quote: Quote) -> Iterator[str]:
    """The layers that the LCP waited for, largest first."""
    if known := {name: value for name, value in detail.lcp_layers.items() if value >= MIN_PART_S}:
        most = next(iter(known))
        yield f"the LCP waits mostly for the {most}: " + ", ".join(f"{name} {_time(it)}" for name, it in known.items())


def _waited_for(detail: PageDetail, lcp: float, quote: Quote) -> str:
    """The calls of the backend that were under way meanwhile, where the page itself, not its largest part, was late."""
    assert detail.lcp is not None
    calls = awaited_calls(detail.resources, lcp, detail.lcp.load_delay + detail.lcp.render_delay)
    shown = ", then ".join(_call(call, quote) for call in calls[:MAX_SHOWN])
    return f"; meanwhile {shown}{and_more(len(calls), MAX_SHOWN)}" if shown else ""


def _call(call: Resource, quote: Quote) -> str:
    timing = ", ".join(f"{_word(name, quote)} {_time(it)}" for name, it in call.server_timing.items())
    server = f" (of the server: {timing})" if timing else ""
    return f"{quote(plain(call.url, MAX_URL_CHARS))} took {_time(call.duration)}{server}"


def _inp(detail: PageDetail, quote: Quote) -> Iterator[str]:
    if detail.inp_parts:
        names = {"inputDelay": "input delay", "processingDuration": "handlers", "presentationDelay": "next paint"}
        shown = " + ".join(f"{names[part]} {_time(value)}" for part, value in detail.inp_parts.items())
        script = f", {quote(plain(detail.inp_script, MAX_URL_CHARS))}" if detail.inp_script else ""
        yield f"INP of {quote(plain(detail.inp_target, MAX_TEXT_CHARS))}{script}: {shown}"


def _shifts(detail: PageDetail, quote: Quote) -> Iterator[str]:
    if known := [(element, value) for element, value in detail.shifts if value >= 0.01]:
        shown = (f"{quote(plain(it or 'text', MAX_TEXT_CHARS))} {value:.2g}" for it, value in known[:MAX_SHOWN])
        causes = ", ".join(quote(plain(cause, MAX_TEXT_CHARS)) for cause, _ in detail.shift_causes[:MAX_SHOWN])
        yield f"shifted: {', '.join(shown)}{f'; just before, {causes}' if causes else ''}"


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
    if known := [(module, unused) for module, unused in detail.unused_modules if unused >= MIN_MODULE_BYTES]:
        yield "never used, by module: " + ", ".join(
            f"{quote(plain(module, MAX_URL_CHARS))} {_size(unused)}" for module, unused in known[:MAX_SHOWN]
        )


def _assets(detail: PageDetail, quote: Quote) -> Iterator[str]:
    """One line of each kind. The last of several caches is the nearest to the visitor (`x-cache: MISS, HIT`)."""
    fetched = detail.resources
    if blocking := sorted((item for item in fetched if item.is_blocking), key=lambda item: -item.duration):
        yield "rendering waits for " + _named(blocking, quote, lambda item: _time(item.duration))
    if unpacked := [item for item in fetched if _is_text(item) and not item.encoding and item.size >= MIN_SHOWN_BYTES]:
        yield f"not compressed: {_named(_largest(unpacked), quote, lambda item: _size(item.size))}"
    if unused := sorted((item for item in fetched if item.unused >= MIN_SHOWN_BYTES), key=lambda item: -item.unused):
        yield f"never used: {_named(unused, quote, _unused)}"
    static = [item for item in fetched if item.kind in STATIC and item.size >= MIN_UNCACHED_BYTES]
    if uncached := [item for item in static if not item.cache_control]:
        yield f"without Cache-Control: {_named(_largest(uncached), quote, lambda item: _size(item.size))}"
    if brief := [item for item in static if item.cache_control and _kept(item) < MIN_KEPT_S]:
        shown = _named(_largest(brief), quote, lambda item: _word(item.cache_control, quote))
        yield f"cached for less than a day: {shown}"
    if missed := [item for item in static if "miss" in item.cache_status.rpartition(",")[2].lower()]:
        shown = _named(_largest(missed), quote, lambda item: _word(item.cache_status, quote))
        yield f"not from the cache of the CDN: {shown}"
    yield from _of_others(fetched, quote)


def _of_others(fetched: Iterable[Resource], quote: Quote) -> Iterator[str]:
    """Requests of other hosts, by host, and the slowest of each."""
    third = [item for item in fetched if item.is_third_party and item.status]
    number = Counter(urlsplit(item.url).netloc.rpartition("@")[2] for item in third)
    slowest = sorted(third, key=lambda item: -item.duration)[:MAX_SHOWN]
    if slowest:
        hosts = ", ".join(
            f"{quote(plain(host, MAX_URL_CHARS))} {counted(count, 'request')}"
            for host, count in number.most_common(MAX_SHOWN)
        )
        total = _size(sum(item.size for item in third))
        shown = _named(slowest, quote, lambda item: _time(item.duration))
        yield f"from other hosts: {total} ({hosts}); slowest {shown}"


def _named(resources: Sequence[Resource], quote: Quote, what: Callable[[Resource], str]) -> str:
    shown = (f"{quote(plain(item.url, MAX_URL_CHARS))} {what(item)}" for item in resources[:MAX_SHOWN])
    return ", ".join(shown) + and_more(len(resources), MAX_SHOWN)


def _unused(item: Resource) -> str:
    whole = f" of {_size(item.decoded)}" if item.decoded >= item.unused else ""
    return f"{_size(item.unused)}{whole}"


def _largest(resources: Iterable[Resource]) -> list[Resource]:
    return sorted(resources, key=lambda item: -item.size)


def _is_text(item: Resource) -> bool:
    return item.kind in TEXTUAL or bool(TEXT.search(item.mime))


def _kept(item: Resource) -> float:
    """Seconds that a browser keeps it without a question."""
    if "no-store" in item.cache_control or "no-cache" in item.cache_control:
        return 0.0
    age = MAX_AGE.search(item.cache_control)
    return float(age.group(1)) if age else 0.0


def _time(value: float) -> str:
    return format_value(Unit.SECONDS, value)


def _size(value: int) -> str:
    return format_value(Unit.BYTES, value)
