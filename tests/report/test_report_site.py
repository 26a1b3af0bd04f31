"""`perfgate site`: a history becomes pages that link to each other and nowhere else."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from builders import make_acceptance, make_budget, make_endpoint, make_past_run, make_run
from report.samples import HOSTILE
from report.test_report_page import Reader, data_of

from perfgate import history
from perfgate.cli.app import app
from perfgate.model.errors import RecordError
from perfgate.model.outcome import Outcome
from perfgate.report.html import site
from perfgate.report.html.site import Series

KEY = ("search", "p95")


def series(runs: int = 12, name: str = "shop", branch: str = "main") -> Series:
    past = [
        make_past_run(
            n,
            run=make_run(
                n,
                branch=branch,
                name=name,
                endpoints=[make_endpoint("home", p95=0.03), make_endpoint("search", p95=0.08 + n % 4 / 100)],
            ),
        )
        for n in range(1, runs)
    ]
    newest = make_run(
        runs, branch=branch, name=name, endpoints=[make_endpoint("home", p95=0.03), make_endpoint("search", p95=0.2)]
    )
    word = make_acceptance("search", "p95") if runs > 20 else None
    last = make_past_run(run=newest, outcome=Outcome.FAIL, failed=[KEY], acceptances=[word] if word else [])
    return Series(
        name=name, branch=branch, runs=(last, *reversed(past)), budgets=(make_budget("search", "p95", "150ms +10%"),)
    )


def test_every_run_has_a_page_and_every_link_leads_somewhere(tmp_path: Path):
    one = series()

    index = site.build([one], one.runs[:5], tmp_path)

    pages = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert len(pages) == 5
    for path in (index, *(tmp_path / "runs").iterdir()):
        read = Reader(path.read_text("utf-8"))
        assert read.open == []
        for link in (one["href"] for one in read.all("a")):
            parts = urlsplit(link or "")
            assert not parts.scheme + parts.netloc
            assert not parts.path or (path.parent / parts.path).is_file()


def test_the_index_has_each_branch_with_its_newest_verdict_and_limits():
    text = site.index([series(), series(branch="faster")], {})
    read = Reader(text)

    assert read.text("h2") == ["shop on main", "shop on faster"]
    drawn = data_of(text)
    assert [(one["name"], one["line"], one["failed"]) for one in drawn["endpoints"]] == [
        ("search", 0, True),
        ("home", 0, False),
        ("search", 1, True),
        ("home", 1, False),
    ]
    trend = drawn["endpoints"][0]["trends"][0]
    assert trend["metric"] == "p95"
    assert trend["values"][-1] == 0.2
    assert [(one["text"], one["value"]) for one in trend["levels"]] == [("150 ms", 0.15)]
    assert len(read.all("svg")) == 4


def test_a_run_of_the_history_says_what_failed_and_no_more():
    one = series()
    read = Reader(site.run_page(one.runs[0], one))

    assert read.text("h1") == ["FAIL: search p95"]
    assert any("keeps what was measured and what failed" in text for text in read.text("li"))
    assert "search p95 failed with 200 ms." in read.text("li")
    assert any(link["href"] == "../index.html" for link in read.all("a"))


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_inert(name: str):
    run = make_run(1, name=name, branch=name, endpoints=[make_endpoint(name)])
    past = make_past_run(
        run=run, outcome=Outcome.FAIL, failed=[(name, "p95")], acceptances=[make_acceptance(reason=name)]
    )
    one = Series(name=name, branch=name, runs=(past,))

    for text in (site.index([one], {}), site.run_page(past, one)):
        read = Reader(text)
        assert read.open == []
        assert len(read.all("script")) == 2
        assert read.all("b") + read.all("img") == []
        text.encode()


def test_the_verb_reads_the_history_and_writes_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.chdir(tmp_path)
    with history.open("sqlite:///h.db", root=tmp_path) as store:
        store.save_all([*series(4).runs, make_past_run(run=make_run(9, name="other", branch="x"))])

    with pytest.raises(SystemExit) as left:
        app(["site", "--history", "sqlite:///h.db", "--output", "out", "--pages", "2"])

    assert left.value.code == 0
    assert "out/index.html" in capsys.readouterr().err
    assert len(list((tmp_path / "out" / "runs").iterdir())) == 3
    drawn = data_of(next((tmp_path / "out" / "runs").glob("*4*.html")).read_text("utf-8"))
    assert drawn["endpoints"][0]["spread"]["now"]


def test_an_empty_history_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as left:
        app(["site", "--history", "sqlite:///h.db"])

    assert left.value.code == 3
    assert "No runs are remembered yet" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_an_error_with_its_cure(tmp_path: Path):
    (tmp_path / "out").write_text("a file", encoding="utf-8")

    with pytest.raises(RecordError, match="Cannot write into") as caught:
        site.build([], [], tmp_path / "out")

    assert caught.value.hint.endswith("or choose another place with --output DIR.")


@pytest.mark.parametrize(
    ("outcome", "failed", "shown"),
    [
        (Outcome.PASS, [], ["pass", "pass"]),
        (Outcome.NO_BASELINE, [], ["no-baseline", "no-baseline"]),
        (Outcome.FAIL, [KEY], ["fail", "not failed"]),
    ],
)
def test_the_newest_run_of_every_endpoint_is_told(outcome: Outcome, failed: list[tuple[str, str]], shown: list[str]):
    run = make_run(1, endpoints=[make_endpoint("home"), make_endpoint("search")])
    one = Series(name="shop", branch="main", runs=(make_past_run(run=run, outcome=outcome, failed=failed),))
    page = site.index([one], {})
    told = [row.partition("</td>")[0].rpartition("data-key=")[2] for row in page.split("<tr data-panel=")[1:]]
    assert all(word.replace("-", " ") in text.lower().replace("-", " ") for word, text in zip(shown, told, strict=True))
    assert ["not failed" in text for text in told] == [word == "not failed" for word in shown]
    assert all("–" not in text for text in told)
