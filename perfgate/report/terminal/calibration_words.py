"""A calibration told: on the terminal, and as lines of a budget file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import expm1

from rich.console import Console
from rich.table import Table
from rich.text import Text

from perfgate.model.calibration import Alarms, Calibration, Mode
from perfgate.model.metric import Unit
from perfgate.report import words
from perfgate.report.escaping import plain
from perfgate.report.terminal.finding_table import MAX_NAME_CHARS, grid
from perfgate.text.plurals import counted
from perfgate.text.units import format_change, format_value

MODES: dict[Mode, str] = {"history": "with the history", "base": "with --base-ref"}
CLEAN_SUITES = 299  # that bound the false alarms at 1 % (0.99 ** 299 < 0.05)
STRONG_CORRELATION = 0.7  # a correlation that half of the variance goes with
MAX_SHOWN_RATIO = 10.0  # a larger number says no more, and a table would break by its digits
BEYOND = "> 1000 %"
MEANINGS = (
    "varies: from run to run. own part: less what all endpoints have in common. chance: what the requests of a single "
    "run give. design effect: so many requests tell as much as one that has nothing to do with the others."
)


def show(calibration: Calibration, console: Console) -> None:
    console.print(Text(headline(calibration), style="bold"))
    console.print()
    console.print(Text("How much unchanged code varies (standard deviations)", style="bold"))
    console.print(_noise(calibration))
    console.print(Text(MEANINGS, style="dim"))
    console.print()
    console.print(Text("The smallest rise that is found four times in five, by the length of a run", style="bold"))
    console.print(_reaches(calibration))
    for line in (*_alarms(calibration), *_explained(calibration), *calibration.notes):
        console.print(Text(line))
    console.print()
    console.print(Text(proposed(calibration), style="bold"))
    console.print(Text(snippet(calibration)))


def headline(calibration: Calibration) -> str:
    """ "shop, unchanged: 10 runs and 3 A/B runs of 30 s (open 200/s for 30 s after 5 s warm-up)"."""
    pairs = calibration.pairs
    also = f" and {counted(pairs, 'A/B run')}" if pairs else ""
    seconds = format_value(Unit.SECONDS, calibration.duration)
    return f"{plain(calibration.name, 60)}, unchanged: {calibration.runs} runs{also} of {seconds} ({calibration.load})"


def _noise(calibration: Calibration) -> Table:
    table = grid(
        ("endpoint", "left"),
        ("metric", "left"),
        ("usually", "right"),
        ("varies", "right"),
        ("own part", "right"),
        ("chance", "right"),
        ("design effect", "right"),
    )
    for item in calibration.noise:
        effect = words.NOTHING if item.design_effect is None else f"{item.design_effect:.1f}"
        cells = [spread(item.between), spread(item.own), spread(item.sampling), effect]
        usually = words.value(item.metric, item.level)
        table.add_row(Text(plain(item.endpoint, MAX_NAME_CHARS)), item.metric, usually, *cells)
    return table


def _reaches(calibration: Calibration) -> Table:
    durations = [format_value(Unit.SECONDS, reach.duration) for reach in calibration.noise[0].reaches]
    table = grid(
        ("endpoint", "left"), ("metric", "left"), ("compared", "left"), *((duration, "right") for duration in durations)
    )
    for item in calibration.noise:
        for mode in modes(calibration):
            cells = [change(reach.of(mode)) for reach in item.reaches]
            table.add_row(Text(plain(item.endpoint, MAX_NAME_CHARS)), item.metric, MODES[mode], *cells)
    return table


def modes(calibration: Calibration) -> tuple[Mode, ...]:
    return ("history", "base") if calibration.pairs else ("history",)


def spread(sd: float | None) -> str:
    """Spread of logarithms, as a share: 0.05 is 5.1 %."""
    if sd is None:
        return words.NOTHING
    share = 100 * expm1(min(sd, MAX_SHOWN_RATIO))
    return BEYOND if share > 100 * MAX_SHOWN_RATIO else f"{share:.{0 if share >= 20 else 1}f} %"


def change(ratio: float | None) -> str:
    """A rise; of what few or short runs cannot know, no more than that it is large."""
    if ratio is None:
        return words.NOTHING
    return BEYOND if ratio > MAX_SHOWN_RATIO else format_change(ratio)


def _alarms(calibration: Calibration) -> Iterator[str]:
    for alarm in calibration.alarms:
        yield f"False alarms {MODES[alarm.mode]}: {_counted(alarm)}"


def _counted(alarms: Alarms) -> str:
    suites = f"{alarms.alarms} in {alarms.suites} verdicts on {alarms.runs} runs"
    context = f"{suites}, so at most {alarms.bound:.0%} of runs (95 % sure; {CLEAN_SUITES} clean runs would say 1 %)."
    share = alarms.passed / alarms.findings if alarms.findings else 0.0
    return f"{context} {share:.0%} of the findings passed; the others could not be decided."


def _explained(calibration: Calibration) -> Iterator[str]:
    known = [f"{item.by} {item.correlation:+.2f}" for item in calibration.explained]
    if not known:
        return
    best = max(calibration.explained, key=lambda item: item.correlation)
    helps = (
        f"{best.by} tells a slow runner here"
        if best.correlation >= STRONG_CORRELATION
        else "nothing tells a slow runner well here"
    )
    yield f"What all endpoints had in common went with (correlation): {', '.join(known)}: {helps}."


def proposed(calibration: Calibration) -> str:
    proposal = calibration.proposal
    seconds = format_value(Unit.SECONDS, proposal.duration)
    return f"Proposed, {MODES[proposal.mode]}: runs of {seconds} ({proposal.reason}), and these limits:"


def snippet(calibration: Calibration) -> str:
    """YAML to paste into the budget file. Names are quoted as JSON, which is YAML too."""
    proposal = calibration.proposal
    lines = ["load:", f"  duration: {_duration(proposal.duration)}", "defaults:", "  budget:"]
    lines += [f"    {metric}: +{100 * limit:.0f}%" for metric, limit in proposal.limits.items()]
    if proposal.overrides:
        lines.append("endpoints:")
        for name, limits in proposal.overrides.items():
            inside = ", ".join(f"{metric}: +{100 * limit:.0f}%" for metric, limit in limits.items())
            lines += [
                f"  {json.dumps(name, ensure_ascii=False)}:",
                f"    budget: {{{inside}}}  # varies more than the others",
            ]
    if proposal.floor is not None:
        lines += ["gate:", f"  floor: {{time: {_duration(proposal.floor)}}}  # smaller rises never fail"]
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    return format_value(Unit.SECONDS, seconds).replace(" ", "")
