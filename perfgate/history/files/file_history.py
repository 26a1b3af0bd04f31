"""The history as small files, wherever files can be: on a git branch, in a folder, in object storage.

Every run and every word about one is a file of its own (`labels` has their names) and never changes, so writers at
once are in nobody's way. The measurements of a run and its distributions, five times as big, are apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Self

from perfgate.history import documents, ids, times
from perfgate.history.contract import ConflictError, Entry
from perfgate.history.files import contents, labels
from perfgate.history.files.contents import FORMAT
from perfgate.history.files.files import Change, Files, Say
from perfgate.history.files.labels import Label
from perfgate.history.files.listing import Listing, arranged
from perfgate.model.errors import HistoryError
from perfgate.model.run import Acceptance, PastRun
from perfgate.text.plurals import counted

CHUNK_FILES = 100  # files read at once


class FileHistory:
    """See `perfgate.history.History`."""

    def __init__(self, files: Files, *, say: Say) -> None:
        """`say` gets a line about each file that is left out because it is damaged."""
        self._files = files
        self._say = say
        self._said: set[str] = set()
        self._checked = False

    def save(self, past_run: PastRun) -> bool:
        return self.save_all([past_run])[0]

    def save_all(self, past_runs: Sequence[PastRun]) -> tuple[bool, ...]:
        packed = [documents.pack(past_run, origin=f"Run {past_run.run.id}") for past_run in past_runs]
        new: list[bool] = []

        def decide(paths: Sequence[str]) -> Change:
            listing = self._listing(paths)
            change: dict[str, bytes | None] = {} if listing.exists else dict(contents.beginning())
            new.clear()
            for past_run, item in zip(past_runs, packed, strict=True):
                change |= self._missing(listing, past_run, item)
                new.append(past_run.run.id not in listing.labels)
            return change

        self._files.change(decide, message=_message("Run", past_runs))
        return tuple(new)

    def runs(
        self, name: str, *, branch: str | None = None, limit: int = 100, before: str | None = None
    ) -> tuple[PastRun, ...]:
        end = None if before is None else times.microseconds(before, origin="`before`")
        listing = self._listing(self._files.paths())
        selected = [
            label
            for label in listing.labels.values()
            if label.entry
            and label.entry.name == name
            and branch in (None, label.entry.branch)
            and (end is None or label.moment < end)
        ]
        readable = tuple(islice(self._readable(selected), max(limit, 0)))
        if selected and limit > 0 and not readable:
            raise HistoryError(
                f"All {counted(len(selected), 'run')} of {name} in {self._files.place} are damaged",
                hint=self._files.recovery,
                code="PG-H004",
            )
        accepted = self._acceptances(listing, [past_run.run.id for past_run in readable])
        return tuple(replace(past_run, acceptances=accepted[past_run.run.id]) for past_run in readable)

    def get(self, run_id: str) -> PastRun:
        listing = self._listing(self._files.paths())
        return self._whole(listing, self._pick(listing, run_id))

    def get_all(self, ids: Iterable[str]) -> Iterator[PastRun]:
        listing = self._listing(self._files.paths())
        for run_id in ids:
            yield self._whole(listing, self._pick(listing, run_id))

    def entries(self, name: str | None = None) -> tuple[Entry, ...]:
        everything = self._listing(self._files.paths()).entries()
        return tuple(entry for entry in everything if name in (None, entry.name))

    def names(self) -> tuple[str, ...]:
        return tuple(sorted({entry.name for entry in self.entries()}))

    def accept(self, run_id: str, acceptance: Acceptance) -> None:
        content = contents.of_acceptance(acceptance)

        def decide(paths: Sequence[str]) -> Change:
            listing = self._listing(paths)
            picked = self._pick(listing, run_id)
            return contents.of_acceptances(picked, listing.accepted.get(picked, ()), [content])

        self._files.change(decide, message=f"Accept {labels.acceptances_of(run_id)[len(labels.ACCEPTED) : -1]}")

    def delete(self, ids: Iterable[str]) -> int:
        chosen, removed = set(ids), 0

        def decide(paths: Sequence[str]) -> Change:
            nonlocal removed
            listing = self._listing(paths)
            going = [label for run_id, label in listing.labels.items() if run_id in chosen]
            removed = len(going)
            folders = tuple(labels.acceptances_of(label.entry.id) for label in going if label.entry)
            files = {path for label in going for path in (label.run, label.distributions)}
            return {path: None for path in paths if path in files or path.startswith(folders)}

        self._files.change(decide, message=f"Forget {counted(len(chosen), 'run')}", forget=True)
        return removed

    def close(self) -> None:
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # From here on: what is there.

    def _listing(self, paths: Sequence[str]) -> Listing:
        self._check_format(paths)
        parsed = []
        for path in sorted(each for each in paths if each.startswith(labels.RUNS)):
            label = labels.parse(path)
            if label is not None and label.entry is None:
                label = self._read_label(label)
            if label is None:
                self._warn(path, "is not the name of a run's file")
            else:
                parsed.append(label)
        return arranged(parsed, [each for each in paths if each.startswith(labels.ACCEPTED)], FORMAT in paths)

    def _read_label(self, label: Label) -> Label | None:
        """The label of a run whose path is cut short."""
        past_run = next(self._readable([label]), None)
        if past_run is None:
            return None
        run = past_run.run
        entry = Entry(
            id=run.id,
            name=run.name,
            branch=run.branch,
            commit=run.commit,
            started=run.started,
            outcome=past_run.outcome,
            accepted=False,
            is_ab=bool(run.arms),
        )
        return replace(label, entry=entry, moment=times.microseconds(run.started, origin=label.run))

    def _check_format(self, paths: Sequence[str]) -> None:
        if self._checked or not paths:
            return
        if FORMAT not in paths:
            raise HistoryError(
                f"{self._files.place} has files, but no perfgate history",
                hint="perfgate needs a place of its own: choose another, or an empty one.",
                code="PG-H008",
            )
        data = self._files.read([FORMAT]).get(FORMAT, b"")
        contents.check_format(data, place=self._files.place, hint=self._files.recovery)
        self._checked = True

    def _pick(self, listing: Listing, run_id: str) -> str:
        return ids.pick(run_id, list(listing.labels), place=self._files.place)

    # From here on: reading.

    def _readable(self, selected: Sequence[Label]) -> Iterator[PastRun]:
        """Reads them without the damaged ones, which are warned of, and without those that were deleted meanwhile."""
        for start in range(0, len(selected), CHUNK_FILES):
            chunk = selected[start : start + CHUNK_FILES]
            files = self._files.read([label.run for label in chunk])
            for label in chunk:
                if label.run in files:
                    try:
                        yield self._run_of(label, files, whole=False)
                    except HistoryError as error:
                        self._warn(label.run, error.message)

    def _whole(self, listing: Listing, run_id: str) -> PastRun:
        label = listing.labels[run_id]
        files = self._files.read([label.run, label.distributions])
        past_run = self._run_of(label, files, whole=True)
        return replace(past_run, acceptances=self._acceptances(listing, [run_id])[run_id])

    def _run_of(self, label: Label, files: Mapping[str, bytes], *, whole: bool) -> PastRun:
        return contents.run(label, files, whole=whole, place=self._files.place, hint=self._files.recovery)

    def _acceptances(self, listing: Listing, run_ids: Sequence[str]) -> Mapping[str, tuple[Acceptance, ...]]:
        """Acceptances of each of these runs."""
        paths = {run_id: listing.accepted.get(run_id, ()) for run_id in run_ids}
        files = self._files.read([path for each in paths.values() for path in each])
        accepted: dict[str, tuple[Acceptance, ...]] = {}
        for run_id, each in paths.items():
            # one of each: two jobs may have written the same
            distinct = dict.fromkeys(contents.acceptance(files[path]) for path in each if path in files)
            if None in distinct:
                self._warn(labels.acceptances_of(run_id), "has a file that is not an acceptance")
            accepted[run_id] = tuple(acceptance for acceptance in distinct if acceptance is not None)
        return accepted

    def _warn(self, path: str, problem: str) -> None:
        """Warns once for each path."""
        if path not in self._said:
            self._said.add(path)
            where = "" if path in problem else f"{path} in {self._files.place} "
            self._say(f"Left out: {where}{problem}. {self._files.recovery}")

    def _missing(self, listing: Listing, past_run: PastRun, packed: documents.Packed) -> dict[str, bytes]:
        """The files that are missing for this run, and for what is said about it. Raises ConflictError."""
        run_id = past_run.run.id
        words = [contents.of_acceptance(each) for each in past_run.acceptances]
        text = contents.of_acceptances(run_id, listing.accepted.get(run_id, ()), words)
        label = listing.labels.get(run_id)
        if label is None:
            return contents.of_run(past_run, packed, compress=self._files.compress) | text
        if not labels.is_path_of(label.path, past_run) or not documents.is_same_run(
            self._whole(listing, run_id), past_run
        ):
            raise ConflictError(
                f"{self._files.place} has another run {run_id}",
                hint="Stored runs never change: keep the one that is there, or delete it first.",
                code="PG-H013",
            )
        return text


def _message(verb: str, past_runs: Sequence[PastRun]) -> str:
    """The commit's message: ids only, and encoded, for `@name` and `#1` in commit messages have effects."""
    if len(past_runs) != 1:
        return f"{len(past_runs)} runs"
    return f"{verb} {labels.acceptances_of(past_runs[0].run.id)[len(labels.ACCEPTED) : -1]}"
