"""The comment, as GitHub's own renderer shows it: what is in sight, room for 400 endpoints, nothing hostile gets out."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import cmarkgfm
import pytest
from builders import make_criterion, make_endpoint, make_finding, make_past_run, make_run, make_verdict
from cmarkgfm.cmark import Options
from report.samples import HOSTILE, drawn_facts, hostile_facts, shop_facts

from perfgate import report
from perfgate.model.budget_file import Kind
from perfgate.model.outcome import Outcome
from perfgate.model.run import Run
from perfgate.model.verdict import Watched
from perfgate.report.facts import Facts
from perfgate.report.markdown import announcing, comment

TAGS = set(
    "h3 p sub table thead tbody tr th td code strong em ul li details summary pre br picture source img a".split()
)
ATTRIBUTES = {
    "th": {"align"},
    "td": {"align"},
    "pre": {"lang"},
    "img": {"src", "width", "alt"},
    "source": {"media", "srcset"},
    "a": {"href"},
}


class Page(HTMLParser):
    """What a reader gets to see."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.strange: list[str] = []
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.in_sight = ""  # outside of <details>
        self.folded = ""
        self.links: list[str] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.strange += [] if tag in TAGS else [tag]
        self.strange += [f"{tag} {name}" for name, _ in attrs if name not in ATTRIBUTES.get(tag, set())]
        self.links += [str(value) for name, value in attrs if name in ("href", "src", "srcset")]
        if tag not in ("br", "img", "source"):
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.strange.append(f"</{tag}>")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data
        if "details" in self.open:
            self.folded += data
        else:
            self.in_sight += data

    def handle_comment(self, data: str) -> None:
        self.strange.append("comment")


def simple_facts(endpoints: int, outcome: Outcome = Outcome.FAIL, sentence: str = "over the limit") -> Facts:
    names = [f"GET /api/v1/things/{n}" for n in range(endpoints)]
    findings = [
        make_finding(name, outcome=outcome, measured=0.1 + n / 1e4, baseline=0.09, sentence=f"{name} p95: {sentence}.")
        for n, name in enumerate(names)
    ]

    def run(number: int) -> Run:
        return make_run(number, endpoints=[make_endpoint(name) for name in names])

    past = tuple(make_past_run(number, run=run(number)) for number in (3, 2, 1)) if endpoints < 100 else ()
    return Facts(verdict=make_verdict(*findings), run=run(4), past_runs=past)


def test_the_first_line_is_the_verdict_in_words():
    page = Page(comment.render(shop_facts()))

    assert page.in_sight.strip().startswith("❌ shop FAIL: 2 of 9 budgets broken: search p95, place order errors")


def test_what_failed_or_moved_is_a_table_in_sight():
    table = Page(comment.render(shop_facts())).tables[0]

    assert table[0] == ["", "budget", "now", "baseline", "change", "limit", "detectable", "errors"]
    assert table[1] == [
        "❌",
        "search p95▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█",
        "131\xa0ms",
        "82\xa0ms",
        "+59.8\xa0%+48\xa0to\xa0+71\xa0%",
        "120\xa0ms+10\xa0%",
        "–",
        "0\xa0%",
    ]
    assert [row[0] for row in table[1:]] == ["❌", "❌", "🚫", "❔", "⚠️", "🆕", "🎉"]


def test_the_sentences_the_base_and_what_is_not_judged_are_in_sight():
    page = Page(comment.render(shop_facts()))

    for said in (
        "+60 % (95 % interval +48 to +71 %), over the limit of +10%; over the limit of 120 ms",
        "a rise below +40 % could have hidden",
        "no requests were measured",
        "9f3c2ab on faster-search, 6 Jan 2026",
        "compared with 20 runs of main, the newest 20c0ffe",
        "its p95 is a guess",
    ):
        assert said in page.in_sight
    for said in ("Test CPU", "perfgate accept run-0021 search p95", "list products", "2 budgets kept"):
        assert said in page.folded
        assert said not in page.in_sight


def test_the_interval_stands_below_the_change():
    finding = make_finding(measured=0.131, baseline=0.082, outcome=Outcome.FAIL, interval=(0.52, 0.68))

    table = Page(comment.render(Facts(verdict=make_verdict(finding), run=make_run()))).tables[0]

    assert table[1][4] == "+59.8\xa0%+52\xa0to\xa0+68\xa0%"


def test_an_interval_of_the_value_itself_is_no_change():
    finding = make_finding(measured=0.131, baseline=None, outcome=Outcome.FAIL, interval=(0.12, 0.14))

    table = Page(comment.render(Facts(verdict=make_verdict(finding), run=make_run()))).tables[0]

    assert table[1][4] == "–"


