"""Every code that a message of perfgate carries, and what `perfgate explain` says of it.

A new message needs a code of its room, or a new entry there: an error takes it as `code=`, a note by `text.notes.note`,
a finding by its reason (`gate/verdict/outcome.py`), a line of `perfgate doctor` by its name
(`workflows/doctor/check.py`). The codes of a diagnosis are those of `diagnose/codes.py`; `cli/explain.py` reads them
there.
"""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes import budget_file, budget_values, command_line, history, load, places, records, target, verdict
from perfgate.codes.entry import CodeEntry

__all__ = ["CODES", "TITLES", "CodeEntry"]

CODES: Mapping[str, CodeEntry] = {
    **budget_file.CODES,
    **budget_values.CODES,
    **command_line.CODES,
    **target.CODES,
    **load.CODES,
    **records.CODES,
    **history.CODES,
    **verdict.CODES,
    **places.CODES,
}

TITLES: Mapping[str, str] = {  # by the letter after "PG-"
    "B": "The budget file",
    "U": "The command line",
    "T": "Target, service, proxy",
    "A": "The base of an A/B test",
    "L": "Load",
    "G": "Notes about the load",
    "V": "Findings",
    "C": "Notes about the comparison",
    "R": "Runs, reports and other files",
    "I": "Imported recordings",
    "N": "perfgate init",
    "H": "History",
    "P": "Publishing",
    "X": "Diagnosis",
    "D": "perfgate doctor",
}
