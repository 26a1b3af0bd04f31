"""Real recordings of a shop, judged by the gate: a history made of files, a run in it, an A/B test; and k6 itself.

`recorded/` has runs of one small shop on one machine: unchanged and calm (aa-041 to 061), unchanged while other programs
worked on the same cores (aa-003), with an endpoint that fails now and then (b-orders100), and two servers side by side
of which one does 20 % more work in `search` (duet-ab).
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

import forked
import pytest
from projects import ENVIRONMENT, Project
from servers import answering, serving
from services import needs

RECORDED = Path(__file__).parent / "recorded"
CALM = ("041", "043", "045", "047", "049", "051", "053", "055", "057", "059")
BUDGETS = """
version: 1
name: shop
target: http://127.0.0.1:1
load: {rate: 100/s, warmup: 2s, duration: 15s}
defaults:
  budget: {p95: 500ms +10%, p50: +10%, errors: +1pp}
endpoints:
  product: {request: "GET /products/{id}", with: {id: {between: [1, 500]}}}
  products: {request: GET /products}
  search: {request: GET /search}
  orders: {request: POST /orders}
gate: {floor: {time: 0.05ms}}
"""


def recording(name: str) -> str:
    return str(RECORDED / f"{name}.csv.gz")


def slower(name: str, endpoint: str, factor: float, path: Path) -> Path:
    """A copy in which one endpoint takes `factor` times as long."""
    with gzip.open(recording(name), "rt", newline="") as old, path.open("w", newline="") as new:
        rows = csv.DictReader(old)
        written = csv.DictWriter(new, rows.fieldnames or ())
        written.writeheader()
        for row in rows:
            row["ms"] = str(float(row["ms"]) * (factor if row["endpoint"] == endpoint else 1))
            written.writerow(row)
    return path


def imported(project: Project, file: str | Path, run: str, *options: str) -> Path:
    done = project.perfgate("import", str(file), "--out", run, *options)
    assert done.returncode == 0, done.stderr
    return project.folder / run


def judged(project: Project, run: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    """Exit code and findings."""
    done = project.perfgate("gate", run)
    assert done.returncode in (0, 1), done.stderr
    verdict = json.loads((project.folder / run / "verdict.json").read_text())
    return done.returncode, {(one["endpoint"], one["metric"]): one for one in verdict["findings"]}


@pytest.fixture(scope="module")
def remembered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A history of ten calm runs, made of their files."""
    project = Project(tmp_path_factory.mktemp("remembered"))
    project.write(BUDGETS)
    for number, name in enumerate(CALM):
        imported(project, recording(f"aa-{name}"), name, "--started", f"2026-01-{number + 1:02}T10:00:00Z")
        done = project.perfgate("history", "add", name, "--branch", "main")
        assert done.returncode == 0, done.stderr
        assert "Added run 202601" in done.stdout
        assert "outcome fail" not in done.stdout
    return project


def test_an_unchanged_run_is_no_alarm_calm_or_stormy(remembered: Project):
    for name in ("aa-061", "aa-003"):
        imported(remembered, recording(name), name, "--started", "2026-02-01T10:00:00Z")
        code, findings = judged(remembered, name)

        assert code == 0
        assert {one["baseline_runs"] for one in findings.values()} == {10}
        assert not [key for key, one in findings.items() if one["outcome"] in ("fail", "no-data", "no-baseline")]


def test_a_slower_endpoint_is_found_and_the_others_are_not_blamed(remembered: Project):
    path = slower("aa-061", "search", 1.6, remembered.folder / "slower.csv")
    imported(remembered, path, "slower", "--started", "2026-02-01T10:00:00Z")
    code, findings = judged(remembered, "slower")

    assert code == 1
    assert findings["search", "p50"]["outcome"] == "fail"
    assert 0.3 < findings["search", "p50"]["change"] < 0.9
    assert {key[0] for key, one in findings.items() if one["outcome"] == "fail"} == {"search"}
    assert "slower.csv, which has no runner probe" in remembered.perfgate("report", "slower").stdout


def test_errors_of_a_recording_are_found(remembered: Project):
    imported(remembered, recording("b-orders100-001"), "failing", "--started", "2026-02-01T10:00:00Z")
    code, findings = judged(remembered, "failing")

    assert (code, findings["orders", "errors"]["outcome"]) == (1, "fail")
    assert "status: 500" in findings["orders", "errors"]["sentence"]


def test_judging_leaves_the_history_as_it_is(remembered: Project):
    before = remembered.perfgate("history", "list").stdout
    imported(remembered, recording("aa-061"), "again", "--started", "2026-02-01T10:00:00Z")
    judged(remembered, "again")

    assert remembered.perfgate("history", "list").stdout == before