def test_a_verdict_without_trouble_is_short():
    facts = Facts(verdict=make_verdict(make_finding(baseline=0.1)), run=make_run())

    page = Page(comment.render(facts))

    assert "PASS: 1 budget kept" in page.in_sight
    assert len(page.in_sight.split()) < 30
    assert "mermaid" not in comment.render(facts)


def test_budgets_that_only_lack_a_baseline_are_folded():
    facts = simple_facts(14, Outcome.NO_BASELINE)

    page = Page(comment.render(facts))

    assert "things/3" not in page.in_sight
    assert "14 budgets without a baseline yet" in page.folded
    assert "things/13" in page.folded


@pytest.mark.parametrize("endpoints", [1, 14, 400])
def test_the_worst_come_first_and_all_are_counted(endpoints: int):
    facts = simple_facts(endpoints, sentence="a long story " * 20)

    text = comment.render(facts)
    page = Page(text)

    assert len(text.encode("utf-16-le")) // 2 < comment.MAX_COMMENT_UNITS
    assert page.strange == []
    assert f"GET /api/v1/things/{endpoints - 1} p95" in page.tables[0][1][1]  # the greatest change
    in_sight = len(page.tables[0]) - 1
    assert in_sight == min(endpoints, comment.MAX_OPEN_FINDINGS)
    if endpoints > in_sight:
        assert f"{endpoints - in_sight} more: {endpoints - in_sight} fail" in page.folded
        shown = len(page.tables[1]) - 1
        assert (shown == endpoints - in_sight) == (endpoints == 14)
        assert endpoints == 14 or f"and {endpoints - in_sight - shown} more" in page.folded
    assert text.count("```mermaid") == (min(endpoints, comment.MAX_CHARTS) if endpoints < 100 else 0)


