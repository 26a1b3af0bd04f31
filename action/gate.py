"""The action's main step: each budget file is measured and judged, and only then told. Python alone is enough.

Exit code and verdict are written down before anything is told, and nothing that goes wrong afterwards changes them.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import telling
from results import COULD_NOT, FAILED, INCONCLUSIVE, WRONG, Result, badness, read_outcome
from runner import commands_stopped, conceal, history, note, option, output, perfgate, say, start, word, words

AUTO = "auto"
PULL_REQUESTS = ("pull_request", "pull_request_target")
OTHER_BASES = ("PERFGATE_BASE_REF", "PERFGATE_BASE", "PERFGATE_TARGET")
OURS_ALONE = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")


def main() -> int:
    conceal()
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
    results = [measured(budget, home, more) for budget in budgets if is_to_be_measured(budget)]
    if not results:
        return stop(f"confirm: there is no failed run in {word('confirm')}")
    conclude(results)
    telling.tell(results)
    return 0


def conclude(results: Sequence[Result]) -> None:
    """All that decides, before anything is told: a later job may confirm the verdict only where it is known."""
    gate_code = min((result.code for result in results), key=badness)
    code = min(map(exit_code, results), key=badness)
    output({"exit-code": str(code), "gate-code": str(gate_code), **telling.verdict_outputs(results)})


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


def is_to_be_measured(budget: Path) -> bool:
    """Everything is, unless failures are to be confirmed: then what had no failure is done with. A first run without
    a verdict is no reason to leave its budget file out."""
    earlier = earlier_reports(budget)
    return earlier is None or (earlier.parent.is_dir() and read_outcome(earlier)[0] in ("fail", "error"))


def measured(budget: Path, home: Path, more: Sequence[str]) -> Result:
    folder, earlier = home / slug(budget), earlier_reports(budget)
    if earlier and read_outcome(earlier)[0] == "error":
        note(f"confirm: the first run has no verdict on {budget} in {earlier}", "error")
        return Result(budget, folder, earlier, WRONG)
    say(f"perfgate run --budget {budget}")
    with commands_stopped():
        process = start([*run_command(budget, folder, earlier), *more], for_the_load(budget))
        returned = process.wait()
    outcome, failed = read_outcome(folder)
    code = returned if returned >= 0 else COULD_NOT
    if outcome == "error":
        code = code or COULD_NOT
    return Result(budget, folder, earlier, code, outcome, failed)


def run_command(budget: Path, folder: Path, earlier: Path | None) -> list[str]:
    save = {"true": ["--save"], "false": ["--no-save"]}.get(word("save"), [])
    return [
        *perfgate("run", budget),
        *("--out", str(folder)),
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


def for_the_load(budget: Path) -> dict[str, str]:
    """Without the runner's files: scenarios and services run a pull request's code."""
    environ = {name: value for name, value in os.environ.items() if name not in OURS_ALONE}
    options = {"PERFGATE_WHEN": word("when"), "PERFGATE_TARGET": word("target")}
    return environ | {name: value for name, value in options.items() if value} | history(budget)


def exit_code(result: Result) -> int:
    """What becomes of the step, if it is for this budget file alone. A failure that a later job confirms is none yet;
    what is undecided, nobody looks at again."""
    wish = word("fail-on")
    if result.code == FAILED and word("provisional") == "true":
        return 0
    if result.code in (FAILED, INCONCLUSIVE) and wish == "never":
        return 0
    if result.code == 0 and wish == "inconclusive" and result.outcome == "inconclusive":
        return INCONCLUSIVE
    return result.code


if __name__ == "__main__":
    sys.exit(main())
