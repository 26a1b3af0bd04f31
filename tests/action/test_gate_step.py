"""The action's own decisions, with a stand-in for perfgate that says what the test wants: no load, so no minutes."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from action.interpreter import Job, clean, commands
from action.workplace import ROOT

STAND_IN = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path

verb, options = sys.argv[1], sys.argv[2:]
if verb == "--version":
    sys.exit()
asked = {{"verb": verb, "options": options, "environ": dict(os.environ)}}
with open(os.environ["STAND_IN_LOG"], "a") as log:
    log.write(json.dumps(asked) + "\\n")
budget = options[options.index("--budget") + 1]
said = json.loads(Path(budget).read_text().splitlines()[-1].removeprefix("#"))
if verb == "run":
    folder = Path(options[options.index("--out") + 1])
    folder.mkdir(parents=True)
    print(said.get("prints", ""))
    if "reason" in said:
        (folder / "not-measured.json").write_text(json.dumps(said["reason"]))
    if "outcome" in said:
        findings = [{{"outcome": said["outcome"]}}]
        (folder / "verdict.json").write_text(json.dumps({{"outcome": said["outcome"], "findings": findings}}))
        (folder / "run.json").write_text(said.get("run", "{{}}"))
        (folder / "report.md").write_text("told")
    sys.exit(said["code"])
print(said.get("commands", ""))
print(said.get("prints", ""), file=sys.stderr)
Path(os.environ["GITHUB_OUTPUT"]).write_text("comment-url<<END\\nhttps://github.example/1\\nEND\\n")
sys.exit(said.get("publish", 0))
"""


