"""The confusion matrix as Markdown: what the rules as they are say of what looks saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.zoo import cases
from bench.zoo.observed import Observed
from perfgate.diagnose.rules import explain
from perfgate.model.diagnosis import Cause

BEGIN, END = "<!-- zoo -->\n", "<!-- /zoo -->\n"


@dataclass(frozen=True)
class Judged:
    look: Observed
    said: Cause

    @property
    def is_layer_right(self) -> bool:
        return self.said.layer in self.look.truth.layers

    @property
    def is_cause_right(self) -> bool:
        return self.said.code in self.look.truth.causes

    @property
    def is_right(self) -> bool:
        return self.is_layer_right and self.is_cause_right


def judged(looks: Sequence[Observed]) -> list[Judged]:
    """Asks the rules about each look, in the order of the zoo."""
    order = [(patient, case) for patient, kept in cases.CASES.items() for case in kept]
    return [
        Judged(look, explain(look.case)[0])
        for look in sorted(looks, key=lambda look: (order.index((look.patient, look.truth)), look.tier))
    ]


def markdown(rows: Sequence[Judged]) -> str:
    dates = " and ".join(dict.fromkeys(row.look.date for row in rows))
    spans = ", ".join(dict.fromkeys(f"{row.look.seconds:g} s" for row in rows))
    tiers = sorted({row.look.tier for row in rows})
    lines = [f"Measured on {dates}, {spans} for each look, on two cores.", ""]
    lines += [f"| patient | disease | {' | '.join(f'tier {tier}' for tier in tiers)} |", f"|-|-|{'-|' * len(tiers)}"]
    for patient, name in dict.fromkeys((row.look.patient, row.look.truth.name) for row in rows):
        of = [row for row in rows if (row.look.patient, row.look.truth.name) == (patient, name)]
        cells = [_cell([row for row in of if row.look.tier == tier]) for tier in tiers]
        lines.append(f"| {patient} | {name} | {' | '.join(cells)} |")
    lines.append("")
    for tier in tiers:
        of = [row for row in rows if row.look.tier == tier]
        layers, causes = sum(row.is_layer_right for row in of), sum(row.is_cause_right for row in of)
        lines.append(f"- Tier {tier}: right layer in {layers} of {len(of)}, right cause in {causes} of {len(of)}.")
    sound = [row for row in rows if row.look.disease.startswith(("healthy", "slow runner"))]
    blamed = sum(row.said.code not in ("healthy", "environment") for row in sound)
    lines.append(f"- Healthy or a slow runner, {len(sound)} times: blamed on the code {blamed} times.")
    return "\n".join(lines) + "\n"


def _cell(rows: Sequence[Judged]) -> str:
    said = Counter(_said(row) for row in rows)
    return ", ".join(text if times == 1 else f"{text} ×{times}" for text, times in said.items()) or "–"


def _said(row: Judged) -> str:
    said = f"{row.said.layer}: {row.said.code}"
    if row.is_right:
        return said
    return f"**{said}**" + (" (layer right)" if row.is_layer_right else "")


def inserted(page: str, text: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{text}{END}{after}"
