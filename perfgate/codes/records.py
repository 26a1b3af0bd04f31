"""Codes of run folders and other files (R), of importing (I) and of `perfgate init` (N)."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes.entry import CodeEntry

CODES: Mapping[str, CodeEntry] = {
    "PG-R001": CodeEntry(
        "A file cannot be read.",
        "It is missing, or its permissions forbid it.",
        "perfgate gate .perfgate/runs/x",
        "Check the path and who may read it.",
    ),
    "PG-R002": CodeEntry(
        "A file or folder cannot be written.",
        "No permission, no space, or a read-only file system.",
        "perfgate run --out /",
        "Choose another folder with `--out`, or make room.",
    ),
    "PG-R003": CodeEntry(
        "A file is damaged, or is something else.",
        "It was cut off while it was written or copied, or belongs to another program.",
        "perfgate gate package.json",
        "Copy it again; make the run again.",
    ),
    "PG-R004": CodeEntry(
        "A file was written by a newer perfgate.",
        "Its version is higher than this program knows.",
        "an artifact of another job",
        "`pip install --upgrade perfgate`",
    ),
    "PG-R005": CodeEntry(
        "There is no such run.",
        "The id is misspelt, or the run was pruned.",
        "perfgate report 2026-01-01",
        "`perfgate history list` shows those that are there.",
    ),
    "PG-R006": CodeEntry(
        "Several runs begin with this id.",
        "It is too short.",
        "perfgate report 20",
        "Give more of the id.",
    ),
    "PG-R007": CodeEntry(
        "The run has no verdict yet.",
        "It was interrupted, or only measured.",
        "perfgate report latest",
        "`perfgate gate RUN` judges it without new load.",
    ),
    "PG-R008": CodeEntry(
        "The artifact of a fork's workflow is refused.",
        "What comes from a fork is not trusted: it must be of the expected commit, shape and size.",
        "an archive with a path outside its folder",
        'See docs/action.md, "Pull requests from forks". If it is your own: run it again.',
    ),
    "PG-R009": CodeEntry(
        "There are no runs yet.",
        "Nothing was measured here, or the history is another one.",
        "perfgate trend",
        "`perfgate run --budget budgets.yaml`; name the history with `--history URL`.",
    ),
    "PG-R010": CodeEntry(
        "A chart could not be drawn.",
        "A bug or odd values; the verdict does not depend on it.",
        "The chart of search p95 could not be drawn",
        "Please report it.",
    ),
    "PG-R011": CodeEntry(
        "Recorded figures could not be read again.",
        "windows or diagnosis.json in the run folder are damaged or of a newer version.",
        "a cut-off artifact",
        "The verdict stands; the report lacks the pictures made of them.",
    ),
    "PG-I001": CodeEntry(
        "The file is not a recording of this format.",
        "Columns or fields are missing that every such file has.",
        "perfgate import report.html",
        "Name the format with `--format`; docs/import.md says how each program writes its file.",
    ),
    "PG-I002": CodeEntry(
        "Lines of the recording cannot be read.",
        "Their share is larger than `--max-bad` allows.",
        "line 7: no number in the column elapsed",
        "Mend or cut the lines that the message lists, or allow more: `--max-bad 5%`.",
    ),
    "PG-I003": CodeEntry(
        "No request of the recording belongs to an endpoint.",
        "Names differ, and so do methods and paths.",
        "a recording of another application",
        "Name endpoints like the recording's labels, or give `--endpoint`.",
    ),
    "PG-I004": CodeEntry(
        "Nothing is left of the recording.",
        "`--skip` is longer than the recording, or it is a summary.",
        "--skip 10m of a run of 5 minutes",
        "Skip less.",
    ),
    "PG-I005": CodeEntry(
        "Half of an A/B test is missing.",
        "Some requests carry an arm and others none.",
        "all requests are of head",
        "Record both arms into one file; see docs/import.md.",
    ),
    "PG-I010": CodeEntry(
        "What an imported run lacks.",
        "Other programs do not record everything that perfgate does.",
        "no runner probe, no response sizes",
        "Nothing; budgets on what is missing have no data.",
    ),
    "PG-N001": CodeEntry(
        "There is nothing here to begin with.",
        "No OpenAPI file, no HAR, no locustfile, no service was named or seen.",
        "perfgate init (in an empty folder)",
        "Name one: `perfgate init openapi.json`, `perfgate init http://127.0.0.1:8000`, or paste curl commands: `perfgate init -`.",
    ),
    "PG-N002": CodeEntry(
        "The format of the source is not known, or it is damaged.",
        "Its content is none of those that perfgate converts, of a version that is not read, or breaks off.",
        "perfgate init README.md; perfgate init plan.jmx (which ends in the middle)",
        "Mend it where the message says, or export it again. Name the format with `--format`; docs/init.md lists them.",
    ),
    "PG-N003": CodeEntry(
        "The source has no request that could be sent.",
        "It is empty, or everything in it is left out.",
        "a HAR recorded after the page was loaded",
        "Record or export it again, as the message says; `--unsafe` takes in what may change data.",
    ),
    "PG-N004": CodeEntry(
        "The service shows no OpenAPI document.",
        "It does not publish one at the usual paths, and has no page with links either.",
        "perfgate init http://127.0.0.1:8000",
        "Name the document's URL or file, or paste curl commands: `perfgate init -`.",
    ),
    "PG-N005": CodeEntry(
        "How the application is started is not known.",
        "None of the usual files is here.",
        "perfgate init --service",
        "Write `service: {command: ..., port: ...}` by hand.",
    ),
    "PG-N006": CodeEntry(
        "The source is too large.",
        "It would not fit into memory.",
        "a log of 10 GB",
        "Give a part of it: `tail -n 100000 access.log`.",
    ),
    "PG-N007": CodeEntry(
        "A request, or something else of the source, was left out.",
        "It may change data, goes to another host, cannot be written in a budget file, is known only while a script runs, or failed or took long when it was tried.",
        "left out: DELETE /users/{id}: may change data",
        "`--unsafe` takes in what may change data. What was tried is a comment in the file: mend it and take the `# ` away. Write others by hand.",
    ),
    "PG-N008": CodeEntry(
        "The requests could not be tried.",
        "`perfgate init` sends each request of a running service once, to leave out what fails or takes long. None of "
        "them came to an end.",
        "perfgate init http://127.0.0.1:8000",
        "Look at the service's log. `--no-try` writes the file without sending anything.",
    ),
    "PG-N009": CodeEntry(
        "The service does not answer.",
        "It is not started, or listens at another address.",
        "perfgate init http://127.0.0.1:8000",
        "Start it first, and look at the port in its log.",
    ),
    "PG-R012": CodeEntry(
        "Another run is under way in the same folder.",
        "Two runs were started with the same `--out` at once.",
        "perfgate run --out reports & perfgate run --out reports",
        "Give each a folder of its own.",
    ),
}
