"""The diagnosis in words: one line first; nothing from outside becomes markup."""

from __future__ import annotations

import pytest
from builders import make_run, make_verdict

from perfgate.diagnose.facts import _PARTS_OF_FACTS, PassFacts
from perfgate.model.diagnosis import (
    Cause,
    Diagnosed,
    Diagnosis,
    LayerChange,
    SlowTrace,
    TracedOperation,
    TraceEvidence,
)
from perfgate.report import diagnosis_text
from perfgate.report.facts import Facts
from perfgate.report.html import layer_bars, page
from perfgate.report.markdown import comment, report_md
from perfgate.report.terminal import console

LAYERS = (
    LayerChange(layer="database", baseline=0.015, now=0.185, change=0.170, interval=(0.150, 0.190)),
    LayerChange(layer="application", baseline=0.005, now=0.013, change=0.008, interval=(0.001, 0.012)),
    LayerChange(layer="unattributed", baseline=0.001, now=0.003, change=0.002, interval=(-0.001, 0.004)),
)
CAUSE = Cause(
    code="repeated-statement",
    layer="database",
    confidence="confirmed",
    sentence="103 queries per request instead of 3",
    evidence=("`select * from items where id = $1` 100 times per request",),
    remedy="Use select_related.",
)


def diagnosis(endpoint: str = "search", **changes: object) -> Diagnosis:
    found = Diagnosed(
        **{  # type: ignore[arg-type]
            "endpoint": endpoint,
            "metric": "p95",
            "difference": 0.180,
            "layers": LAYERS,
            "causes": (CAUSE,),
            "samples": 200,
            "baseline_samples": 210,
            "facts": {"queries": (3.0, 103.0), "cpu": (0.004, 0.005)},
            **changes,
        }
    )
    return Diagnosis(run="r", findings=(found,), control="home", warnings=("diagnose.redis: cannot connect",))


def test_the_first_line_says_how_much_where_and_why():
    [found] = diagnosis().findings

    assert diagnosis_text.first_line(found) == (
        "search p95 +180 ms: database +170 ms, 103 queries per request instead of 3"
    )


def test_without_a_base_the_line_has_parts_and_no_differences():
    layers = tuple(LayerChange(layer=one.layer, baseline=None, now=one.now, change=None) for one in LAYERS)
    [found] = diagnosis(difference=None, layers=layers).findings

    assert diagnosis_text.first_line(found).startswith("search p95: database 185 ms, application 13 ms, 103")


def test_a_slow_machine_names_no_layer_of_the_code():
    cause = Cause(code="environment", layer="runner", confidence="environment", sentence="the control moved too")
    [found] = diagnosis(causes=(cause,)).findings

    assert diagnosis_text.first_line(found) == "search p95 +180 ms: the runner, not the code: the control moved too"


def facts(told: Diagnosis | None) -> Facts:
    return Facts(verdict=make_verdict(), run=make_run(), diagnosis=told)


def test_every_report_has_the_line_and_only_with_a_diagnosis():
    told = facts(diagnosis())
    for text in (
        console.text(told, width=200),
        report_md.render(told),
        comment.render(told),
        page.render(told),
    ):
        assert "103 queries per request instead of 3" in text
        assert "+170 ms" in text
    for text in (console.text(facts(None)), report_md.render(facts(None)), comment.render(facts(None))):
        assert "queries" not in text
    assert "<h2>Why</h2>" not in page.render(facts(None))


def test_a_page_has_its_layers_in_every_report_and_nothing_of_requests():
    layers = (
        LayerChange(layer="backend", baseline=0.02, now=0.62, change=0.600),
        LayerChange(layer="third party", baseline=0.04, now=0.05, change=0.010),
    )
    told = facts(diagnosis("home", metric="lcp", difference=0.610, layers=layers, causes=(), facts={}))
    assert "home lcp +610 ms: backend +600 ms" in console.text(told, width=200)
    for text in (comment.render(told), report_md.render(told), page.render(told)):
        assert "lcp +610 ms: backend +600 ms" in text
        assert "third party" in text
        assert "beside that of the base or of a usual earlier run" in text
        assert "er request" not in text.partition("Why")[2]


def test_the_evidence_is_folded_in_the_comment():
    text = comment.render(facts(diagnosis()))

    before, _, after = text.partition("<details><summary>Why: the evidence</summary>")
    assert "queries per request" in before
    assert "| database | 15 ms | 185 ms | +170 ms | +150 ms to +190 ms |" in after
    assert "| not attributed |" in after
    assert "| queries | 3 | 103 |" in after


