"""report.html by its structure: one file, nothing from outside in its markup, bounded size."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from builders import (
    make_acceptance,
    make_criterion,
    make_endpoint,
    make_finding,
    make_past_run,
    make_run,
    make_verdict,
    spread,
)
from report.samples import HOSTILE, hostile_facts, recorded

from perfgate import report
from perfgate.cli.app import app
from perfgate.files import codec, run_folder
from perfgate.model.budget_file import Kind
from perfgate.model.outcome import Outcome
from perfgate.model.run import Arm
from perfgate.recording import handover, histogram, windows
from perfgate.report.facts import Facts
from perfgate.report.html import frame, page, page_data

VOID = {"meta", "link", "input", "br"}
LARGEST = {1: 60_000, 14: 150_000, 400: 3_000_000}  # bytes


class Reader(HTMLParser):
    """Every element with its attributes, and whether all are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[int, str] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        at = len(self.elements) - 1
        self.words[at] = self.words.get(at, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag: str) -> list[str]:
        return [self.words.get(at, "").strip() for at, (name, _) in enumerate(self.elements) if name == tag]


def data_of(text: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def facts_of(endpoints: int) -> Facts:
    """So many endpoints, with 60 earlier runs of all."""
    names = [f"GET /api/v1/resource-{n}/{{id}}" for n in range(endpoints)]
    results = [make_endpoint(name, p95=0.08 + n % 7 / 100) for n, name in enumerate(names)]
    past = tuple(make_past_run(number, endpoints=results) for number in range(60, 0, -1))
    findings = [make_finding(name, baseline=0.09, interval=(0.05, 0.2)) for name in names]
    findings += [make_finding(name, "errors", measured=0.0, baseline=0.0) for name in names]
    run = make_run(61, endpoints=results)
    verdict = make_verdict(*findings, run=run.id, baseline_runs=tuple(one.run.id for one in past))
    return Facts(verdict=verdict, run=run, past_runs=past)


@pytest.mark.parametrize("endpoints", LARGEST)
def test_the_size_is_bounded(endpoints: int):
    facts = facts_of(endpoints)
    text = page.render(facts, recorded(facts, 120 if endpoints == 1 else 30))

    assert len(text.encode()) < LARGEST[endpoints]
    assert len(Reader(text).all("details")) == endpoints
    assert len(data_of(text)["endpoints"]) == endpoints


def test_the_head_says_the_verdict_and_what_was_compared(shop: Facts):
    read = Reader(page.render(shop))

    assert read.open == []
    assert read.text("h1")[0].startswith("FAIL: 2 of 9 budgets broken: search p95, place order errors")
    facts = dict(zip(read.text("dt"), read.text("dd"), strict=True))
    assert facts["Measured"] == "9f3c2ab on faster-search, 6 Jan 2026"
    assert facts["Compared with"].startswith("20 runs of main, the newest 20c0ffe on main")
    assert facts["Runner"] == "Test CPU, 4 cores, Linux"
    assert facts["Pull request"] == "7"


def test_tables_have_captions_scopes_and_real_buttons(shop: Facts):
    read = Reader(page.render(shop))

    assert len(read.all("caption")) == len(read.all("table"))
    assert all(head.get("scope") in ("col", "row") for head in read.all("th"))
    sorting = [one for one in read.text("button") if one in ("Outcome", "Endpoint", "p95", "Change", "Limit")]
    assert sorting == ["Outcome", "Endpoint", "p95", "Change", "Limit"]
    assert any(one.get("role") == "status" for one in read.all("span"))
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {one["href"] for one in read.all("a")} <= {f"#{name}" for name in ids}


def test_only_its_own_style_and_script_may_run(shop: Facts):
    text = page.render(shop)
    policy = next(
        one["content"] for one in Reader(text).all("meta") if one.get("http-equiv") == "Content-Security-Policy"
    )
    style, script = (
        re.search(r"<style>(.*?)</style>", text, re.DOTALL),
        re.search(r"<script>(.*?)</script>", text, re.DOTALL),
    )
    assert style
    assert script
    assert policy

    for part in (style, script):
        assert f"'sha256-{b64encode(sha256(part[1].encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//|@import|url\(", text)
    assert not any("style" in attributes for _, attributes in Reader(text).elements)


