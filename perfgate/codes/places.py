"""Codes of publishing (P), of a diagnosis (X), and of `perfgate doctor` (D)."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes.entry import CodeEntry

CODES: Mapping[str, CodeEntry] = {
    "PG-P001": CodeEntry(
        "What was to be posted was refused.",
        "The token is missing, unknown, or lacks a permission; forks' tokens may only read.",
        "No comment: the token may not write",
        "Give the job the permission that the message shows, to paste. The verdict stands.",
    ),
    "PG-P002": CodeEntry(
        "The job is not what this step expects.",
        "The event names no commit or no workflow run.",
        "--from-workflow-run in a push",
        "See docs/action.md for the two workflows.",
    ),
    "PG-P003": CodeEntry(
        "The charts have no branch to stand on.",
        "Pictures of a comment are kept on the data branch of this repository.",
        "a history elsewhere",
        "`history: git:perfgate-data`, or no charts: `--charts never`.",
    ),
    "PG-P004": CodeEntry(
        "Nothing was posted: this is no job of that CI service.",
        "The variables that name repository and event are not there.",
        "perfgate publish --to github (on a laptop)",
        "Run it in a job, or leave it out.",
    ),
    "PG-P005": CodeEntry(
        "A chat or webhook was not told.",
        "Its URL is wrong, or it answered with an error.",
        "Slack was not told: it answered 403",
        "Check the URL in the variable. The verdict stands.",
    ),
    "PG-P006": CodeEntry(
        "The CI service's API did not answer as expected.",
        "Network, an outage, or a proxy in between.",
        "GitHub does not answer: timed out",
        "`perfgate publish RUN` tells it later, without new load.",
    ),
    "PG-P007": CodeEntry(
        "The job's summary or outputs could not be written.",
        "The step has used up its 1 MiB, or the disk is full.",
        "No job summary",
        "report.md in the artifact has all of it.",
    ),
    "PG-P008": CodeEntry(
        "Acceptances could not be read.",
        "The API refused labels, commits or pull requests.",
        "Acceptances in labels could not be read",
        "Give the token `pull-requests: read`.",
    ),
    "PG-P009": CodeEntry(
        "A monitoring system did not get the numbers.",
        "It is down, too slow, or refuses them; its address or its credentials are wrong.",
        "Not exported to otlp at otlp.example:4318: it answered 401",
        "Check the URL of --export and the variables in docs/export.md. The verdict stands.",
    ),
    "PG-X001": CodeEntry(
        "A probe of the diagnosis cannot read its database.",
        "It cannot connect, or may not read the statistics.",
        "diagnose.postgres: pg_stat_statements cannot be read",
        "`CREATE EXTENSION pg_stat_statements`, and `GRANT pg_read_all_stats TO user`.",
    ),
    "PG-X002": CodeEntry(
        "A probe needs a package.",
        "Clients of databases are optional.",
        "diagnose.postgres needs psycopg",
        "`pip install 'perfgate[postgres]'`, or what the message names.",
    ),
    "PG-X003": CodeEntry(
        "The second pass broke off.",
        "Requests that are sent again, alone and slowly, did not get their answers.",
        "search could not be sent again",
        "See the log that the message names. The verdict stands.",
    ),
    "PG-X004": CodeEntry(
        "There is nothing to explain.",
        "Nothing failed that a second pass could look at.",
        "perfgate diagnose (after a pass)",
        "Name an endpoint: `perfgate diagnose ENDPOINT`.",
    ),
    "PG-X005": CodeEntry(
        "Something could not be diagnosed.",
        "Requests failed on one side, or an endpoint cannot be sent by itself.",
        "on the base every request failed",
        "The verdict stands; read the reason in the message.",
    ),
    "PG-X006": CodeEntry(
        "A database or cache counted nothing of the application.",
        "The URL under `diagnose:` is that of another one, or no endpoint of the file uses it.",
        "diagnose.postgres counted no statement while endpoints were sent",
        "Give `diagnose:` the URL that the application itself has (host, port and database). Where no endpoint uses a "
        "database on purpose, leave out the budget. Nothing counted is no data, and never passes.",
    ),
    "PG-D001": CodeEntry(
        "`perfgate doctor`: the budget file.",
        "It cannot be read, has mistakes, or variables that are not set here.",
        "BROKEN  budget file",
        "Mend it: `perfgate check` shows each mistake with its line.",
    ),
    "PG-D002": CodeEntry(
        "`perfgate doctor`: the target or the service.",
        "It does not answer, may not be loaded, or was not started.",
        "warning service: not started",
        "Start it, or `perfgate doctor --start`.",
    ),
    "PG-D003": CodeEntry(
        "`perfgate doctor`: a proxy is on the way.",
        "Its time would be measured as well.",
        "the load goes through 10.0.0.1:3128",
        "Except the target: `NO_PROXY=host`.",
    ),
    "PG-D004": CodeEntry(
        "`perfgate doctor`: the machine.",
        "Clock, cores, kernel timestamps or file limit would spoil or limit the measurement.",
        "warning cores: 1",
        "Take another runner, or what the line names.",
    ),
    "PG-D005": CodeEntry(
        "`perfgate doctor`: the history or the baseline.",
        "It cannot be read or written, or has too few comparable runs.",
        "baseline: 2 of 5 runs",
        "Nothing at the beginning; else what the line names.",
    ),
    "PG-D006": CodeEntry(
        "`perfgate doctor`: the CI job.",
        "Event, token, repository or clone depth lack something.",
        "warning clone depth: shallow, 1 commits",
        "Add what the line names to the workflow.",
    ),
    "PG-D007": CodeEntry(
        "`perfgate doctor`: an optional part is missing.",
        "A browser or an extra package is not installed.",
        "extras: psycopg is missing",
        "Install it if you need it.",
    ),
}
