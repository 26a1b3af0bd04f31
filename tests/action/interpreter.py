"""Runs the steps of a composite action as a runner does: files for outputs and summary, bash, `if:` and `env:`.

Steps that use other actions have stand-ins, which say so in the log; there is no network.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from action.expressions import condition, fill

RUNNER_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]


@dataclass
class Step:
    """What became of a step."""

    name: str
    outcome: str = "skipped"  # success, failure, skipped
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """One use of an action. `environ` is the runner's, without the files; `workspace` the checkout."""

    action: Path  # folder of action.yml
    workspace: Path
    temp: Path  # RUNNER_TEMP
    environ: Mapping[str, str]
    steps: list[Step] = field(default_factory=list)
    artifacts: dict[str, bytes] = field(default_factory=dict)  # zip files by name
    cache: dict[str, str] = field(default_factory=dict)  # key -> path
    token: str = ""

    def run(self, **inputs: str) -> Job:
        """Inputs with `_` for `-`."""
        document = yaml.safe_load((self.action / "action.yml").read_text(encoding="utf-8"))
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        assert set(given) <= set(document["inputs"]), f"no such inputs: {set(given) - set(document['inputs'])}"
        github = {"token": self.token, "event_name": self.environ.get("GITHUB_EVENT_NAME")}
        self.contexts: dict[str, Any] = {"github": github, "steps": {}, "runner": {"temp": str(self.temp)}}
        defaults = {name: fill(one.get("default", ""), self.contexts) for name, one in document["inputs"].items()}
        self.contexts["inputs"] = defaults | given
        failed = False
        for number, step in enumerate(document["runs"]["steps"]):
            done = self._step(step, number, failed=failed)
            failed = failed or (done.outcome == "failure" and not step.get("continue-on-error"))
        self.outcome = "failure" if failed else "success"
        self.outputs = {name: fill(one["value"], self.contexts) for name, one in document["outputs"].items()}
        return self

    @property
    def log(self) -> str:
        return "\n".join(f"--- {step.name}: {step.outcome}\n{step.log}" for step in self.steps)

    @property
    def summary(self) -> str:
        return "".join(path.read_text() for path in sorted(self.temp.glob("*-GITHUB_STEP_SUMMARY")))

    def _step(self, step: Mapping[str, Any], number: int, *, failed: bool) -> Step:
        done = Step(step["name"])
        self.steps.append(done)
        if condition(str(step.get("if", "true")), self.contexts, failed=failed):
            if "uses" in step:
                self._uses(step, done)
            else:
                self._runs(step, done, number)
        if "id" in step:
            self.contexts["steps"][step["id"]] = {"outputs": done.outputs, "outcome": done.outcome}
        return done

    def _runs(self, step: Mapping[str, Any], done: Step, number: int) -> None:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "inputs belong into env:"
        files = {name: str(self.temp / f"{number:02d}-{name}") for name in RUNNER_FILES}
        for path in files.values():
            Path(path).touch()
        script = self.temp / f"{number:02d}-script.sh"
        script.write_text(step["run"])
        own = {name: fill(value, self.contexts) for name, value in step.get("env", {}).items()}
        finished = subprocess.run(
            [*BASH, str(script)],
            cwd=self.workspace / fill(step.get("working-directory", "."), self.contexts),
            env={
                **self.environ,
                "GITHUB_ACTION_PATH": str(self.action),
                "GITHUB_WORKSPACE": str(self.workspace),
                "RUNNER_TEMP": str(self.temp),
                **files,
                **own,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=180,
            check=False,
        )
        done.log = finished.stdout
        done.outcome = "success" if finished.returncode == 0 else "failure"
        done.outputs = read_outputs(Path(files["GITHUB_OUTPUT"]).read_text())

    def _uses(self, step: Mapping[str, Any], done: Step) -> None:
        name = re.sub(r"@[0-9a-f]{40}$", "", step["uses"])
        assert name != step["uses"], f"{step['uses']} is not pinned by its commit"
        options = {key: fill(value, self.contexts) for key, value in step.get("with", {}).items()}
        done.log = f"stand-in for {name}: {options}"
        done.outcome, done.outputs = "success", STAND_INS[name](self, options) or {}


def _setup_python(job: Job, options: Mapping[str, str]) -> dict[str, str]:
    return {"python-path": sys.executable}


def _restore(job: Job, options: Mapping[str, str]) -> dict[str, str]:
    return {"cache-hit": str(job.cache.get(options["key"]) == options["path"]).lower()}


def _save(job: Job, options: Mapping[str, str]) -> None:
    job.cache[options["key"]] = options["path"]


def _upload(job: Job, options: Mapping[str, str]) -> None:
    """A folder's content, or one file, at the top of the zip file; as the real one does."""
    root, packed = Path(options["path"]), io.BytesIO()
    files = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.name if path == root else path.relative_to(root))
    assert options["name"] not in job.artifacts, "names of artifacts are unique"
    job.artifacts[options["name"]] = packed.getvalue()


STAND_INS: dict[str, Callable[[Job, Mapping[str, str]], dict[str, str] | None]] = {
    "actions/setup-python": _setup_python,
    "actions/cache/restore": _restore,
    "actions/cache/save": _save,
    "actions/upload-artifact": _upload,
}


def read_outputs(text: str) -> dict[str, str]:
    """Both forms of the file: NAME=VALUE, and NAME<<END with several lines."""
    outputs, lines = {}, text.split("\n")
    while lines:
        line = lines.pop(0)
        if found := re.fullmatch(r"([\w-]+)<<(.+)", line):
            value = []
            while lines[0] != found[2]:
                value.append(lines.pop(0))
            lines.pop(0)
            outputs[found[1]] = "\n".join(value)
        elif line:
            name, equals, value_of = line.partition("=")
            assert equals, f"the runner does not understand {line!r}"
            outputs[name] = value_of
    return outputs


def commands(log: str) -> list[str]:
    """The lines that a runner takes for commands: not those between ::stop-commands::WORD and ::WORD::."""
    found, word = [], ""
    for line in log.splitlines():
        if word:
            word = "" if line.strip() == f"::{word}::" else word
        elif line.startswith("::stop-commands::"):
            word = line.removeprefix("::stop-commands::").strip()
        elif line.startswith("::"):
            found.append(line)
    return found


def clean(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """An environment without traces of a CI service that may run these tests."""
    own = ("PERFGATE_", "GITHUB_", "GITLAB_", "CI_", "LOCUST_", "INPUT_", "RUNNER_")
    return {name: value for name, value in environ.items() if not name.startswith(own) and name != "CI"}
