"""Codes of mistakes on the command line and in perfgate's own variables (U)."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes.entry import CodeEntry

CODES: Mapping[str, CodeEntry] = {
    "PG-U001": CodeEntry(
        "An option or argument is not known, or lacks its value.",
        "It is misspelt, belongs to another verb, or the shell has split it.",
        "perfgate run --bugdet budgets.yaml",
        "`perfgate VERB --help` lists what the verb takes. Quote values with spaces.",
    ),
    "PG-U002": CodeEntry(
        "There is no such value.",
        "The option takes one of a few words, and this is none of them.",
        "perfgate report --format xml",
        "Take one of those that the message lists.",
    ),
    "PG-U003": CodeEntry(
        "A value of an option cannot be read.",
        "It is no number, duration or time, or out of range.",
        "perfgate run --processes many",
        "Write it as the message says: `4`, `30s`, `1%`, `2026-01-31T12:00:00Z`.",
    ),
    "PG-U004": CodeEntry(
        "Two options contradict each other.",
        "Both say the same thing in different ways.",
        "perfgate run --base-ref main --base http://127.0.0.1:9000",
        "Give one of them.",
    ),
    "PG-U005": CodeEntry(
        "An option needs another one.",
        "It changes something that is only done with the other.",
        "perfgate run --restarts 3 (without --base-ref)",
        "Add the option that the message names, or leave this one out.",
    ),
    "PG-U006": CodeEntry(
        "Something has to be said, and is not.",
        "The verb changes or shows something that it cannot guess.",
        "perfgate accept (without --reason)",
        "Add what the message names.",
    ),
    "PG-U007": CodeEntry(
        "There is no endpoint, journey or metric of this name.",
        "Names are those of the budget file, or of the run.",
        "perfgate run --only serach",
        "Take one of those that the message lists; quote names with spaces.",
    ),
    "PG-U008": CodeEntry(
        "A file cannot be read.",
        "The path is wrong, or its permissions forbid it.",
        "perfgate import results.jtl",
        "Check the path and the current folder.",
    ),
    "PG-U009": CodeEntry(
        "A file is there already.",
        "perfgate never overwrites what people may have written.",
        "perfgate init (beside a budgets.yaml)",
        "Name another with `--budget FILE`, or pass `--force`.",
    ),
    "PG-U010": CodeEntry(
        "It is not clear whose runs are meant.",
        "The history has runs of several budget files, and none is in this folder.",
        "perfgate trend (in an empty folder)",
        "Name one with `--budget FILE`.",
    ),
    "PG-U011": CodeEntry(
        "A package is missing that this verb needs.",
        "Heavy parts are optional.",
        "perfgate demo",
        "Install what the message names, with pip.",
    ),
    "PG-U012": CodeEntry(
        "The budget file sends nothing of its own.",
        "All its requests come from hand-written scenarios, so there is none to generate.",
        "perfgate generate",
        "Nothing is to be done: `perfgate run` uses the scenarios.",
    ),
    "PG-U013": CodeEntry(
        "This run cannot be a baseline.",
        "A/B tests and interrupted runs are never compared with later runs.",
        "perfgate accept latest (after an A/B test)",
        "Accept or add the next run of the branch.",
    ),
    "PG-U014": CodeEntry(
        "Interrupted.",
        "Ctrl-C, SIGTERM, or the CI service cancelled the job.",
        "perfgate: interrupted",
        "Nothing is left running. What was measured until then is in the run folder, and is not judged.",
    ),
    "PG-U015": CodeEntry(
        "A generated scenario is not what the budget file says.",
        "The budget file or perfgate changed since it was written.",
        "perfgate generate --check",
        "`perfgate generate`, and commit what it writes.",
    ),
    "PG-U016": CodeEntry(
        "Output could not be written.",
        "The disk or the file behind stdout is full or gone. A reader that stops early (`| head`) is no error.",
        "perfgate: the output could not be written: [Errno 28] No space left on device",
        "Make room. The verdict is in the run folder; `perfgate report` shows it again.",
    ),
    "PG-U099": CodeEntry(
        "perfgate has crashed.",
        "This is a bug in perfgate, not a verdict. The exit code is 3, never 1.",
        "a Python traceback",
        "Please report it, with the lines above the message.",
    ),
}