def test_texts_from_outside_are_inert():
    facts = hostile_facts(len(HOSTILE))
    tame = page.render(hostile_facts(0))
    read, usual = Reader(page.render(facts)), Reader(tame)

    assert read.open == []
    known = {"a", "button", "dd", "details", "div", "h3", "label", "li", "option", "section", "select", "small", "span"}
    known |= {"summary", "table", "tbody", "td", "th", "thead", "tr", "ul", "caption", "h2"}
    assert {tag for tag, _ in read.elements} <= known | {tag for tag, _ in usual.elements}
    assert len(read.all("script")) == len(usual.all("script")) == 2
    assert not any(name.startswith("on") for _, attributes in read.elements for name in attributes)
    assert "<script>alert(1)</script>" in read.text("summary")
    assert "{{ 7 * 7 }} {% x %}" in read.text("summary")


@pytest.mark.parametrize("name", [*HOSTILE, "</script><script>alert(1)</script>", "<!--<script>", "\u2028\u2029"])
def test_data_cannot_leave_its_element(name: str):
    told = frame.inert({name: name})

    assert told.isascii()
    assert not set("<>&") & set(told)
    assert json.loads(told) == {name: name}


def test_latency_over_the_run_in_at_most_sixty_stretches(shop: Facts):
    facts = replace(shop, run=replace(shop.run, duration=3600.0))
    over = page_data.over_the_run(recorded(facts, 3600), facts.run)["search"]

    assert over["width"] == 60
    assert len(over["p95"]) == len(over["p50"]) == 60
    assert sum(over["requests"]) == 3600 * 7 + 1
    assert over["failures"][0] == 1
    assert over["p50"][0] == pytest.approx(facts.results["search"].metrics["p50"], rel=0.3)
    assert all(low <= high for low, high in zip(over["p50"], over["p95"], strict=True))


def test_the_warm_up_is_not_drawn(shop: Facts):
    over = page_data.over_the_run(recorded(shop, 30), shop.run)["search"]

    assert over["width"] == 1
    assert over["requests"] == [7, 7, 7, 8, *[7] * 26]


def test_an_ab_test_has_the_base_as_a_whole():
    now, before = make_endpoint(p95=0.2), make_endpoint(p95=0.1)
    arms = (
        Arm(name="base", target="http://b", commit="b" * 40, endpoints=(before,)),
        Arm(name="head", target="http://h"),
    )
    facts = Facts(verdict=make_verdict(), run=make_run(endpoints=[now], arms=arms))

    drawn = page_data.distribution(facts, "list products", ())

    assert drawn is not None
    assert drawn["marks"] == []
    at = 1 + page_data.LEVELS.index(0.95)
    assert (drawn["now"][at], drawn["base"][at]) == (pytest.approx(0.2, rel=5e-3), pytest.approx(0.1, rel=5e-3))


def test_a_curve_is_the_quantiles():
    latency = spread(0.1, 777)

    assert page_data.curve(latency)[1:] == [
        pytest.approx(histogram.quantile(latency, level), rel=1e-3) for level in page_data.LEVELS
    ]
    assert page_data.curve(histogram.of([0.25])) == [0.25] * (1 + len(page_data.LEVELS))


def test_without_an_ab_test_the_baselines_quantiles_are_marked(shop: Facts):
    finding = next(one for one in shop.findings if one.endpoint == "log in")
    drawn = page_data.distribution(shop, "log in", [finding])

    assert drawn is not None
    assert drawn["base"] is None
    p95 = next(one for one in drawn["marks"] if one["metric"] == "p95")
    assert p95["runs"] == 20
    middle, least, most = p95["value"]
    assert (least, most) == (pytest.approx(0.120), pytest.approx(0.1248))
    assert least < middle < most


