"""The action's own decisions, with a stand-in for perfgate that says what the test wants: no load, so no minutes."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from action.interpreter import Job, clean, commands, read_outputs
from action.workplace import ROOT

STAND_IN = f"""#!{sys.executable}
import json, os, sys
from pathlib import Path

verb, options = sys.argv[1], sys.argv[2:]
if verb == "--version":
    sys.exit()
secret = {{}}
if pipe := os.environ.get("PERFGATE_SECRETS_FD"):
    with open(int(pipe)) as file:
        secret = json.load(file)
asked = {{"verb": verb, "options": options, "environ": dict(os.environ), "secret": secret}}
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
if said.get("kills") == "parent":
    os.kill(os.getppid(), 9)
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

    def run(self, action: Path = ROOT, **inputs: str) -> Job:
        job = Job(action=action, workspace=self.workspace, temp=self.temp, environ=self.environ, token="ghs_secret")
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
        (4, "inconclusive", {"provisional": "true"}, "failure", "inconclusive"),  # nobody would confirm it
        (0, "inconclusive", {"fail_on": "inconclusive", "provisional": "true"}, "failure", "inconclusive"),
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


def test_the_action_works_by_its_second_path_too(place: Place):
    place.budget(code=1, outcome="fail")

    job = place.run(action=ROOT / "action")

    assert (job.outcome, job.outputs["verdict"]) == ("failure", "fail"), job.log
    assert place.asked("run")[0]["secret"]["PERFGATE_GITHUB_TOKEN"] == "ghs_secret"


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


@pytest.mark.parametrize(
    ("others", "inputs", "expected"),
    [
        ({"code": 4, "outcome": "inconclusive"}, {}, "failure"),
        ({"code": 0, "outcome": "inconclusive"}, {"fail_on": "inconclusive"}, "failure"),
        ({"code": 0, "outcome": "inconclusive"}, {}, "success"),
        ({"code": 0, "outcome": "pass"}, {}, "success"),
    ],
)
def test_a_provisional_failure_hides_no_other_budget_file(
    place: Place, others: dict[str, Any], inputs: dict[str, str], expected: str
):
    place.budget("a.yaml", code=1, outcome="fail")
    place.budget("b.yaml", **others)

    job = place.run(budget="*.yaml", provisional="true", **inputs)

    assert (job.outcome, job.outputs["verdict"]) == (expected, "fail"), job.log


def test_the_verdict_is_known_before_anything_is_told(tmp_path: Path):
    """A job that is cancelled, or runs out of time, while it reports: what decides about a confirmation is there."""
    place = Place(tmp_path)
    place.budget("a.yaml", code=1, outcome="fail", kills="parent")
    place.budget("b.yaml", code=0, outcome="pass")

    job = place.run(budget="a.yaml\nb.yaml")

    step = next(step for step in job.steps if step.name == "Measure, judge, tell")
    assert step.outcome == "failure"
    assert (job.outcome, job.outputs["verdict"], job.outputs["failed-count"]) == ("failure", "fail", "1")
    assert job.outputs["report-json"].endswith("a.yaml/verdict.json")


def test_a_provisional_failure_has_its_verdict_even_if_reporting_breaks(tmp_path: Path):
    place = Place(tmp_path)
    place.budget("a.yaml", code=1, outcome="fail")
    place.budget("b.yaml", code=0, outcome="pass", kills="parent")

    job = place.run(budget="a.yaml\nb.yaml", provisional="true")

    assert job.outputs["verdict"] == "fail"  # so that the next job confirms it


