"""A history of files at one moment, as its paths tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from perfgate.history.contract import Entry
from perfgate.history.files import labels
from perfgate.history.files.labels import Label


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Runs by id, newest first; the paths of acceptances in the order of arrival. All labels have entries."""

    labels: Mapping[str, Label]
    accepted: Mapping[str, Sequence[str]]
    exists: bool

    def entries(self) -> Iterator[Entry]:
        for run_id, label in self.labels.items():
            if label.entry:
                yield replace(label.entry, accepted=run_id in self.accepted)


def arranged(parsed: Iterable[Label], acceptances: Iterable[str], exists: bool) -> Listing:
    """`acceptances` are paths; those of runs that are not there any more are nobody's."""
    newest = sorted(parsed, key=lambda label: (label.moment, label.entry.id if label.entry else ""), reverse=True)
    by_id = {label.entry.id: label for label in newest if label.entry}
    folders = {labels.acceptances_of(run_id): run_id for run_id in by_id}
    accepted: dict[str, list[str]] = {}
    for path in sorted(acceptances):
        run_id = folders.get(path[: path.rfind("/") + 1])
        if run_id is not None:
            accepted.setdefault(run_id, []).append(path)
    return Listing(labels=by_id, accepted=accepted, exists=exists)
