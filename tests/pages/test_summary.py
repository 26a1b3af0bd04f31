"""What views of a page come to: metrics, medians and their intervals, parts of the LCP, culprits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.files import run_folder
from perfgate.model.page import LcpParts, Resource, awaited_calls
from perfgate.pages import summary
from perfgate.pages.view import (
    View,
    blocking_time,
    counted_from,
    lcp_layers,
    lcp_parts,
    metrics,
    ttfb_parts,
    with_blocking,
)


def view(lcp: float = 1000.0, **more: object) -> View:
    """A view with an LCP of so many ms."""
    numbers = {"timeToFirstByte": 100.0, "resourceLoadDelay": 200.0, "resourceLoadDuration": 300.0}
    known = {"LCP": {"value": lcp, "numbers": numbers, "target": "#hero", "url": "/hero.jpg"}, "FCP": {"value": 400.0}}
    navigation = {"id": 0, "isSoft": False, "metrics": {**known, **more.pop("metrics", {})}}  # type: ignore[dict-item]
    account = {"navigations": [navigation], "tasks": more.pop("tasks", [])}
    return View(account={**account, **more.pop("account", {})}, **more)  # type: ignore[arg-type,dict-item]


def resource(url: str, size: int, **more: object) -> Resource:
    return Resource(**{"url": url, "kind": "script", "size": size, "status": 200, **more})  # type: ignore[arg-type]


def test_the_value_is_the_median_of_the_views_and_its_interval_holds_it():
    result = summary.result("home", [view(lcp) for lcp in (900, 1000, 1100, 5000, 1050)])

    assert result.kind == "page"
    assert (result.requests, result.samples, result.failures) == (5, 5, 0)
    assert result.metrics["lcp"] == 1.05
    low, high = result.intervals["lcp"]
    assert low < 1.05 < high


def test_what_never_varies_is_a_fact():
    pages = [view(resources=(resource("/a.js", 4000), resource("/b.js", 600))) for _ in range(5)]
    result = summary.result("home", pages)

    assert result.metrics["transfer"] == result.metrics["js_size"] == 4600
    assert result.intervals["transfer"] == (4600, 4600)
    assert result.metrics["requests"] == 2


def test_sizes_are_by_type():
    kinds = ("script", "stylesheet", "image", "font", "media", "fetch", "xhr", "document", "other")
    values = metrics(view(resources=tuple(resource(f"/{kind}", 1 << at, kind=kind) for at, kind in enumerate(kinds))))

    assert {name: values[name] for name in ("js_size", "css_size", "image_size", "font_size", "media_size")} == {
        "js_size": 1,
        "css_size": 2,
        "image_size": 4,
        "font_size": 8,
        "media_size": 16,
    }
    assert (values["data_size"], values["html_size"], values["transfer"]) == (32 + 64, 128, 511)


def test_errors_of_scripts_are_counted():
    assert summary.result("home", [view(script_errors=number) for number in (0, 2, 2)]).metrics["script_errors"] == 2


def test_failed_views_count_as_errors_and_nowhere_else():
    failed = View(failure=("status", "404 Not Found"))
    result = summary.result("home", [view(), view(), failed])

    assert result.metrics["errors"] == pytest.approx(1 / 3)
    assert result.failures_by_kind == {"status": 1}
    assert result.failure_examples == ("404 Not Found",)
    assert result.samples == 2


def test_a_page_that_never_came_has_no_metrics_but_errors():
    result = summary.result("home", [View(failure=("timeout", "not done after 30 s"))] * 3)

    assert result.metrics == {"errors": 1.0}


def test_there_is_no_inp_without_an_interaction():
    inp = {"INP": {"value": 48.0, "numbers": {}}}

    assert "inp" not in metrics(view(metrics=inp))
    assert metrics(view(metrics=inp, has_interactions=True))["inp"] == 0.048


def test_a_page_without_shifts_has_a_cls_of_zero_and_a_page_without_paint_has_none():
    assert metrics(view())["cls"] == 0
    assert "cls" not in metrics(View(account={"navigations": []}))


def test_blocking_time_is_what_tasks_take_beyond_50_ms_after_the_first_paint():
    assert blocking_time([(0.1, 0.2), (0.5, 0.12), (0.9, 0.03)], 0.4) == pytest.approx(0.07)


@given(st.lists(st.floats(0, 5000), min_size=4, max_size=4))
def test_the_parts_of_the_lcp_add_up_to_it(parts: list[float]):
    names = ("timeToFirstByte", "resourceLoadDelay", "resourceLoadDuration")
    known = {"LCP": {"value": sum(parts), "numbers": dict(zip(names, parts, strict=False))}}
    split = lcp_parts(View(account={"navigations": [{"id": 0, "metrics": known}]}))

    assert split is not None
    total = split.ttfb + split.load_delay + split.load_duration + split.render_delay
    assert total == pytest.approx(sum(parts) / 1000, abs=1e-9)


def test_the_view_that_looks_at_coverage_gives_no_times():
    slow = view(9000.0, coverage=(12_345, 678))
    result = summary.result("home", [view(1000.0), view(1000.0), view(1000.0), slow])

    assert result.requests == 3
    assert result.metrics["lcp"] == 1.0
    assert (result.metrics["unused_js"], result.metrics["unused_css"]) == (12_345, 678)


def shift(start: float, value: float, element: str = "ul", **more: object) -> dict[str, object]:
    return {"start": start, "value": value, "sources": [{"element": element, "share": 1.0}], **more}


def test_culprits_come_largest_first():
    shifts = [shift(1, 0.02), shift(2, 0.1, "#banner"), shift(3, 0.02)]
    detail = summary.detail("home", "", [view(account={"shifts": shifts})])

    assert detail.shifts[0] == ("#banner", 0.1)
    assert detail.shifts[1] == ("ul", pytest.approx(0.04))
    assert detail.lcp_element == "#hero"


def test_parts_of_each_metric_are_those_of_the_view_with_its_median():
    """The view with the median LCP shifts least, and its click was the fastest."""
    scores, clicks = {900: 0.1, 1000: 0.0, 1100: 0.3}, {900: 300, 1000: 40, 1100: 200}
    views = [
        view(
            lcp,
            account={"shifts": [shift(1, scores[lcp], f"#at-{lcp}")]},
            metrics={"INP": {"value": clicks[lcp], "numbers": {"processingDuration": clicks[lcp]}}},
            has_interactions=True,
        )
        for lcp in scores
    ]
    result, detail = summary.result("home", views), summary.detail("home", "", views)

    assert detail.lcp is not None
    assert sum(vars(detail.lcp).values()) == result.metrics["lcp"] == 1.0
    assert detail.shifts == (("#at-900", result.metrics["cls"]),)
    assert detail.inp_parts["processingDuration"] == result.metrics["inp"] == 0.2


@pytest.mark.parametrize(
    ("shifts", "score"),
    [
        ([(0, 0.1), (999, 0.1)], 0.2),
        ([(0, 0.1), (1000, 0.1)], 0.1),  # a second later: another window
        ([(at * 900, 0.1) for at in range(7)], 0.6),  # five seconds after its first shift a window ends
        ([(2000, 0.2), (0, 0.1)], 0.2),  # out of order
    ],
)
def test_the_worst_session_window_counts(shifts: list[tuple[float, float]], score: float):
    account = {"shifts": [shift(start, value) for start, value in shifts]}

    assert metrics(view(account=account))["cls"] == pytest.approx(score)


def test_only_real_input_excuses_a_shift():
    after = shift(1400, 0.2, isAfterInput=True)

    assert metrics(view(account={"shifts": [after], "inputs": [1000]}))["cls"] == 0
    assert metrics(view(account={"shifts": [after], "inputs": [800]}))["cls"] == 0.2
    assert metrics(view(account={"shifts": [after], "inputs": []}))["cls"] == 0.2


def test_what_comes_before_a_single_page_navigation_does_not_count():
    soft = {"id": 7, "isSoft": True, "metrics": {"LCP": {"value": 300.0, "numbers": {}}, "FCP": {"value": 200.0}}}
    account = {
        "began": 5000.0,
        "navigation": 7,
        "navigations": [soft],
        "shifts": [shift(100, 0.5), shift(5100, 0.1)],
        "tasks": [{"start": 100, "duration": 500}, {"start": 5200, "duration": 150}],
    }
    account["scripts"] = [
        {"url": "/start.js", "start": 90, "duration": 500},
        {"url": "/next.js", "start": 5200, "duration": 150},
    ]
    values = metrics(view(account=account))

    assert summary.detail("home", "", [view(account=account)]).long_tasks == (("/next.js", 0.15),)
    assert (values["lcp"], values["fcp"], values["cls"], values["long_tasks"]) == (0.3, 0.2, 0.1, 1)
    assert values["tbt"] == pytest.approx(0.1)


def test_what_a_single_page_navigation_fetches_counts_from_its_click():
    """It was clicked a second after what was fetched first, a call that began with the pointer over the link."""
    hover = resource("/hover", 9, kind="fetch", started=0.0, duration=1.5)
    call = resource("/data", 9, kind="fetch", started=1.25, duration=0.5)
    hovered, called = counted_from({"began": 5000.0, "origin": 100_000.0}, 104.0, [hover, call])

    assert (hovered.started, hovered.ended) == (0.0, 0.5)
    assert (called.started, called.ended) == (0.25, 0.75)
    assert counted_from({"began": 0.0}, 104.0, [call]) == [call]


def test_pictures_of_an_earlier_run_in_the_same_folder_are_gone(tmp_path: Path):
    for name in ("page-1.jpg", "page-2-head.jpg", "page-notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    run_folder.make(tmp_path, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["page-notes.txt"]


@pytest.mark.parametrize(
    ("timing", "parts"),
    [
        ({"db": 400, "app": 100, "total": 550}, {"db": 0.4, "app": 0.1, "server": 0.05, "network and rest": 0.15}),
        ({"db": 400}, {"db": 0.4, "network and rest": 0.3}),
        ({"db": 400, "api": 400, "total": 500}, {"server": 0.5, "network and rest": 0.2}),  # they overlap
        ({"db": 900}, {"network and rest": 0.7}),  # more than the answer took
        ({}, {"network and rest": 0.7}),
    ],
)
def test_the_parts_of_the_first_byte_add_up_to_it(timing: dict[str, float], parts: dict[str, float]):
    first = {"redirects": 0, "connection": 20, "wait": 600}
    found = ttfb_parts(view(metrics={"TTFB": {"value": 720}}, account={"firstByte": first, "serverTiming": timing}))

    assert found == pytest.approx({"connection": 0.02, **parts})
    assert sum(found.values()) == pytest.approx(0.72)


PARTS = LcpParts(ttfb=0.1, load_delay=0.5, load_duration=0.3, render_delay=0.1)


def layers(*resources: Resource, url: str = "", parts: LcpParts = PARTS) -> dict[str, float]:
    return lcp_layers(parts, {}, resources, url)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ((), {"frontend": 0.6, "network": 0.3, "backend": 0.1}),
        (  # a call of the page's own backend, whose answer came after 0.4 s
            (resource("/api", 9, kind="fetch", started=0.1, duration=0.45, wait=0.4),),
            {"backend": 0.5, "network": 0.35, "frontend": 0.15},
        ),
        (  # a script of another host that blocks
            (resource("http://ads/a.js", 9, started=0.1, duration=0.5, is_blocking=True, is_third_party=True),),
            {"third party": 0.5, "network": 0.3, "backend": 0.1, "frontend": 0.1},
        ),
        (  # one that does not block: nobody waits for it
            (resource("http://ads/a.js", 9, started=0.1, duration=0.5, is_third_party=True),),
            {"frontend": 0.6, "network": 0.3, "backend": 0.1},
        ),
        (  # the document itself, of which the last byte came after 0.4 s
            (resource("/", 9, kind="document", duration=0.4, wait=0.1),),
            {"network": 0.6, "frontend": 0.3, "backend": 0.1},
        ),
        (  # what was fetched for the document before, from which a script led here
            (resource("/api", 9, kind="fetch", started=-0.5, duration=0.6, wait=0.5),),
            {"frontend": 0.6, "network": 0.3, "backend": 0.1},
        ),
    ],
)
def test_the_lcp_is_split_by_layer(resources: tuple[Resource, ...], expected: dict[str, float]):
    assert layers(*resources) == pytest.approx(expected)


def test_calls_that_wait_for_each_other_are_the_backend_s():
    """The second begins once the first was answered; a quick one beside them is no part of it."""
    first = resource("/a", 9, kind="fetch", started=0.1, duration=0.2, wait=0.15)
    second = resource("/b", 9, kind="fetch", started=0.28, duration=0.22, wait=0.2)
    beside = resource("/c", 9, kind="fetch", started=0.2, duration=0.05, wait=0.05)
    parts = LcpParts(ttfb=0.1, load_delay=0.0, load_duration=0.0, render_delay=0.5)

    assert awaited_calls([second, beside, first], 0.6, 0.5) == (first, second)
    assert awaited_calls([first, beside], 0.6, 0.5) == ()  # less than half of the time
    assert layers(first, second, beside, parts=parts) == pytest.approx(
        {"backend": 0.45, "network": 0.05, "frontend": 0.1}
    )


def test_redirects_on_the_way_to_the_largest_image_are_the_backend_s():
    """A redirect of 0.4 s; web-vitals counts it as delay."""
    hop = resource("/to", 0, kind="image", started=0.2, duration=0.4, wait=0.4, redirected_to="/hero.jpg")
    hero = resource("/hero.jpg", 9, kind="image", started=0.6, duration=0.3, wait=0.2)

    assert layers(hero, hop, url="/to") == pytest.approx({"backend": 0.7, "network": 0.1, "frontend": 0.2})
    assert [item.is_blocking for item in with_blocking([hero, hop], {"blocking": ["/to"]})] == [True, True]


def test_a_connection_for_the_largest_image_is_the_network_s():
    """Wanted after 0.2 s, asked for after 0.6."""
    image = resource("/hero.jpg", 9, kind="image", started=0.2, duration=0.6)

    assert layers(image, url="/hero.jpg") == pytest.approx({"network": 0.7, "frontend": 0.2, "backend": 0.1})


def test_rendering_waits_for_the_font_of_a_text_that_is_invisible_without_it():
    fetched = [resource("/a.woff2", 9, kind="font", duration=0.2), resource("/b.woff2", 9, kind="font")]

    assert [item.is_blocking for item in with_blocking(fetched, {"awaitsFont": True})] == [True, False]
    assert [item.is_blocking for item in with_blocking(fetched, {"awaitsFont": False})] == [False, False]


def test_the_largest_image_of_another_host_is_a_third_party_s():
    hero = resource("http://cdn/hero.jpg", 9, kind="image", started=0.6, duration=0.3, wait=0.2, is_third_party=True)

    assert layers(hero, url=hero.url)["third party"] == pytest.approx(0.3)


SECONDS = st.floats(0, 5)


@given(
    st.lists(SECONDS, min_size=4, max_size=4), st.lists(st.tuples(SECONDS, SECONDS, SECONDS, st.booleans()), max_size=4)
)
def test_the_layers_add_up_to_the_lcp(times: list[float], fetched: list[tuple[float, float, float, bool]]):
    resources = [
        resource(f"/{at}", 9, started=start, duration=duration, wait=wait, is_blocking=True, is_third_party=other)
        for at, (start, duration, wait, other) in enumerate(fetched)
    ]
    names = ("ttfb", "load_delay", "load_duration", "render_delay")
    found = layers(*resources, url="/0", parts=LcpParts(**dict(zip(names, times, strict=True))))

    assert sum(found.values()) == pytest.approx(sum(times), abs=1e-9)


def test_files_that_pages_wait_for_are_kept_however_many_larger_ones_there_are():
    blocking = resource("/small.js", 1, is_blocking=True, duration=0.7)
    many = tuple(resource(f"/{number}.png", 1000, kind="image") for number in range(100))
    detail = summary.detail("home", "", [view(resources=(*many, blocking))])

    assert detail.resources[0] == blocking
    assert len(detail.resources) == 60


def test_what_is_wrong_with_images_is_noted_in_a_line_of_each_kind():
    urls = [f"/{number}.jpg" for number in range(5)]
    account = {
        "isLargestLazy": True,
        "unsizedImages": urls,
        "oversizedImages": ["/a.jpg (900 × 900, shown as 90 × 90)"],
    }
    detail = summary.detail("home", "", [view(account=account)])

    assert detail.notes == (
        "the largest image is loaded lazily (loading=lazy): it begins late",
        "images without width and height: /0.jpg, /1.jpg, /2.jpg and 2 more",
        "images larger than they are shown: /a.jpg (900 × 900, shown as 90 × 90)",
    )
