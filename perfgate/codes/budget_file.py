"""Codes of mistakes in how a budget file is written (B001 to B019)."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes.entry import CodeEntry

CODES: Mapping[str, CodeEntry] = {
    "PG-B001": CodeEntry(
        "The budget file cannot be read.",
        "There is no such file, it is a folder, it is empty, it is not UTF-8, or its permissions forbid it.",
        "perfgate check missing.yaml",
        "Name the file: `perfgate check PATH`, `perfgate run --budget PATH`. `perfgate init` writes one.",
    ),
    "PG-B002": CodeEntry(
        "The file is not YAML, or not a map.",
        "A quote, a bracket or the indentation is wrong. The caret shows where reading stopped; the cause may stand one line before.",
        "endpoints: {home: GET /",
        "Mend the place under the caret. Keys of one map begin in the same column; quote a text that holds `: ` or begins with a brace.",
    ),
    "PG-B003": CodeEntry(
        "Something in the file is read differently by different YAML readers, or is no plain data.",
        "`no`, `0123`, `1:30`, dates, tags, keys that are no texts: YAML 1.1 and 1.2 disagree about them, so an editor and perfgate would too.",
        "timeout: 1:30",
        "Write what is meant (`90s`, `true`), or quote it.",
    ),
    "PG-B004": CodeEntry(
        "Braces or a comma mean something else in YAML than here.",
        "`{user}` without quotes is a map, and in `{p95: 300ms, +10%}` the comma starts a new key.",
        "budget: {p95: 300ms, +10%}",
        'Quote templates: `"{user}"`. Separate criteria with a space: `{p95: 300ms +10%}`.',
    ),
    "PG-B005": CodeEntry(
        "A key stands twice in one map.",
        "YAML readers silently keep one of them, and which one differs.",
        "endpoints: {home: GET /, home: GET /index}",
        "Remove or rename one of them.",
    ),
    "PG-B006": CodeEntry(
        "A key is not known here.",
        "It is misspelt, or stands at the wrong level.",
        "raet: 10/s",
        "Take the name that the message proposes. docs/budgets.md lists all keys; the first line of a file can name the schema for your editor.",
    ),
    "PG-B007": CodeEntry(
        "A key is missing that is needed.",
        "Without it perfgate does not know what to send, or how much.",
        "version: 1 (and no `target`)",
        "Add it; the message shows an example.",
    ),
    "PG-B008": CodeEntry(
        "A value has the wrong type.",
        "A number stands where a text is needed, a text where a list is, a value is empty, or is none of the allowed words.",
        "weight: often",
        "Write it as the message says. Quote numbers that are meant as texts.",
    ),
    "PG-B010": CodeEntry(
        "A value has none of the accepted forms.",
        "Quantities need a unit, and each kind of value has its own forms.",
        "duration: 30",
        "Use one of the forms that the message lists: `30s`, `200/s`, `1%`, `40kB`.",
    ),
    "PG-B011": CodeEntry(
        "A limit of a budget cannot be understood.",
        "A limit is a value with a unit (`300ms`), or a change with a sign (`+10%`); there is at most one of each, separated by a space.",
        "budget: {p95: 300}",
        "Write `p95: 300ms`, `p95: +10%` or `p95: 300ms +10%`.",
    ),
    "PG-B012": CodeEntry(
        "A limit can never be reached, or contradicts another.",
        "No latency is above the timeout, and a warning has to come before the failure.",
        "timeout: 1s with budget: {p95: 2s}",
        "Lower the limit or raise the timeout; make the warn limit the stricter one.",
    ),
    "PG-B013": CodeEntry(
        "The baseline can never have enough runs.",
        "`min_runs` is larger than `runs`.",
        "gate: {baseline: {runs: 3, min_runs: 5}}",
        "Lower `min_runs`, or raise `runs`.",
    ),
}
