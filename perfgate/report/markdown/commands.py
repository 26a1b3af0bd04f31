"""Commands to copy from a report: the same load again, the same run judged again, the change accepted."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from perfgate.model.outcome import Outcome
from perfgate.model.run import Run
from perfgate.report.escaping import is_tame
from perfgate.report.facts import Facts

MAX_COMMANDS = 3
BUDGET = "budgets.yaml"  # where nothing else is said


def command_lines(facts: Facts) -> Iterator[str]:
    """To copy, so names that need an escape anywhere are left to the reader."""
    path = facts.verdict.budget or BUDGET
    budget = f" --budget {shlex.quote(path) if is_tame(path) else 'BUDGETS'}"
    other = budget if path != BUDGET else ""  # it is the default where nothing else would be sent
    run = shlex.quote(facts.run.id) if is_tame(facts.run.id) else "RUN"
    concerned = [f for f in facts.findings if f.outcome in (Outcome.FAIL, Outcome.WARN)]  # undecided ones need no word
    tame = [f for f in concerned if is_tame(f.endpoint) and is_tame(f.metric)][:MAX_COMMANDS]
    yield "# the same load again"
    yield f"perfgate run{budget}{_ab_option(facts.run)}"
    yield "# the same run judged again, without load"
    yield f"perfgate gate {run}{other}"
    if concerned and facts.run.arms:  # no level for later runs: the change itself says it
        yield "# this is the new normal: a line in a commit message of the change"
        yield from (f"# Perfgate-Accept: {item.endpoint} {item.metric} - REASON" for item in tame)
        return
    if concerned:
        yield "# this is the new normal: accept it, with the reason"
    for finding in tame:
        what = f"{shlex.quote(finding.endpoint)} {shlex.quote(finding.metric)}"
        yield f'perfgate accept {run} {what}{other} --reason "..."'
    if len(tame) < len(concerned):
        yield f'perfgate accept {run}{other} --reason "..."  # all of them'


def _ab_option(run: Run) -> str:
    """The option that makes an A/B test of it; empty where it was none."""
    if not run.arms:
        return ""
    base = run.arms[0]
    ref = base.commit if " " in base.ref else base.ref  # words are no ref: "merge base with main"
    option, value = ("--base-ref", ref) if ref else ("--base", base.target)
    return f" {option} {shlex.quote(value) if is_tame(value) else 'BASE'}"
