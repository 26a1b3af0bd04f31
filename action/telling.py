"""Tells verdicts by `perfgate publish`, gathers the step's outputs, and packs what a second workflow may need."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from results import COULD_NOT, OUTCOMES, Result, in_repository
from runner import commands_stopped, note, option, output, perfgate, say, word

PARCEL = "perfgate-runs.json"
NOT_MEASURED = "not-measured.json"
PATIENCE = 900  # seconds for telling one verdict
COMMANDS = ("::error ", "::warning ", "::notice ")


def tell(results: Sequence[Result]) -> None:
    for result in results:
        if result.outcome == "error":
            note(f"perfgate could not judge {result.budget} (exit code {result.code}). The log says why.", "error")
            if (result.folder / NOT_MEASURED).is_file():  # a comment may still show an older verdict as current
                result.comment_url = tell_one(result)
        elif provisional(result):
            say(f"{result.budget} failed. That is for a later job to confirm, and is told then.")
        else:
            result.comment_url = tell_one(result)
    conclude(results)


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
    command = [*perfgate("publish", budget), *what, *wishes()]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        note(f"The verdict on {budget} could not be told: {type(error).__name__}. It stands.")
        return COULD_NOT
    with commands_stopped():
        sys.stdout.write(done.stderr)
    for line in done.stdout.splitlines():
        if line.startswith(COMMANDS):
            print(line, flush=True)
    if done.returncode:
        note(f"The verdict on {budget} could not be told (exit code {done.returncode}). It stands.")
    return done.returncode if done.returncode >= 0 else COULD_NOT


def wishes() -> Iterator[str]:
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


def conclude(results: Sequence[Result]) -> None:
    """The outputs; paths only of what is there."""
    worst = min(results, key=lambda one: OUTCOMES.index(one.outcome))
    paths = {
        "report-json": [worst.folder / "verdict.json"],
        "report-html": [worst.folder / "report.html", worst.folder / "report.md"],
        "comment-file": [one.folder / "comment.md" for one in [worst, *results]],
    }
    output(
        {
            "verdict": worst.outcome,
            "failed-count": str(sum(one.failed for one in results)),
            "comment-url": next((one.comment_url for one in [worst, *results] if one.comment_url), ""),
            "json": json.dumps([in_short(one) for one in results]),
            "parcel": str(parcel(results) or ""),
            **{name: next((str(path) for path in found if path.is_file()), "") for name, found in paths.items()},
        }
    )


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
    told = [one for one in results if one.outcome != "error" and not provisional(one)]
    if os.environ.get("GITHUB_EVENT_NAME") != "pull_request" or not told:
        return None
    path = Path(tempfile.mkdtemp(prefix="perfgate-parcel-", dir=os.environ.get("RUNNER_TEMP"))) / PARCEL
    path.write_text(json.dumps({"schema": 1, "runs": list(map(measured, told))}), encoding="utf-8")
    return path


def measured(result: Result) -> dict[str, Any]:
    runs = {"run": result.folder, **({"earlier": result.earlier} if result.earlier else {})}
    figures = {name: json.loads((folder / "run.json").read_bytes()) for name, folder in runs.items()}
    return {"budget": in_repository(result.budget), **figures}