def test_a_report_that_cannot_be_told_keeps_no_other_from_being_told(tmp_path: Path):
    place = Place(tmp_path, GITHUB_EVENT_NAME="pull_request")
    place.budget("a.yaml", code=0, outcome="pass", run="not JSON", publish=3)
    place.budget("b.yaml", code=0, outcome="pass")

    job = place.run(budget="a.yaml\nb.yaml")

    assert len(place.asked("publish")) == 2
    assert job.outputs["comment-url"]
    assert job.outputs["json"]


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
    assert run["options"][:2] == ["--budget", "budgets.yaml"]
    assert run["options"][4:] == ["--base-ref", "main", "--no-save", "--only", "list products", "--processes", "2"]
    assert run["environ"]["PERFGATE_TARGET"] == "http://127.0.0.1:1"  # everybody sees commands
    assert run["secret"]["PERFGATE_HISTORY"] == publish["secret"]["PERFGATE_HISTORY"] == "sqlite:///h.db"
    assert publish["options"][:2] == run["options"][:2]
    assert publish["options"][3:] == [
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

    (run,) = place.asked("run")
    assert run["secret"].get("PERFGATE_HISTORY") == expected
    assert "--history" not in run["options"]
    assert "PERFGATE_HISTORY" not in run["environ"]


def test_the_load_gets_none_of_the_runners_files(place: Place):
    place.budget(code=0, outcome="pass")

    place.run()

    (run,) = place.asked("run")
    environ = run["environ"]
    assert [
        name for name in environ if name.startswith("GITHUB_") and name.endswith(("OUTPUT", "ENV", "PATH", "SUMMARY"))
    ] == ["GITHUB_ACTION_PATH"]
    assert "GITHUB_TOKEN" not in environ
    assert "ghs_secret" not in repr(environ)
    assert run["secret"]["PERFGATE_GITHUB_TOKEN"] == "ghs_secret"  # perfgate keeps it to itself


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


def test_a_first_run_without_a_verdict_is_not_taken_for_confirmed(place: Place, tmp_path: Path):
    """Its failure was softened because this job would look at it again."""
    for name in ("a.yaml", "b.yaml"):
        place.budget(name, code=0, outcome="pass")
    (tmp_path / "first" / "a.yaml").mkdir(parents=True)
    (tmp_path / "first" / "a.yaml" / "verdict.json").write_text(json.dumps({"outcome": "fail", "findings": []}))

    job = place.run(budget="*.yaml", confirm=str(tmp_path / "first"))

    assert (job.outcome, job.outputs["verdict"]) == ("failure", "error")
    assert any("b.yaml" in line for line in commands(job.log) if line.startswith("::error"))


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "action"))
    monkeypatch.setenv("RUNNER_TEMP", str(tmp_path))
    for name in ("VERSION", "EXTRAS"):
        monkeypatch.setenv(f"INPUT_{name}", "")
    return importlib.import_module("install")


def test_the_installation_has_a_key_and_a_place_of_its_own(
    install: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """What decides what is installed decides both; nothing is installed here."""
    seen = [(install.key(), install.folder())]
    assert install.wanted()[-1] == str(ROOT)
    monkeypatch.setenv("INPUT_EXTRAS", "demo")
    seen.append((install.key(), install.folder()))
    assert install.wanted()[-1] == f"{ROOT}[demo]"
    monkeypatch.setenv("INPUT_VERSION", "0.1.0")
    seen.append((install.key(), install.folder()))
    assert install.wanted()[-1] == "perfgate[demo]==0.1.0"
    monkeypatch.setenv("INPUT_VERSION", "0.2.0")
    seen.append((install.key(), install.folder()))

    keys, folders = zip(*seen, strict=True)
    assert len(set(keys)) == len(set(folders)) == 4
    assert {path.parent for path in folders} == {tmp_path}


def test_one_job_uses_the_action_twice_with_different_versions(
    install: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """pip is real, what it installs is a package of this test: each use gets its own version and its own extras."""
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    used = {}
    for version, extras in (("1.0", ""), ("2.0", ""), ("2.0", "demo")):
        monkeypatch.setenv("INPUT_VERSION", version)
        monkeypatch.setenv("INPUT_EXTRAS", extras)
        monkeypatch.setattr(install, "wanted", lambda version=version, extras=extras: wheel(tmp_path, version, extras))
        assert install.install() == 0
        program = read_outputs((tmp_path / "output").read_text())["perfgate"]
        used[version, extras] = subprocess.run([program, "--version"], capture_output=True, text=True).stdout.split()

    assert used == {("1.0", ""): ["1.0"], ("2.0", ""): ["2.0"], ("2.0", "demo"): ["2.0", "demo"]}


def test_an_installation_that_was_cut_off_is_made_anew(install: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """pip had put the program there, and not yet all that it was to install."""
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setattr(install, "wanted", lambda: wheel(tmp_path, "1.0", ""))
    assert install.install() == 0
    complete = install.folder() / install.COMPLETE
    assert complete.is_file()
    complete.unlink()

    assert install.install() == 0

    assert read_outputs((tmp_path / "output").read_text())["fresh"] == "true"
    assert complete.is_file()


def wheel(folder: Path, version: str, extras: str) -> list[str]:
    """What pip is given: a package without dependencies whose program says what it is."""
    said = " ".join(filter(None, [version, extras]))
    path = folder / f"perfgate-{version}-py3-none-any.whl"
    about = f"perfgate-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("perfgate_stand_in.py", f"def main():\n    print({said!r})\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: perfgate\nVersion: {version}\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/entry_points.txt", "[console_scripts]\nperfgate = perfgate_stand_in:main\n")
        archive.writestr(f"{about}/RECORD", "")
    return ["--quiet", "--disable-pip-version-check", "--no-index", str(path)]


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