@pytest.mark.parametrize("endpoints", [14, 400])
def test_the_summary_has_room_for_all(endpoints: int):
    text = comment.summary(simple_facts(endpoints))

    assert len(text.encode()) < comment.MAX_SUMMARY_BYTES
    assert all(f"things/{n} p95" in Page(text).folded + Page(text).in_sight for n in (0, endpoints // 2, endpoints - 1))


@pytest.mark.parametrize("endpoints", [1, len(HOSTILE), 400, pytest.param(2000, marks=pytest.mark.slow)])
def test_nothing_hostile_gets_out(endpoints: int):
    text = comment.render(hostile_facts(endpoints))
    page = Page(text)

    assert len(text.encode("utf-16-le")) // 2 < comment.MAX_COMMENT_UNITS
    assert page.strange == []
    assert page.open == []
    assert page.links == []
    assert {len(row) for table in page.tables for row in table} <= {7, 8}
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]", text)
    assert "<" not in re.sub(rf"</?({'|'.join(TAGS)})>", "", text.partition("```sh")[0])  # all of it is our own
    outside_of_code = re.sub(r"<code>.*?</code>|`[^`\n]*`", "", text)
    assert not re.search(r"(?<![&\w])[@#]\w", outside_of_code.replace("# the same", "").replace("# this is", ""))


def test_a_hostile_name_cannot_leave_its_drawing():
    """A failing endpoint with earlier runs is drawn; its name is in the caption, its commits are labels."""
    for name in HOSTILE:
        text = comment.render(drawn_facts(name))
        page = Page(text)

        assert page.strange == []
        assert text.count("```mermaid\n%%{init") == 1
        assert text.count("```") == 4  # the drawing and the commands


def test_a_picture_on_the_web_takes_the_place_of_the_drawing():
    picture = comment.Picture(
        endpoint="search",
        metric="p95",
        text='search "p95" <131 ms>',
        light="https://github.example/o/r/blob/abc/charts/a-light.png?raw=true",
        dark='https://github.example/o/r/blob/abc/charts/a-dark.png?raw=true"><script>',
    )

    text = comment.render(shop_facts(), [picture])
    page = Page(text)

    assert page.strange == []
    assert page.links[1] == picture.light
    assert text.count("<picture>") == 1
    assert text.count("```mermaid") == 1  # the other finding that failed


def test_two_metrics_of_one_endpoint_have_a_picture_each():
    findings = [make_finding("search", metric, outcome=Outcome.FAIL) for metric in ("p95", "p99")]
    facts = replace(shop_facts(), verdict=make_verdict(*findings))
    assert [one.metric for one in comment.charted(facts)] == ["p95", "p99"]
    pictures = [
        comment.Picture(
            endpoint="search", metric=metric, text=metric, light=f"https://g/{metric}", dark=f"https://g/{metric}"
        )
        for metric in ("p99", "p95")
    ]

    text = comment.render(facts, pictures)

    assert text.index('alt="p95"') < text.index('alt="p99"')
    assert "orange line" not in text  # a picture names its lines itself
    assert "<summary><code>search</code> p99</summary>" in text


def test_charts_can_be_left_out():
    assert "```mermaid" not in comment.render(shop_facts(), charts=False)
    assert "▁" in comment.render(shop_facts(), charts=False)


def test_what_is_drawn_is_what_the_comment_has_room_for():
    drawings, warnings = report.draw(shop_facts())

    assert warnings == ()
    assert [(one.endpoint, one.metric) for one in drawings] == [
        (one.endpoint, one.metric) for one in comment.charted(shop_facts())
    ]
    assert drawings[0].light != drawings[0].dark
    assert all(len(picture) < 40_000 for one in drawings for picture in (one.light, one.dark))
    assert report.draw(replace(shop_facts(), past_runs=())) == ((), ())


def test_a_link_is_taken_only_if_it_is_an_address():
    assert 'href="https://ci.example/1"' in comment.render(shop_facts(), link="https://ci.example/1")
    assert "The whole run" not in comment.render(shop_facts(), link="javascript:alert(1)")


def test_the_watch_list_is_folded():
    watch = (Watched(endpoint="search", metric="p50", measured=0.09, baseline=0.082, change=0.1, p_value=0.05),)

    page = Page(comment.render(Facts(verdict=make_verdict(watch=watch), run=make_run())))

    assert "search p50 82 ms to 90 ms" in page.folded


# ------------------------------------------------------------------------------------------------ announcements


def announced(facts: Facts, **others: object):
    return announcing.announce(
        facts, comment.render(facts), **{"budget": "perf/budgets.yaml", "blocks": True, "files": {}, **others}
    )


def test_annotations_are_of_the_worst_ten_on_their_lines():
    findings = [
        make_finding(f"e{n}", outcome=Outcome.FAIL, baseline=0.09, line=n + 1, measured=0.1 + n / 100)
        for n in range(14)
    ]
    warned = make_finding("w", outcome=Outcome.WARN, line=40)
    facts = Facts(verdict=make_verdict(warned, make_finding("fine"), *findings), run=make_run())

    announcement = announced(facts)

    assert [one.line for one in announcement.annotations] == list(range(14, 4, -1))
    assert {(one.path, one.serious) for one in announcement.annotations} == {("perf/budgets.yaml", True)}
    assert (announcement.more_annotations, announcement.failed) == (5, 14)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"target": "http://127.0.0.1:8765"}, {"target": "http://localhost:43121"}, True),
        ({"target": "https://a.example"}, {"target": "https://b.example"}, False),
        ({"target": "https://a.example"}, {"target": "https://user:secret@a.example/x"}, True),
        (
            {"topic": "preview", "target": "https://pr-1.example"},
            {"topic": "preview", "target": "https://pr-2.example"},
            True,
        ),
        ({"budget": "a.yaml"}, {"budget": "b.yaml"}, False),
    ],
)
def test_one_comment_per_budget_file_and_target(one: dict[str, str], other: dict[str, str], same: bool):
    def key(given: dict[str, str]) -> str:
        run = make_run(target=given.get("target", "http://127.0.0.1:1"))
        settings = {name: value for name, value in given.items() if name != "target"}
        return announced(Facts(verdict=make_verdict(), run=run), **settings).key

    assert (key(one) == key(other)) is same
    assert "secret" not in key(one) + key(other)


def test_the_name_of_a_check_tells_targets_apart():
    def title(target: str) -> str:
        return announced(Facts(verdict=make_verdict(name="shop"), run=make_run(target=target))).title

    assert title("http://127.0.0.1:8765") == "perfgate: shop"
    assert title("https://staging.example") == "perfgate: shop (staging.example)"
    assert title("http://[broken") == "perfgate: shop (http://[broken)"


def test_a_relative_limit_is_drawn_where_it_lies():
    finding = make_finding(
        "list products",
        outcome=Outcome.FAIL,
        measured=0.131,
        baseline=0.1,
        criteria=[make_criterion(Kind.RELATIVE, limit=0.1, outcome=Outcome.FAIL)],
    )
    past = tuple(make_past_run(n) for n in (2, 1))

    text = comment.render(Facts(verdict=make_verdict(finding), run=make_run(3, p95=0.131), past_runs=past))

    assert "limit 110 ms (orange line), baseline 100 ms (blue line)" in text
    assert "line [110, 110, 110]" in text
    assert "line [100, 100, 100]" in text
    assert re.search(r"bar \[-[\d.]+, -[\d.]+, 131\]", text)
