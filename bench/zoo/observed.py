"""What looks saw: the rules are pure, so that changed rules can be asked about the same facts, without load."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import TypeAdapter

from bench.zoo import cases
from perfgate.diagnose import rules
from perfgate.model.diagnosis import Cause

FILE = Path(__file__).parents[2] / "tests/diagnose/observed.jsonl.gz"  # a look in each line
_CASE: TypeAdapter[rules.Case] = TypeAdapter(rules.Case)
Key = tuple[str, str, str, str]  # patient, disease, endpoint, tier


@dataclass(frozen=True)
class Observed:
    """`case` is what the rules were asked; `seconds` of the second pass."""

    patient: str
    disease: str
    endpoint: str
    tier: str
    date: str
    seconds: float
    case: rules.Case

    @property
    def key(self) -> Key:
        return self.patient, self.disease, self.endpoint, self.tier

    @property
    def truth(self) -> cases.Case:
        """Raises StopIteration where the zoo has no such disease any more."""
        return next(
            case for case in cases.CASES[self.patient] if (case.disease, case.endpoint) == (self.disease, self.endpoint)
        )


@contextmanager
def recording() -> Iterator[list[rules.Case]]:
    """The cases that the rules are asked about meanwhile; a diagnosis asks once more after it has profiled."""
    asked: list[rules.Case] = []
    explain = rules.explain

    def recorded(case: rules.Case) -> tuple[Cause, ...]:
        asked.append(replace(case))  # without what it has computed since
        return explain(case)

    with patch.object(rules, "explain", recorded):
        yield asked


def read(path: Path = FILE) -> list[Observed]:
    """The looks of a file, in its order; of no file none."""
    if not path.exists():
        return []
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return [Observed(**{**row, "case": _CASE.validate_python(row["case"])}) for row in map(json.loads, lines)]


def write(looks: Sequence[Observed], path: Path = FILE) -> None:
    """Writes the looks, sorted; those of the same patient, disease, endpoint and tier in their order."""
    lines = (json.dumps(_row(look), sort_keys=True) for look in sorted(looks, key=lambda look: look.key))
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))


def joined(earlier: Sequence[Observed], now: Sequence[Observed]) -> list[Observed]:
    """What was seen now, instead of what was seen earlier of the same."""
    again = {look.key for look in now}
    return [*(look for look in earlier if look.key not in again), *now]


def _row(look: Observed) -> dict[str, Any]:
    return {**vars(look), "case": _rounded(_CASE.dump_python(look.case, mode="json"))}


def _rounded(value: Any) -> Any:
    """The same with six digits, and without what is not known."""
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
