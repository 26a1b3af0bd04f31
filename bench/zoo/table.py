"""The confusion matrix as Markdown, from rows that a file keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.zoo.looking import Look

BEGIN, END = "<!-- zoo -->\n", "<!-- /zoo -->\n"
PATIENTS = ("threaded", "asynchronous", "queued", "shop")
Row = dict[str, Any]


def version() -> str:
    """Of the rules that decide: two looks are of one table where it is the same."""
    digest = hashlib.sha256()
    for path in sorted(Path("perfgate/diagnose/rules").glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def row(seen: Look, date: str, seconds: float, rules: str) -> Row:
    return {
        "rules": rules,
        "date": date,
        "seconds": seconds,
        "patient": seen.patient,
        "disease": seen.case.disease,
        "endpoint": seen.case.endpoint,
        "tier": seen.tier,
        "true": {"layers": list(seen.case.layers), "causes": list(seen.case.causes)},
        "said": dict(zip(("layer", "cause", "confidence"), seen.said, strict=True)),
        "sentence": seen.found.causes[0].sentence,
        "difference": seen.found.difference,
    }


def joined(earlier: Sequence[Row], now: Sequence[Row]) -> list[Row]:
    """What was measured now, instead of what was measured earlier of the same."""
    again = {key(item) for item in now}
    return [*(item for item in earlier if key(item) not in again), *now]


def key(item: Row) -> tuple[str, ...]:
    return item["patient"], item["disease"], item["endpoint"], item["tier"]


def is_layer_right(item: Row) -> bool:
    return item["said"]["layer"] in item["true"]["layers"]


def is_cause_right(item: Row) -> bool:
    return item["said"]["cause"] in item["true"]["causes"]


def markdown(rows: Sequence[Row]) -> str:
    """The table; what other rules than those of today said is marked."""
    rows = sorted(rows, key=lambda item: (PATIENTS.index(item["patient"]), rows.index(item)))
    current = version()
    dates = " and ".join(dict.fromkeys(item["date"] for item in rows))
    spans = ", ".join(dict.fromkeys(f"{item['seconds']:g} s" for item in rows))
    older = sum(item["rules"] != current for item in rows)
    lines = [f"Measured on {dates}, {spans} for each look, on two cores that others used as well; rules `{current}`."]
    if older:
        lines.append(f"{older} looks, marked with ¹, are by the rules before them.")
    lines.append("")
    tiers = sorted({item["tier"] for item in rows})
    lines += [f"| patient | disease | {' | '.join(f'tier {tier}' for tier in tiers)} |", f"|-|-|{'-|' * len(tiers)}"]
    for patient, disease, endpoint in dict.fromkeys(key(item)[:3] for item in rows):
        cells = []
        for tier in tiers:
            of = [item for item in rows if key(item) == (patient, disease, endpoint, tier)]
            cells.append(", ".join(_cell(item) + "¹" * (item["rules"] != current) for item in of) or "–")
        lines.append(f"| {patient} | {disease} ({endpoint}) | {' | '.join(cells)} |")
    lines.append("")
    for tier in tiers:
        of = [item for item in rows if item["tier"] == tier]
        layers, causes = sum(map(is_layer_right, of)), sum(map(is_cause_right, of))
        lines.append(f"- Tier {tier}: right layer in {layers} of {len(of)}, right cause in {causes} of {len(of)}.")
    sound = [item for item in rows if item["disease"].startswith(("healthy", "slow runner"))]
    blamed = sum(item["said"]["cause"] not in ("healthy", "environment") for item in sound)
    lines.append(f"- Healthy or a slow runner, {len(sound)} times: blamed on the code {blamed} times.")
    return "\n".join(lines) + "\n"


def _cell(item: Row) -> str:
    said = f"{item['said']['layer']}: {item['said']['cause']}"
    if is_layer_right(item) and is_cause_right(item):
        return said
    return f"**{said}**" + (" (layer right)" if is_layer_right(item) else "")


def inserted(page: str, text: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{text}{END}{after}"
