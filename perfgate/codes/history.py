"""Codes of the history of runs (H)."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes.entry import CodeEntry

CODES: Mapping[str, CodeEntry] = {
    "PG-H001": CodeEntry(
        "The history URL cannot be used.",
        "Its scheme is not known, or it does not name a place.",
        "history: sqlite:perfgate.db",
        "`sqlite:///.perfgate/history.db`, `git:perfgate-data`, `postgresql://...`, `s3://BUCKET/PREFIX` or `folder:PATH`.",
    ),
    "PG-H002": CodeEntry(
        "The history cannot be reached.",
        "Network, server, permissions or credentials.",
        "connection refused by PostgreSQL",
        "The message names the place and the reason; `perfgate doctor` tries it.",
    ),
    "PG-H003": CodeEntry(
        "The history cannot be written.",
        "The token may only read, or the disk does not allow it.",
        "the job lacks `contents: write`",
        "Give the permission that the message names. The verdict stands.",
    ),
    "PG-H004": CodeEntry(
        "The history is damaged.",
        "A file was cut off or changed by hand.",
        "a copy made while it was written",
        "Restore it from a copy; the message says how for this kind of store.",
    ),
    "PG-H005": CodeEntry(
        "The history was written by a newer perfgate.",
        "This program does not know its version.",
        "two jobs with different versions",
        "`pip install --upgrade perfgate`",
    ),
    "PG-H006": CodeEntry(
        "A run cannot be stored.",
        "It would not be the same when read again, or holds text that is not Unicode.",
        "an endpoint's name with half a surrogate",
        "Change the name that the message shows.",
    ),
    "PG-H007": CodeEntry(
        "A package is missing for this kind of history.",
        "Clients of databases and object stores are optional.",
        "history: postgresql://...",
        "`pip install 'perfgate[postgres]'` or `'perfgate[s3]'`",
    ),
    "PG-H008": CodeEntry(
        "This place has files, but no perfgate history.",
        "perfgate needs a place of its own.",
        "history: folder:.",
        "Choose an empty place.",
    ),
    "PG-H009": CodeEntry(
        "There is no history yet.",
        "No run was saved there.",
        "charts before the first run",
        "Save a run first.",
    ),
    "PG-H010": CodeEntry(
        "The history could not be written: others were quicker.",
        "Several jobs ended together, again and again.",
        "a matrix of 20 jobs",
        "Try again, or give the jobs one `concurrency` group.",
    ),
    "PG-H011": CodeEntry(
        "This file is no exported history, or is cut off.",
        "`perfgate history import` reads what `export` wrote.",
        "perfgate history import results.csv",
        "Export again. Results of other programs: `perfgate import`.",
    ),
    "PG-H012": CodeEntry(
        "The branch has too many files for GitHub's API.",
        "Without a checkout it is read through the API.",
        "years of runs",
        "Read it from a checkout (`git:perfgate-data`), or `perfgate history prune`.",
    ),
    "PG-H013": CodeEntry(
        "Another run has this id.",
        "Ids name runs for ever, so nothing is overwritten.",
        "the same run imported twice with changes",
        "Remove one, or give the run another id.",
    ),
    "PG-H014": CodeEntry(
        "This run is not in the history.",
        "The history could not be written, so later runs are not compared with this one.",
        "Not added to the history: permission denied",
        "Mend the cause, then `perfgate history add latest`.",
    ),
    "PG-H015": CodeEntry(
        "This run is not added to the history, on purpose.",
        "Only runs of the baseline's branch are remembered, and none of forks.",
        "a run of a pull request",
        "Nothing; `--save` adds it all the same.",
    ),
}
