"""The action's main step: each budget file is measured and judged, and only then told. Python alone is enough.

The gate's exit code is written down before anything is told, and nothing that goes wrong afterwards changes it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

import telling
from results import COULD_NOT, FAILED, INCONCLUSIVE, WRONG, Result, badness, read_outcome
from runner import commands_stopped, note, option, output, perfgate, say, word, words

AUTO = "auto"
PULL_REQUESTS = ("pull_request", "pull_request_target")
OTHER_BASES = ("PERFGATE_BASE_REF", "PERFGATE_BASE", "PERFGATE_TARGET")
OURS_ALONE = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")


def main() -> int:
    try:
        budgets = list(budget_files(words("budget")))
        home = report_folder()
        more = shlex.split(word("args"))
    except (ValueError, OSError) as error:
        return stop(str(error))
    if word("from-workflow-run") == "true":
        codes = [telling.tell_pull_request(budget) for budget in budgets]
        code = min(codes, key=badness)
        output({"exit-code": str(code), "gate-code": str(code)})
        return 0
    output({"report-dir": str(home)})
    results = [measured(budget, home, more) for budget in budgets if to_confirm(budget)]
    if not results:
        return stop(f"confirm: there is no failed run in {word('confirm')}")
    code = min((result.code for result in results), key=badness)
    output({"exit-code": str(exit_code(code, results)), "gate-code": str(code)})
    try:
        telling.tell(results)
    except Exception:  # noqa: BLE001 - the verdict stands, whatever becomes of the telling
        with commands_stopped():
            traceback.print_exc(file=sys.stdout)
        note("The verdict could not be told: the log of this step says why. It stands.")
    return 0


def stop(reason: str) -> int:
    note(reason, "error")
    output({"exit-code": str(WRONG), "gate-code": str(WRONG), "verdict": "error"})
    return 0


def budget_files(patterns: Sequence[str]) -> Iterator[Path]:
    """Raises ValueError for a pattern without files."""
    seen: set[Path] = set()
    for pattern in patterns or ["budgets.yaml"]:
        found = [Path(pattern)] if Path(pattern).is_file() else sorted(Path().glob(pattern))
        files = [path for path in found if path.is_file() and ".perfgate" not in path.parts]
        if not files:
            raise ValueError(f"budget: there is no file {pattern} in {Path.cwd()}")
        for path in files:
            if path not in seen:
                seen.add(path)
                yield path


def report_folder() -> Path:
    given = word("report-dir")
    if given:
        Path(given).mkdir(parents=True, exist_ok=True)
        return Path(given).resolve()
    return Path(tempfile.mkdtemp(prefix="perfgate-", dir=os.environ.get("RUNNER_TEMP")))


def slug(budget: Path) -> str:
    """A folder's name, each budget file has its own: "services/api/budgets.yaml" -> "services~api~budgets.yaml"."""
    return re.sub(r"[^A-Za-z0-9._-]", "~", budget.as_posix())


def earlier_reports(budget: Path) -> Path | None:
    return Path(word("confirm")) / slug(budget) if word("confirm") else None


def to_confirm(budget: Path) -> bool:
    """Everything is to be measured, unless only failures are to be confirmed."""
    earlier = earlier_reports(budget)
    return earlier is None or read_outcome(earlier)[0] == "fail"


def measured(budget: Path, home: Path, more: Sequence[str]) -> Result:
    folder, earlier = home / slug(budget), earlier_reports(budget)
    say(f"perfgate run --budget {budget}")
    with commands_stopped():
        done = subprocess.run([*run_command(budget, folder, earlier), *more], env=for_the_load(), check=False)
    outcome, failed = read_outcome(folder)
    code = done.returncode if done.returncode >= 0 else COULD_NOT
    if outcome == "error":
        code = code or COULD_NOT
    return Result(budget, folder, earlier, code, outcome, failed)


def run_command(budget: Path, folder: Path, earlier: Path | None) -> list[str]:
    save = {"true": ["--save"], "false": ["--no-save"]}.get(word("save"), [])
    return [
        *perfgate("run", budget),
        *("--out", str(folder)),
        *option("--target", word("target")),
        *option("--base-ref", base_ref()),
        *option("--confirm", str(earlier) if earlier else ""),
        *save,
    ]


def base_ref() -> str:
    """What was asked for; without a word of it, nothing outside of pull requests and where something else was."""
    given = word("base-ref")
    if given != AUTO:
        return given
    asked = word("target") or any(os.environ.get(name) for name in OTHER_BASES)
    return "" if asked or os.environ.get("GITHUB_EVENT_NAME") not in PULL_REQUESTS else AUTO


def for_the_load() -> dict[str, str]:
    """Without the runner's files: scenarios and services run a pull request's code."""
    when = {"PERFGATE_WHEN": word("when")} if word("when") else {}
    return {name: value for name, value in os.environ.items() if name not in OURS_ALONE} | when


def exit_code(code: int, results: Sequence[Result]) -> int:
    """What becomes of the step."""
    wish = word("fail-on")
    if code in (FAILED, INCONCLUSIVE) and (wish == "never" or word("provisional") == "true"):
        return 0
    if code == 0 and wish == "inconclusive" and any(result.outcome == "inconclusive" for result in results):
        return INCONCLUSIVE
    return code


if __name__ == "__main__":
    sys.exit(main())