def test_a_trend_has_failed_and_accepted_runs_and_levels():
    word = make_acceptance("list products", "p95", reason="<b>slow</b> is fine")
    key = ("list products", "p95")
    line = (
        make_past_run(1, p95=0.1),
        make_past_run(2, p95=0.3, outcome=Outcome.FAIL, failed=[key]),
        make_past_run(3, p95=0.2, outcome=Outcome.FAIL, failed=[key], acceptances=[word]),
    )

    drawn = page_data.trend(page_data.Line(runs=line), *key, make_finding(baseline=0.2))

    assert drawn is not None
    assert drawn["values"] == [0.1, 0.3, 0.2]
    assert drawn["failed"] == [1]
    assert drawn["accepted"] == {2: "accepted by ada: <b>slow</b> is fine"}
    assert [(one["kind"], one["value"]) for one in drawn["levels"]] == [("limit", 0.3), ("baseline", 0.2)]


def test_it_is_built_into_the_run_folder_with_the_windows(shop: Facts, tmp_path: Path):
    windows.write(tmp_path / handover.WINDOWS, recorded(shop, 30), duration=30.0)

    built = report.build(shop.verdict, shop.run, shop.past_runs, tmp_path, charts=False)

    assert built.html == tmp_path / "report.html"
    assert built.warnings == ()
    drawn = {one["name"]: one for one in data_of(built.html.read_text("utf-8"))["endpoints"]}
    assert len(drawn["search"]["over"]["p95"]) == 30
    assert drawn["export report"]["over"] is None


def test_windows_that_cannot_be_read_are_a_warning(shop: Facts, tmp_path: Path):
    (tmp_path / handover.WINDOWS).write_bytes(b"not gzip")

    built = report.build(shop.verdict, shop.run, shop.past_runs, tmp_path, charts=False)

    assert built.html.is_file()
    assert built.warnings[0].startswith("report.html has no latencies over the run")


def test_the_verb_writes_it_again_with_the_windows(shop: Facts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    codec.write(shop.run, tmp_path / run_folder.RUN)
    codec.write(shop.verdict, tmp_path / run_folder.VERDICT)
    windows.write(tmp_path / handover.WINDOWS, recorded(shop, 30), duration=30.0)

    with pytest.raises(SystemExit) as left:
        app(["report", str(tmp_path), "--format", "html", "--output", "r.html"])

    assert left.value.code == 0
    drawn = {one["name"]: one for one in data_of((tmp_path / "r.html").read_text("utf-8"))["endpoints"]}
    assert len(drawn["search"]["over"]["p50"]) == 30


def _first_run() -> Facts:
    relative = make_criterion(Kind.RELATIVE, limit=0.2, outcome=Outcome.NO_BASELINE)
    findings = [
        make_finding(outcome=Outcome.NO_BASELINE, criteria=[make_criterion(), relative]),
        make_finding(metric="errors", measured=0.0, criteria=[make_criterion(limit=0.01, text="1%")]),
        make_finding("search", outcome=Outcome.NO_BASELINE, criteria=[relative]),
    ]
    run = make_run(endpoints=[make_endpoint("list products"), make_endpoint("search")])
    return Facts(verdict=make_verdict(*findings, outcome=Outcome.PASS, baseline_needed=5), run=run)


def test_a_first_run_says_what_is_kept_what_waits_and_what_comes_next():
    reader = Reader(page.render(_first_run()))

    assert {"Limits kept", "Waiting for a baseline"} <= set(reader.text("button"))
    assert "Baseline" not in reader.text("button")
    assert {"p95 300 ms, errors 1 %", "p95 +20 %"} <= set(reader.text("td"))
    assert [row["data-outcome"] for row in reader.all("tr") if "data-outcome" in row] == ["no-baseline", "pass"]
    assert any("that make a baseline" in text for text in reader.text("p"))


def test_what_is_undecided_on_a_first_run_is_not_called_kept():
    facts = _first_run()
    undecided = make_finding("search", metric="errors", outcome=Outcome.INCONCLUSIVE)
    verdict = replace(facts.verdict, findings=(*facts.verdict.findings, undecided))

    reader = Reader(page.render(replace(facts, verdict=verdict)))

    assert [row["data-outcome"] for row in reader.all("tr") if "data-outcome" in row] == ["inconclusive", "pass"]