def test_names_from_outside_stay_text():
    hostile = "<script>alert(1)</script> @admin | x"
    told = facts(diagnosis(endpoint=hostile))

    assert "<script>alert" not in comment.render(told)
    assert "<script>alert" not in page.render(told)
    assert "@admin" not in comment.render(told)


def test_the_title_of_a_panel_is_plain_text():
    cause = Cause(
        code="cpu", layer="application", confidence="confirmed", sentence="`rank (\u202esj.a\x1b[31m)` " + "x" * 400
    )
    [panel] = layer_bars.panels(diagnosis(causes=(cause,)))

    assert "`rank (sj.a)`" in panel.title
    assert len(panel.title) <= 300


def test_the_bars_of_the_page_are_as_long_as_the_layers():
    text = page.render(facts(diagnosis()))

    assert text.count("<title>database") == 2
    assert "<title>database 185 ms</title>" in text


def test_flame_graphs_are_linked_and_nothing_else_that_calls_itself_so():
    own = {"head": "diagnose/profile-0-head.speedscope.json"}
    hostile = {
        "base": "https://evil.example/profile.json",
        "head": 'diagnose/profile-0-head.speedscope.json" onclick="x',
    }

    assert 'href="diagnose/profile-0-head.speedscope.json"' in page.render(facts(diagnosis(profiles=own)))
    told = page.render(facts(diagnosis(profiles=hostile)))
    assert "evil.example" not in told
    assert "onclick" not in told


def test_names_of_the_applications_own_metrics_stay_text():
    told = facts(diagnosis(facts={'metric:jobs{kind="<b>|@admin"}': (1.0, 9.0)}))

    assert "<b>" not in comment.render(told) + report_md.render(told) + page.render(told)
    assert "@admin" not in comment.render(told) + report_md.render(told)


def traced(link: str = "https://jaeger.example/trace/abc") -> TraceEvidence:
    statement = "select * from items where id = ?"
    return TraceEvidence(
        requests=100,
        traced=96,
        requests_before=90,
        traced_before=90,
        operations=(
            TracedOperation(
                layer="database", what=statement, calls=103, seconds=0.17, calls_before=3, seconds_before=0.004
            ),
        ),
        slowest=(
            SlowTrace(
                side="head", trace="a" * 32, seconds=0.3, layers={"application": 0.1, "database": 0.2}, link=link
            ),
        ),
    )


def test_traces_are_shown_everywhere_with_coverage_calls_and_links():
    told = facts(diagnosis(traces=traced()))

    terminal = console.text(told, width=200)
    assert "search: traces for 96 of 100 requests, of the base for 90 of 90" in terminal
    assert "slowest, head 300 ms: database 200 ms, application 100 ms: https://jaeger.example/trace/abc" in terminal
    for text in (comment.render(told), report_md.render(told)):
        assert "- Traces for 96 of 100 requests, of the base for 90 of 90" in text
        assert (
            "- database <code>select &#42; from items where id = ?</code>: 103 calls, 170 ms instead of 3 calls, 4 ms"
            in text
        )
        assert "trace [aaaaaaaa](<https://jaeger.example/trace/abc>)" in text
    html = page.render(told)
    assert '<a href="https://jaeger.example/trace/abc" rel="noopener noreferrer">head 300 ms' in html
    assert "<td>3 calls, 4 ms</td><td>103 calls, 170 ms</td>" in html


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "https://user@evil.example/",
        "https://evil.example/ x",
        "https://evil.example/\x1b[31m",
        "//evil.example",
        "https://e.example/" + "a" * 600,
    ],
)
def test_what_is_no_link_is_none(link: str):
    told = facts(diagnosis(traces=traced(link)))

    for text in (console.text(told, width=200), comment.render(told), report_md.render(told), page.render(told)):
        assert link[:20] not in text


def test_a_link_cannot_leave_its_place():
    told = facts(diagnosis(traces=traced('https://e.example/a>) [x](https://evil.example) "onclick="<b>')))
    spaceless = facts(diagnosis(traces=traced('https://e.example/a>)[x](b)"onclick="<b>|')))

    assert "evil.example" not in comment.render(told)
    assert "(<https://e.example/a%3E%29%5Bx%5D%28b%29%22onclick=%22%3Cb%3E%7C>)" in comment.render(spaceless)
    assert "<b>" not in page.render(spaceless)


def test_every_fact_has_words_and_a_unit_for_people():
    loaded = {f"{name}{diagnosis_text.LOADED}" for name in diagnosis_text.FACTS}
    words = {*diagnosis_text.FACTS, *loaded, "samples"}  # the note says how many

    assert set(PassFacts.__dataclass_fields__) - words == set(_PARTS_OF_FACTS)
