"""Tells verdicts by `perfgate publish`, gathers the step's outputs, and packs what a second workflow may need."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from results import COULD_NOT, OUTCOMES, Result, in_repository
from runner import commands_stopped, history, note, option, output, perfgate, say, start, word

PARCEL = "perfgate-runs.json"
NOT_MEASURED = "not-measured.json"
PATIENCE = 900  # seconds for telling one verdict
COMMANDS = ("::error ", "::warning ", "::notice ")


def tell(results: Sequence[Result]) -> None:
    """Each on its own: what keeps one from being told keeps no other, and changes no verdict."""
    for result in results:
        with unfailing(f"The verdict on {result.budget}"):
            result.comment_url = told(result)
    with unfailing("The measurements for the second workflow"):
        output({"parcel": str(parcel(results) or "")})
    output(reporting_outputs(results))


@contextmanager
def unfailing(what: str) -> Iterator[None]:
    """The verdict stands, whatever becomes of reporting it."""
    try:
        yield
    except Exception:  # noqa: BLE001
        with commands_stopped():
            traceback.print_exc(file=sys.stdout)
        note(f"{what} could not be told: the log of this step says why. It stands.")


def told(result: Result) -> str:
    """The comment's address, if there is one."""
    if result.outcome == "error":
        note(f"perfgate could not judge {result.budget} (exit code {result.code}). The log says why.", "error")
        is_noted = (result.folder / NOT_MEASURED).is_file()  # a comment may still show an older verdict as current
        return tell_one(result) if is_noted else ""
    if provisional(result):
        say(f"{result.budget} failed. That is for a later job to confirm, and is told then.")
        return ""
    return tell_one(result)


def provisional(result: Result) -> bool:
    return result.outcome == "fail" and word("provisional") == "true"


def tell_one(result: Result) -> str:
    """The comment's address, if there is one."""
    with tempfile.TemporaryDirectory() as scratch:
        outputs = Path(scratch) / "outputs"
        publish(result.budget, [str(result.folder), "--to", "github"], {"GITHUB_OUTPUT": str(outputs)})
        return said_in(outputs, "comment-url")


def tell_pull_request(budget: Path) -> int:
    """The exit code: of a pull request's artifact that is not what it should be."""
    return publish(budget, ["--from-workflow-run"], {})


def publish(budget: Path, what: Sequence[str], environ: Mapping[str, str]) -> int:
    """Its stdout is commands to the runner, made by perfgate; the rest of what it says may quote others."""
    command = [*perfgate("publish", budget), *what, *publish_options()]
    try:
        known = {**os.environ, **history(budget), **environ}
        with start(command, known, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                stdout, stderr = process.communicate(timeout=PATIENCE)
            except BaseException:
                process.kill()
                raise
    except (OSError, subprocess.TimeoutExpired) as error:
        note(f"The verdict on {budget} could not be told: {type(error).__name__}. It stands.")
        return COULD_NOT
    with commands_stopped():
        sys.stdout.write(stderr)
    for line in stdout.splitlines():
        if line.startswith(COMMANDS):
            print(line, flush=True)
    if process.returncode:
        note(f"The verdict on {budget} could not be told (exit code {process.returncode}). It stands.")
    return process.returncode if process.returncode >= 0 else COULD_NOT


def publish_options() -> Iterator[str]:
    yield from option("--comment", word("comment"))
    yield from option("--charts", word("charts"))
    yield from option("--topic", word("topic"))
    for name in ("check", "status", "issue"):
        if word(name) == "true":
            yield f"--{name}"
    for name in ("summary", "annotations"):
        if word(name) == "false":
            yield f"--no-{name}"


def said_in(outputs: Path, name: str) -> str:
    text = outputs.read_text(encoding="utf-8") if outputs.exists() else ""
    found = re.search(rf"^{re.escape(name)}<<(\S+)\n(.*?)\n\1$", text, re.MULTILINE | re.DOTALL)
    return found[2].strip() if found else ""


def verdict_outputs(results: Sequence[Result]) -> dict[str, str]:
    """What is known before anything is told; paths only of what is there."""
    worst = worst_of(results)
    return {
        "verdict": worst.outcome,
        "failed-count": str(sum(one.failed for one in results)),
        "report-json": first_file(worst.folder / "verdict.json"),
        "report-html": first_file(worst.folder / "report.html", worst.folder / "report.md"),
        "json": json.dumps([in_short(one) for one in results]),
    }


def reporting_outputs(results: Sequence[Result]) -> dict[str, str]:
    """What came of telling."""
    first = [worst_of(results), *results]
    return {
        "comment-url": next((one.comment_url for one in first if one.comment_url), ""),
        "comment-file": first_file(*(one.folder / "comment.md" for one in first)),
        "json": json.dumps([in_short(one) for one in results]),
    }


def worst_of(results: Sequence[Result]) -> Result:
    return min(results, key=lambda one: OUTCOMES.index(one.outcome))


def first_file(*paths: Path) -> str:
    return next((str(path) for path in paths if path.is_file()), "")


def in_short(result: Result) -> dict[str, Any]:
    return {
        "budget": str(result.budget),
        "outcome": result.outcome,
        "failed": result.failed,
        "exit-code": result.code,
        "folder": str(result.folder),
        "comment-url": result.comment_url,
    }


def parcel(results: Sequence[Result]) -> Path | None:
    """What the second workflow needs where this one's token may only read: figures, and no words."""
    judged = [one for one in results if one.outcome != "error" and not provisional(one)]
    if os.environ.get("GITHUB_EVENT_NAME") != "pull_request" or not judged:
        return None
    path = Path(tempfile.mkdtemp(prefix="perfgate-parcel-", dir=os.environ.get("RUNNER_TEMP"))) / PARCEL
    path.write_text(json.dumps({"schema": 1, "runs": list(map(measured, judged))}), encoding="utf-8")
    return path


def measured(result: Result) -> dict[str, Any]:
    runs = {"run": result.folder, **({"earlier": result.earlier} if result.earlier else {})}
    figures = {name: json.loads((folder / "run.json").read_bytes()) for name, folder in runs.items()}
    return {"budget": in_repository(result.budget), **figures}
