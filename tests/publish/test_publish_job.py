"""What needs no token: the job's summary, outputs, annotations; and what a check run carries."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_github.server import FakeGitHub
from publish.desks import FAILED, make_announcement, opened, tell

from perfgate.model.outcome import Outcome
from perfgate.model.publication import Annotation
from perfgate.publish.github import job


def outputs(text: str) -> dict[str, str]:
    """As the runner reads them: `name<<end`, lines, `end`."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, end = line.split("<<", 1)
        value = []
        for inner in lines:
            if inner == end:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def test_outputs_cannot_end_their_own_part(tmp_path: Path):
    path = tmp_path / "output"
    hostile = "a\nverdict<<x\npass\nx\nEOF\nend-\u2028"

    job.add_outputs(path, {"verdict": "fail", "report-markdown": hostile})
    job.add_outputs(path, {"failed-count": "2"})

    written = path.read_text(encoding="utf-8")
    first = written.split("\n")
    assert first[0].startswith("verdict<<end-")
    ends = [line.split("<<")[1] for line in first if "<<end-" in line]
    assert len(set(ends)) == 3
    assert hostile in written
    assert written.count(ends[1]) == 2


def test_the_outputs_of_a_step(github: FakeGitHub, tmp_path: Path):
    _, _, known = opened(github, tmp_path, "pull-requests")

    published = tell(
        make_announcement(files={"report-markdown": "/r/report.md", "report-junit": "/r/junit.xml"}), known
    )

    assert outputs((tmp_path / "output").read_text()) == {
        "verdict": "fail",
        "failed-count": "1",
        "comment-url": published.comment_url,
        "report-markdown": "/r/report.md",
        "report-junit": "/r/junit.xml",
    }


def test_the_summary_keeps_below_one_mebibyte_with_what_others_wrote(tmp_path: Path):
    path = tmp_path / "summary.md"
    path.write_bytes(b"x" * (job.MAX_SUMMARY_BYTES - 100_000))
    announcement = make_announcement("é" * 30_000, summary="é" * 500_000)  # two bytes each

    assert job.add_summary(path, announcement)
    assert path.stat().st_size <= job.MAX_SUMMARY_BYTES
    assert path.read_text(encoding="utf-8").endswith("\n" + "é" * 30_000 + "\n")  # the shorter text fits
    assert not job.add_summary(path, announcement)


def test_a_full_or_missing_summary_is_a_warning(github: FakeGitHub, tmp_path: Path):
    _, _, known = opened(github, tmp_path, "pull-requests")
    (tmp_path / "summary.md").write_bytes(b"x" * job.MAX_SUMMARY_BYTES)

    full = tell(make_announcement(), known)
    gone = tell(make_announcement(), {**known, "GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "where.md")})

    assert "1 MiB" in full.warnings[0]
    assert "verdict stands" in gone.warnings[0]


def test_annotations_point_at_the_line_and_escape_what_they_say():
    hostile = Annotation(path="a,b:c%.yaml", line=3, serious=False, title="x::y,z", message="50 %\r\n::error::owned")
    announcement = make_announcement(annotations=(FAILED, hostile))

    assert list(job.commands(announcement)) == [
        "::error file=budgets.yaml,line=12,title=search p95::131 ms: over 120 ms",
        "::warning file=a%2Cb%3Ac%25.yaml,line=3,title=x%3A%3Ay%2Cz::50 %25%0D%0A::error::owned",
    ]


def test_ten_annotations_and_how_many_more_there_are():
    announcement = make_announcement(annotations=(FAILED,) * 12, more_annotations=30)

    lines = list(job.commands(announcement))

    assert sum(line.startswith("::error") for line in lines) == 10
    assert lines[-1] == "::notice title=perfgate%3A shop::32 more in the job summary"


def test_a_budget_without_a_line_of_its_own_is_annotated_at_the_file():
    (line,) = job.commands(make_announcement(annotations=(Annotation(**{**vars(FAILED), "line": 0}),)))

    assert line.startswith("::error file=budgets.yaml,title=")


@pytest.mark.parametrize(
    ("outcome", "blocks", "conclusion"),
    [
        (Outcome.PASS, False, "success"),
        (Outcome.IMPROVED, False, "success"),
        (Outcome.WARN, False, "neutral"),
        (Outcome.NO_BASELINE, False, "neutral"),
        (Outcome.INCONCLUSIVE, False, "neutral"),
        (Outcome.INCONCLUSIVE, True, "failure"),
        (Outcome.FAIL, True, "failure"),
        (Outcome.NO_DATA, True, "failure"),
    ],
)
def test_a_check_run_concludes(github: FakeGitHub, tmp_path: Path, outcome: Outcome, blocks: bool, conclusion: str):
    repo, pull, known = opened(github, tmp_path, "pull-requests", "checks")

    tell(make_announcement(outcome=outcome, blocks=blocks), known, check=True)

    (check,) = repo.checks
    assert (check["name"], check["head_sha"], check["conclusion"]) == ("perfgate: shop", pull.head_sha, conclusion)
    assert check["details_url"] == f"{github.server}/octo/shop/actions/runs/1001"


def test_a_check_run_of_a_verdict_that_says_little_is_not_green(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests", "checks")

    tell(make_announcement(outcome=Outcome.PASS, is_mostly_undecided=True), known, check=True)

    assert [check["conclusion"] for check in repo.checks] == ["neutral"]


def test_a_check_run_carries_at_most_fifty_annotations_and_short_texts(github: FakeGitHub, tmp_path: Path):
    repo, _, known = opened(github, tmp_path, "pull-requests", "checks", "statuses")
    announcement = make_announcement("x" * 65_000, annotations=(FAILED,) * 70, headline="y" * 5000)

    published = tell(announcement, known, check=True, status=True)

    assert published.warnings == ()
    assert len(repo.checks[0]["annotations"]) == 50
    assert repo.checks[0]["annotations"][0]["start_line"] == 12
    assert len(repo.statuses[0]["description"]) == 140