class Place:
    def __init__(self, folder: Path, **environ: str) -> None:
        self.workspace = folder / "work"
        self.temp = folder / "temp"
        self.log = folder / "asked"
        program = folder / "bin" / "perfgate"
        for path in (self.workspace, self.temp, program.parent):
            path.mkdir()
        program.write_text(STAND_IN)
        program.chmod(0o755)
        path = os.pathsep.join([str(program.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environ = {**clean(), "PATH": path, "STAND_IN_LOG": str(self.log), **environ}

    def budget(self, name: str = "budgets.yaml", *, text: str = "version: 1", **says: Any) -> None:
        path = self.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n#{json.dumps(says)}")

    def run(self, **inputs: str) -> Job:
        job = Job(action=ROOT, workspace=self.workspace, temp=self.temp, environ=self.environ, token="ghs_secret")
        return job.run(install="false", **inputs)

    def asked(self, verb: str) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [one for one in map(json.loads, lines) if one["verb"] == verb]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("code", "outcome", "inputs", "expected", "verdict"),
    [
        (0, "pass", {}, "success", "pass"),
        (1, "fail", {}, "failure", "fail"),
        (1, "fail", {"fail_on": "never"}, "success", "fail"),
        (1, "fail", {"provisional": "true"}, "success", "fail"),
        (0, "inconclusive", {}, "success", "inconclusive"),
        (0, "inconclusive", {"fail_on": "inconclusive"}, "failure", "inconclusive"),
        (1, "fail", {"fail_on": "inconclusive"}, "failure", "fail"),
        (4, "inconclusive", {}, "failure", "inconclusive"),
        (4, "inconclusive", {"fail_on": "never"}, "success", "inconclusive"),
        (3, "no-data", {"fail_on": "never"}, "failure", "no-data"),
        (3, None, {"provisional": "true"}, "failure", "error"),
        (2, None, {"fail_on": "never"}, "failure", "error"),
        (0, None, {}, "failure", "error"),  # no verdict, whatever the exit code says
        (130, None, {"fail_on": "never"}, "failure", "error"),
        (0, "strange", {}, "failure", "error"),
    ],
)
def test_what_becomes_of_the_step(
    place: Place, code: int, outcome: str | None, inputs: dict[str, str], expected: str, verdict: str
):
    place.budget(code=code, **({"outcome": outcome} if outcome else {}))

    job = place.run(**inputs)

    assert (job.outcome, job.outputs["verdict"]) == (expected, verdict), job.log


@pytest.mark.parametrize(("code", "outcome", "expected"), [(0, "pass", "success"), (1, "fail", "failure")])
@pytest.mark.parametrize("trouble", [{"publish": 3}, {"run": "not JSON"}, {"publish": 1}])
def test_reporting_that_breaks_neither_fails_nor_saves_a_build(
    tmp_path: Path, code: int, outcome: str, expected: str, trouble: dict[str, Any]
):
    place = Place(tmp_path, GITHUB_EVENT_NAME="pull_request")
    place.budget(code=code, outcome=outcome, **trouble)

    job = place.run()

    assert job.outcome == expected, job.log
    assert any("It stands" in line for line in commands(job.log) if line.startswith("::warning"))
    assert "could not be told" in job.summary


def test_a_perfgate_that_is_not_there_is_no_pass(tmp_path: Path):
    place = Place(tmp_path)
    place.budget(code=0, outcome="pass")
    place.environ["PATH"] = "/usr/bin:/bin"

    job = place.run()

    assert job.outcome == "failure"
    assert next(step for step in job.steps if step.name == "Verdict").outcome == "failure"


def test_the_worst_budget_file_decides_and_each_is_told(place: Place):
    place.budget("services/api/budgets.yaml", code=0, outcome="pass")
    place.budget("services/web/budgets.yaml", code=1, outcome="fail")
    place.budget("other.yaml", code=4, outcome="inconclusive")

    job = place.run(budget="services/*/budgets.yaml\n\nother.yaml\nservices/api/budgets.yaml\n")

    assert (job.outcome, job.outputs["verdict"], job.outputs["failed-count"]) == ("failure", "fail", "1")
    told = json.loads(job.outputs["json"])
    assert [(one["budget"], one["outcome"]) for one in told] == [
        ("services/api/budgets.yaml", "pass"),
        ("services/web/budgets.yaml", "fail"),
        ("other.yaml", "inconclusive"),
    ]
    assert len({one["folder"] for one in told}) == len(place.asked("publish")) == 3
    assert "services~web~budgets.yaml" in job.outputs["report-json"]
    assert job.outputs["report-html"].endswith("report.md")


def test_the_reports_are_where_one_wants_them(place: Place, tmp_path: Path):
    place.budget(code=0, outcome="pass")

    job = place.run(report_dir=str(tmp_path / "reports"))

    assert job.outputs["report-dir"] == str(tmp_path / "reports")
    assert job.outputs["report-json"] == str(tmp_path / "reports" / "budgets.yaml" / "verdict.json")
    assert job.outputs["comment-file"] == ""


@pytest.mark.parametrize("inputs", [{"budget": "nowhere/*.yaml"}, {"args": "--only 'search"}, {"confirm": "nothing"}])
def test_wrong_inputs_are_said_and_fail(place: Place, inputs: dict[str, str]):
    place.budget(code=0, outcome="pass")

    job = place.run(**inputs)

    assert (job.outcome, job.outputs["verdict"]) == ("failure", "error")
    assert any(line.startswith("::error title=perfgate::") for line in commands(job.log))
    assert place.asked("run") == []


def test_options_reach_perfgate(place: Place):
    place.budget(code=0, outcome="pass")

    place.run(
        target="http://127.0.0.1:1",
        base_ref="main",
        history="sqlite:///h.db",
        save="false",
        args="--only 'list products' --processes 2",
        comment="failures",
        charts="text",
        check="true",
        status="true",
        issue="true",
        when="always",
        summary="false",
        annotations="false",
        topic="preview",
    )

    (run,), (publish,) = place.asked("run"), place.asked("publish")
    assert run["options"][:4] == ["--budget", "budgets.yaml", "--history", "sqlite:///h.db"]
    assert run["options"][6:] == [
        *("--target", "http://127.0.0.1:1", "--base-ref", "main", "--no-save"),
        *("--only", "list products", "--processes", "2"),
    ]
    assert publish["options"][:4] == run["options"][:4]
    assert publish["options"][5:] == [
        *("--to", "github", "--comment", "failures", "--charts", "text", "--topic", "preview"),
        *("--check", "--status", "--issue", "--no-summary", "--no-annotations"),
    ]
    assert run["environ"]["PERFGATE_WHEN"] == "always"


@pytest.mark.parametrize(("environ", "expected"), [({}, None), ({"PERFGATE_WHEN": "changes"}, "changes")])
def test_an_input_that_says_nothing_leaves_the_environment_as_it_is(
    tmp_path: Path, environ: dict[str, str], expected: str | None
):
    place = Place(tmp_path, **environ)
    place.budget(code=0, outcome="pass")

    place.run()

    (run,), (publish,) = place.asked("run"), place.asked("publish")
    assert run["environ"].get("PERFGATE_WHEN") == expected
    assert publish["options"][publish["options"].index("--charts") + 1] == "auto"


@pytest.mark.parametrize(("says", "told"), [({"reason": "the service ended"}, 1), ({}, 0)])
def test_a_run_that_came_to_nothing_is_told_where_a_comment_is(place: Place, says: dict[str, str], told: int):
    place.budget(code=3, **says)

    job = place.run()

    assert (job.outcome, job.outputs["verdict"], job.outputs["exit-code"]) == ("failure", "error", "3")
    assert len(place.asked("publish")) == told


@pytest.mark.parametrize(
    ("text", "inputs", "environ", "expected"),
    [
        ("version: 1", {}, {}, "git:perfgate-data"),
        ("version: 1\nhistory: postgresql://db/perf", {}, {}, None),
        ("version: 1\n# history: none", {}, {}, "git:perfgate-data"),
        ("version: 1\nhistory: postgresql://db/perf", {"history": "git:other"}, {}, "git:other"),
        ("version: 1", {}, {"PERFGATE_HISTORY": "s3://bucket"}, "s3://bucket"),
    ],
)
def test_where_the_history_is(
    tmp_path: Path, text: str, inputs: dict[str, str], environ: dict[str, str], expected: str | None
):
    place = Place(tmp_path, **environ)
    place.budget(text=text, code=0, outcome="pass")

    place.run(**inputs)

    options = place.asked("run")[0]["options"]
    assert (options[options.index("--history") + 1] if "--history" in options else None) == expected


def test_the_load_gets_none_of_the_runners_files(place: Place):
    place.budget(code=0, outcome="pass")

    place.run()

    environ = place.asked("run")[0]["environ"]
    assert [
        name for name in environ if name.startswith("GITHUB_") and name.endswith(("OUTPUT", "ENV", "PATH", "SUMMARY"))
    ] == ["GITHUB_ACTION_PATH"]
    assert "GITHUB_TOKEN" not in environ
    assert environ["PERFGATE_GITHUB_TOKEN"] == "ghs_secret"  # perfgate keeps it to itself


def test_what_others_print_is_no_command(place: Place):
    evil = "::error::pwned\n::set-output name=verdict::pass\n::stop-commands::x\n::add-mask::a"
    place.budget(
        code=1,
        outcome="fail",
        prints=evil,
        commands="::error file=budgets.yaml,line=3,title=search::slow\n::add-mask::everything\n::set-env name=A::b",
    )

    job = place.run()

    assert commands(job.log) == ["::error file=budgets.yaml,line=3,title=search::slow"]
    assert job.outputs["verdict"] == "fail"


def test_a_budget_file_with_an_evil_name_is_a_name(place: Place):
    name = "evil\n::error::pwned`$(touch owned)"
    place.budget(f"{name}.yaml", code=3)

    job = place.run(budget="evil*.yaml")

    assert job.outcome == "failure"
    assert [
        line for line in commands(job.log) if "pwned" in line and not line.startswith("::error title=perfgate::")
    ] == []
    assert not (place.workspace / "owned").exists()
    assert json.loads(job.outputs["json"])[0]["budget"] == f"{name}.yaml"


def test_only_failures_are_confirmed(place: Place, tmp_path: Path):
    for name, outcome in (("a.yaml", "fail"), ("b.yaml", "pass")):
        place.budget(name, code=0, outcome="pass")
        (tmp_path / "first" / name).mkdir(parents=True)
        (tmp_path / "first" / name / "verdict.json").write_text(json.dumps({"outcome": outcome, "findings": []}))

    job = place.run(budget="*.yaml", confirm=str(tmp_path / "first"))

    (run,) = place.asked("run")
    assert job.outcome == "success"
    assert run["options"][run["options"].index("--confirm") + 1] == str(tmp_path / "first" / "a.yaml")


def test_the_installation_has_a_key_and_a_place_of_its_own(tmp_path: Path):
    """What decides what is installed decides the key; nothing is installed here."""
    sys.path.insert(0, str(ROOT / "action"))
    try:
        import install
    finally:
        sys.path.pop(0)
    environ = dict(os.environ)
    try:
        os.environ.update(RUNNER_TEMP=str(tmp_path), INPUT_VERSION="", INPUT_EXTRAS="")
        own = install.key()
        assert install.wanted()[-1] == str(ROOT)
        os.environ["INPUT_EXTRAS"] = "demo"
        with_extras = install.key()
        assert install.wanted()[-1] == f"{ROOT}[demo]"
        os.environ["INPUT_VERSION"] = "0.1.0"
        assert install.wanted()[-1] == "perfgate[demo]==0.1.0"
        assert len({own, with_extras, install.key()}) == 3
        assert install.folder() == tmp_path / "perfgate-action-environment"
    finally:
        os.environ.clear()
        os.environ.update(environ)


@pytest.mark.parametrize(
    ("event", "environ", "inputs", "expected"),
    [
        ("pull_request", {}, {}, "auto"),
        ("push", {}, {}, None),
        ("merge_group", {}, {}, None),
        ("pull_request", {}, {"target": "http://127.0.0.1:1"}, None),
        ("pull_request", {"PERFGATE_BASE": "http://127.0.0.1:1"}, {}, None),
        ("pull_request", {"PERFGATE_BASE_REF": "stable"}, {}, None),
        ("pull_request", {}, {"base_ref": ""}, None),
        ("push", {}, {"base_ref": "v1"}, "v1"),
    ],
)
def test_pull_requests_are_compared_with_what_they_want_to_enter(
    tmp_path: Path, event: str, environ: dict[str, str], inputs: dict[str, str], expected: str | None
):
    place = Place(tmp_path, GITHUB_EVENT_NAME=event, **environ)
    place.budget(code=0, outcome="pass")

    place.run(**inputs)

    (run,) = place.asked("run")
    options = run["options"]
    assert (options[options.index("--base-ref") + 1] if "--base-ref" in options else None) == expected
