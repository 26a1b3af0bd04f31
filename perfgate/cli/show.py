"""The final table on stdout."""

from __future__ import annotations

from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Verdict


def show(verdict: Verdict, run: Run, past_runs: tuple[PastRun, ...]) -> None:
    from rich.console import Console

    from perfgate.report import console
    from perfgate.report.facts import Facts

    console.show(Facts(verdict=verdict, run=run, past_runs=past_runs), Console())