def test_the_same_recording_counts_once(remembered: Project):
    imported(remembered, recording("aa-041"), "twice", "--started", "2026-01-01T10:00:00Z")

    done = remembered.perfgate("history", "add", "twice", "--branch", "main")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Already there: run ")
    assert remembered.perfgate("history", "list").stdout.count("2026-01-01") == 1


def test_two_arms_are_compared_with_each_other(project: Project):
    project.write(BUDGETS)
    run = imported(project, recording("duet-ab-request-1"), "duet")
    data = json.loads((run / "run.json").read_text())
    code, findings = judged(project, "duet")

    assert [arm["name"] for arm in data["arms"]] == ["base", "head"]
    assert {one["compared"] for one in findings.values()} == {"base"}
    assert findings["search", "p50"]["interval"][0] > 0  # it does have 20 % more work
    assert findings["products", "p50"]["outcome"] == "pass"
    assert code == (1 if findings["search", "p50"]["outcome"] == "fail" else 0)


def test_an_outcome_may_be_given(project: Project):
    project.write(BUDGETS)
    imported(project, recording("aa-041"), "run", "--branch", "release", "--commit", "c0ffee")

    assert project.perfgate("history", "add", "run", "--outcome", "fine").returncode == 2
    assert "outcome pass" in project.perfgate("history", "add", "run", "--outcome", "pass").stdout
    stored = json.loads(project.perfgate("history", "show", "latest").stdout)
    assert (stored["outcome"], stored["run"]["branch"], stored["run"]["commit"]) == ("pass", "release", "c0ffee")
    assert stored["run"]["endpoints"][0]["latency"]["buckets"]  # `show` has everything


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nothing.csv"], 2, "There is no file nothing.csv"),
        (["."], 3, "Cannot read ."),
        (["bad.csv"], 2, "bad.csv:3: ms is 'fast'; milliseconds expected"),
        (["bad.csv", "--format", "jmeter"], 2, "Known: k6, k6-csv"),
        (["bad.csv", "--skip", "soon"], 2, "not a duration"),
        (["bad.csv", "--started", "yesterday"], 2, "2026-01-31T12:00:00Z"),
        (["bad.csv", "--budget", "none.yaml"], 2, "none.yaml"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(project: Project, arguments: list[str], code: int, said: str):
    project.write(BUDGETS)
    project.write("t,endpoint,ms,status\n0,search,1,200\n1,search,fast,200\n", "bad.csv")

    done = project.perfgate("import", *arguments, "--out", "run")

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project.folder / "run").exists()


def test_what_another_tool_sent_comes_by_stdin_and_needs_no_load_in_the_budget_file(project: Project):
    project.write("".join(line for line in BUDGETS.splitlines(keepends=True) if not line.startswith("load:")))
    text = gzip.decompress(Path(recording("aa-041")).read_bytes()).decode()

    done = forked.perfgate("import", "-", "--out", "run", cwd=project.folder, env=ENVIRONMENT, stdin=text)

    assert done.returncode == 0, done.stderr
    assert json.loads((project.folder / "run" / "run.json").read_text())["endpoints"][0]["requests"] == 715
    assert judged(project, "run")[1]["search", "p95"]["criteria"][0]["outcome"] == "pass"
    assert "`load` is missing" in project.perfgate("run", "--out", "sent").stderr


@pytest.mark.needs("k6")
def test_k6_itself(project: Project):
    with serving(answering(200)) as (url, _):
        project.write(
            f"import http from 'k6/http';\nexport const options = {{vus: 2, iterations: 40}};\n"
            f"export default function () {{ http.get(`{url}/products/${{__ITER}}`); http.get('{url}/search', "
            "{tags: {name: 'search'}}); }\n",
            "script.js",
        )
        project.write(BUDGETS)
        subprocess.run(
            [needs.program("k6"), "run", "--quiet", "--no-usage-report", "--out", "json=k6.json", "script.js"],
            cwd=project.folder,
            env=ENVIRONMENT,
            check=True,
            capture_output=True,
            timeout=60,
        )

    run = imported(project, "k6.json", "run")

    data = json.loads((run / "run.json").read_text())
    assert [(one["name"], one["requests"], one["failures"]) for one in data["endpoints"]][:3] == [
        ("product", 40, 0),
        ("products", 0, 0),
        ("search", 40, 0),
    ]
    assert data["conditions"]["latency"].startswith("k6 http_req_duration")
    assert project.perfgate("gate", "run").returncode == 3  # products and orders were never sent: no data never passes
