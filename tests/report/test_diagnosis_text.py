"""The diagnosis in words: one line first; nothing from outside becomes markup."""

from __future__ import annotations

from builders import make_run, make_verdict

from perfgate.model.diagnosis import Cause, Diagnosed, Diagnosis, LayerChange
from perfgate.report import diagnosis_text
from perfgate.report.facts import Facts
from perfgate.report.html import page
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

    assert diagnosis_text.first_line(found) == "search p95 +180 ms: the control moved too"


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
