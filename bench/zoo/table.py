"""The confusion matrix as Markdown, and as rows for a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.zoo.looking import Look

BEGIN, END = "<!-- zoo -->\n", "<!-- /zoo -->\n"


def is_layer_right(seen: Look) -> bool:
    return seen.said[0] in seen.case.layers


def is_cause_right(seen: Look) -> bool:
    return seen.said[1] in seen.case.causes


def rows(looks: Sequence[Look]) -> list[dict[str, Any]]:
    return [
        {
            "patient": seen.patient,
            "disease": seen.case.disease,
            "endpoint": seen.case.endpoint,
            "tier": seen.tier,
            "true": {"layers": seen.case.layers, "causes": seen.case.causes},
            "said": dict(zip(("layer", "cause", "confidence"), seen.said, strict=True)),
            "sentence": seen.found.causes[0].sentence,
            "difference": seen.found.difference,
        }
        for seen in looks
    ]


def markdown(looks: Sequence[Look], date: str, seconds: float) -> str:
    lines = [f"Measured on {date}, {seconds:g} s for each look.", ""]
    chosen = sorted({seen.tier for seen in looks})
    lines += [f"| patient | disease | {' | '.join(f'tier {tier}' for tier in chosen)} |", f"|-|-|{'-|' * len(chosen)}"]
    for patient, name in dict.fromkeys((seen.patient, seen.case.name) for seen in looks):
        cells = []
        for tier in chosen:
            of = [seen for seen in looks if (seen.patient, seen.case.name, seen.tier) == (patient, name, tier)]
            cells.append(", ".join(map(_cell, of)) or "–")
        lines.append(f"| {patient} | {name} | {' | '.join(cells)} |")
    lines.append("")
    for tier in chosen:
        of = [seen for seen in looks if seen.tier == tier]
        layers, causes = sum(map(is_layer_right, of)), sum(map(is_cause_right, of))
        lines.append(f"Tier {tier}: right layer in {layers} of {len(of)}, right cause in {causes} of {len(of)}.")
    unsound = [seen for seen in looks if seen.case.disease in ("healthy", "slow runner") and not is_cause_right(seen)]
    lines.append(f"Healthy or a slow runner, and something else blamed: {len(unsound)}.")
    return "\n".join(lines) + "\n"


def _cell(seen: Look) -> str:
    layer, code, _ = seen.said
    if is_layer_right(seen) and is_cause_right(seen):
        return f"{layer}: {code}"
    return f"**{layer}: {code}**" + (" (layer right)" if is_layer_right(seen) else "")


def inserted(page: str, text: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{text}{END}{after}"
