"""action.yml and all workflows: valid by GitHub's schemas, sound by zizmor, least permissions, in step with the rest."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from action.expressions import condition
from action.workplace import ROOT
from typer.main import get_command

from perfgate.cli.app import app

ACTION = ROOT / "action.yml"
SECOND = ROOT / "action" / "action.yml"
OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EXAMPLES = sorted((ROOT / "docs" / "workflows").glob("*.yml"))
WORKFLOWS = [*OWN, *EXAMPLES]
BIN = Path(sys.executable).parent


def load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def checked(*command: str) -> None:
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_action_is_as_github_describes_actions():
    checked("check-jsonschema", "--builtin-schema", "vendor.github-actions", str(ACTION), str(SECOND))


def test_the_workflows_are_as_github_describes_workflows():
    checked("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS))


def test_zizmor_has_nothing_to_say():
    checked("zizmor", "--offline", "--config", ".github/zizmor.yml", str(ACTION), *map(str, WORKFLOWS))


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_no_expression_is_put_into_a_script(path: Path):
    steps = steps_of(load(path))

    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_other_actions_are_pinned_by_commit_with_the_version_beside_it(path: Path):
    used = re.findall(r"uses: *(\S+)(.*)", path.read_text(encoding="utf-8"))

    foreign = [(name, rest) for name, rest in used if not name.startswith(("$/", "OWNER/perfgate"))]
    assert foreign or path.name == "performance-confirmed.yml"
    assert [n for n, rest in foreign if not re.search(r"@[0-9a-f]{40}$", n) or not re.match(r" # v\d", rest)] == []


def test_one_action_has_one_version_everywhere():
    text = "".join(path.read_text(encoding="utf-8") for path in [ACTION, *WORKFLOWS])
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"uses: *(actions/[\w-]+)\S*@(\S+)", text):
        versions.setdefault(name, set()).add(version)

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_jobs_may_do_little_and_end_in_time(path: Path):
    workflow = load(path)
    called = "workflow_call" in workflow[True]  # YAML 1.1 reads `on` as true

    assert called or workflow["permissions"] == {}
    assert called or "concurrency" in workflow
    for name, job in workflow["jobs"].items():
        assert called or "permissions" in job, name
        assert "timeout-minutes" in job or "uses" in job, name
    for step in steps_of(workflow):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_labels_and_commit_messages_can_accept_a_change(path: Path):
    """As docs/accepting.md says."""
    workflow = load(path)
    events = workflow[True]
    if "pull_request" in events:
        assert events["pull_request"]["types"] == ["opened", "synchronize", "reopened", "labeled", "unlabeled"]
    for name, job in workflow["jobs"].items():
        uses = [step.get("uses", "") for step in job.get("steps", [])]
        if "push" in events and name in ("remember", "baseline"):
            assert any(one.startswith(("$/", "OWNER/perfgate")) for one in uses)
            (checkout,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
            assert checkout["with"]["fetch-depth"] == 0


@pytest.mark.parametrize("path", [path for path in WORKFLOWS if "forks" in path.name], ids=lambda path: path.name)
def test_the_second_workflow_runs_nothing_of_the_pull_request(path: Path):
    workflow = load(path)
    (job,) = workflow["jobs"].values()

    assert job["permissions"] == {"actions": "read", "contents": "read", "pull-requests": "write"}
    assert "'success'" in job["if"]
    assert "'failure'" in job["if"]
    assert [step for step in job["steps"] if "run" in step] == []
    (checkout,) = [step for step in job["steps"] if step["uses"].startswith("actions/checkout@")]
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    (first,) = workflow[True]["workflow_run"]["workflows"]
    assert first in [load(other)["name"] for other in path.parent.glob("*.yml")]


def test_the_reusable_workflow_gives_both_jobs_the_same_inputs():
    workflow = load(ROOT / ".github" / "workflows" / "perfgate-reusable.yml")
    given = []
    for job in workflow["jobs"].values():
        (step,) = [step for step in job["steps"] if step.get("uses") == "$/action"]
        given.append({k: v for k, v in step["with"].items() if k not in ("provisional", "confirm", "artifact")})

    assert given[0] == given[1]
    assert set(given[0]) <= set(workflow[True]["workflow_call"]["inputs"])
    assert set(given[0]) <= set(load(ACTION)["inputs"])


def test_a_failure_is_confirmed_though_the_first_job_is_red_for_another_reason():
    workflow = load(ROOT / ".github" / "workflows" / "perfgate-reusable.yml")
    measured = {"measure": {"outputs": {"verdict": "fail"}, "result": "failure"}}

    wanted = workflow["jobs"]["confirm"]["if"]

    assert condition(wanted, {"needs": measured}, failed=True)
    assert not condition(wanted, {"needs": {"measure": {"outputs": {"verdict": "inconclusive"}}}}, failed=True)


def test_references_to_the_own_repository_have_a_path():
    """GitHub documents `$/path/to/dir`; a bare `$/` it does not."""
    used = {step.get("uses", "") for path in [ACTION, *WORKFLOWS] for step in steps_of(load(path))}

    own = {name for name in used if name.startswith("$")}
    assert own == {"$/action"}
    assert (ROOT / own.pop().removeprefix("$/") / "action.yml").is_file()


def test_both_paths_are_one_action():
    """`make docs` writes the second; its scripts lie beside it."""
    first, second = (load(path) for path in (ACTION, SECOND))
    scripts = [
        (step["run"], other["run"])
        for step, other in zip(first["runs"]["steps"], second["runs"]["steps"], strict=True)
        if step.get("run") != other.get("run")
    ]

    assert len(scripts) == 3
    for ours, theirs in scripts:
        name = re.findall(r"\$GITHUB_ACTION_PATH/action/(\w+\.py)", ours)
        assert name == re.findall(r"\$GITHUB_ACTION_PATH/(\w+\.py)", theirs)
        assert (SECOND.parent / name[0]).is_file()
    for document in (first, second):
        for step in document["runs"]["steps"]:
            step.pop("run", None)
    assert first == second


def test_the_token_is_in_no_shell_that_stays():
    """A shell shows in /proc what it was started with, as long as it runs."""
    steps = [step for step in steps_of(load(ACTION)) if "github-token" in str(step.get("env"))]

    assert [step["run"].startswith("exec ") for step in steps] == [True]


def test_every_input_reaches_a_step_and_every_output_comes_from_one():
    text = ACTION.read_text(encoding="utf-8")
    action = load(ACTION)
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "action").glob("*.py"))

    assert [name for name in action["inputs"] if f"${{{{ inputs.{name} }}}}" not in text and name != "install"] == []
    for name in re.findall(r"steps\.(?:gate|plan|install)\.outputs\.([\w-]+)", text):
        assert f'"{name}"' in scripts or f"{name}=" in scripts, name


def test_what_the_scripts_ask_of_perfgate_is_there():
    verbs = get_command(app).commands
    known = {
        option
        for verb in ("run", "publish")
        for one in verbs[verb].params
        for option in [*one.opts, *one.secondary_opts]
    }
    asked = set()
    for path in (ROOT / "action").glob("*.py"):
        if path.name != "install.py":  # that one talks to pip
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("--"):
                    asked.add(node.value)

    assert asked - {"--", "--no-"} <= known
    made_from_inputs = {"--check", "--status", "--issue", "--no-summary", "--no-annotations"}
    assert made_from_inputs <= known


def test_the_scripts_need_python_alone():
    """They run before anything is installed. What they share with perfgate lies beside them, and needs no more."""
    own = {path.stem for path in (ROOT / "action").glob("*.py")}
    shared = [ROOT / "perfgate" / name for name in ("ci/concealment.py", "ci/__init__.py", "__init__.py")]
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for path in [*(ROOT / "action").glob("*.py"), *shared]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert imported - own <= {*sys.stdlib_module_names, "perfgate"}
    assert not own & sys.stdlib_module_names


def test_the_documentation_has_every_input_and_output():
    page = (ROOT / "docs" / "action.md").read_text(encoding="utf-8")
    action = load(ACTION)

    for name, one in {**action["inputs"], **action["outputs"]}.items():
        assert f"| `{name}` |" in page, name
        assert one["description"] in page, name
    for name, one in action["inputs"].items():
        if one.get("default") and name != "github-token":
            assert f"| `{name}` | `{one['default']}` |" in page, name


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_mentioned(path: Path):
    assert f"workflows/{path.name}" in (ROOT / "docs" / "action.md").read_text(encoding="utf-8")


def steps_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    if "runs" in document:
        steps: list[dict[str, Any]] = document["runs"]["steps"]
        return steps
    return [step for job in document["jobs"].values() for step in job.get("steps", [])]
