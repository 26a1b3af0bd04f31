"""Codes of findings (V), and of notes about a comparison (C)."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes.entry import CodeEntry

CODES: Mapping[str, CodeEntry] = {
    "PG-V001": CodeEntry(
        "The value is over a fixed limit.",
        "Measured, and surely over: the lower bound of the interval is over it too.",
        "search p95 131 ms: over the limit of 120 ms",
        "Make it faster, or change the limit if it was wrong. report.md says which layer it is.",
    ),
    "PG-V002": CodeEntry(
        "A regression: it became worse than the baseline by more than the limit.",
        "The change is significant, and at or over the limit and the floor.",
        "search p95 82 to 131 ms, +60 %",
        'Look at the diagnosis; if the change is intended: `perfgate accept latest --reason "..."`.',
    ),
    "PG-V003": CodeEntry(
        "There is no baseline yet.",
        "Relative limits need earlier runs of the baseline's branch with the same requests and load.",
        "no baseline yet: 2 earlier runs on main, 5 needed",
        "Nothing: they are judged once there are enough; `--base-ref main` compares at once.",
    ),
    "PG-V004": CodeEntry(
        "It became better than the baseline.",
        "The improvement is significant.",
        "search p95 82 to 61 ms",
        "Nothing.",
    ),
    "PG-V005": CodeEntry(
        "Undecided: more may be chance, or this run could have missed a regression.",
        "Too few requests, or too much noise between runs.",
        "it may be chance; 3 times as long would tell",
        "A longer `duration` (`20s..3m`), or `--base-ref`, which compares on one machine.",
    ),
    "PG-V006": CodeEntry(
        "The budget is kept.",
        "It is within its limits, and a violation of more than the sensitivity is ruled out.",
        "within the limit of 120 ms",
        "Nothing.",
    ),
    "PG-V007": CodeEntry(
        "Nothing was measured.",
        "No request was sent, or all failed, so there is nothing to judge. Missing data never passes.",
        "all 300 requests failed (status 401)",
        "Look at the example of a failure in the message: login, path, weight.",
    ),
    "PG-V008": CodeEntry(
        "All endpoints moved together, and it is not known whether by the machine.",
        "There is no reference of the runner that tells the two apart.",
        "all endpoints p50 +20 %",
        "`--base-ref main`: base and head on the same machine.",
    ),
    "PG-V009": CodeEntry(
        "New in this branch.",
        "The base does not have this endpoint, so there is nothing to compare with.",
        "not compared: new in this branch",
        "Nothing; its fixed limits are judged.",
    ),
    "PG-V010": CodeEntry(
        "Undecided: the load generator was not well.",
        "It was late or out of CPU, so the figures are not the service's alone.",
        "the load generator made only 71 % of the planned starts",
        "`--processes 2`, a larger runner, or a lower rate.",
    ),
    "PG-V011": CodeEntry(
        "Undecided: the load was ended early.",
        "What has not been measured cannot pass.",
        "the load was ended early: errors over 50 %",
        "See why it was ended.",
    ),
    "PG-V012": CodeEntry(
        "Undecided: too many requests failed.",
        "The percentile is that of the others only.",
        "12 % of the requests failed",
        "Limit `errors` too, and see why they fail.",
    ),
    "PG-V013": CodeEntry(
        "A regression that somebody accepted.",
        "There is an acceptance with a reason.",
        "Accepted by ana: new feature.",
        "Nothing: later runs are compared with the new level.",
    ),
    "PG-V014": CodeEntry(
        "A failure that was not seen again.",
        "The run that confirms did not fail here.",
        "Not confirmed: run 2026-01-01 did not fail here",
        "Nothing; it does not stop the build.",
    ),
    "PG-V015": CodeEntry(
        "Exceptions of scenarios ended many iterations.",
        "Hand-written code raised them, over one for each 20 requests: what would have followed was not sent, so a limit "
        "that was kept proves nothing. One that was not kept still fails.",
        "the scenarios raised 90 exceptions, and what would have followed was not sent",
        "Mend the scenario: locust.log in the run folder has the tracebacks. Check an answer before its fields are used, "
        "and call `response.failure(...)` where it is not what was expected: then it counts as an error.",
    ),
    "PG-V016": CodeEntry(
        "Undecided: the rows of data were used up.",
        "Iterations without a row were left out, over one in 20, so the load was another one than planned.",
        "400 iterations had no row of data left",
        "Add rows, let them begin again, or lower the rate.",
    ),
    "PG-V017": CodeEntry(
        "Undecided: arrivals found no free virtual user.",
        "Over one in 20 was not sent, so a limit that was kept proves nothing. One that was not kept still fails.",
        "400 arrivals found no free virtual user",
        "Raise `load.max_users` (`maxVUs` of k6), or see why answers are slow: they keep the users busy.",
    ),
    "PG-V018": CodeEntry(
        "Undecided: processes of the load generator were lost.",
        "Their part of the load was not sent.",
        "1 of 3 load-generator processes were lost",
        "Fewer processes or users, or more memory, which is what they mostly lack.",
    ),
    "PG-V019": CodeEntry(
        "Undecided: the load generator could not send many requests.",
        "It had no port, file descriptor or memory for them, or no address: over one in 100.",
        "the load generator could not send 900 requests: no local port was free",
        "Do what the message says: it names what was short.",
    ),
    "PG-C001": CodeEntry(
        "Nothing was judged.",
        "No budget of the file concerns what was sent.",
        "endpoints without `budget`",
        "`defaults: {budget: {p95: 300ms +10%, errors: 1%}}`",
    ),
    "PG-C002": CodeEntry(
        "The load was prolonged.",
        "Something was not decided after the planned time.",
        "duration: 20s..3m",
        "Nothing.",
    ),
    "PG-C003": CodeEntry(
        "Earlier runs are not compared: conditions changed.",
        "Requests, load, host or the meaning of latency are others than before.",
        "The load changed: 50/s -> 100/s",
        "Nothing: new runs make a new baseline; `--base-ref` compares at once.",
    ),
    "PG-C004": CodeEntry(
        "Endpoints were added or removed since the baseline.",
        "They are new, or no longer sent.",
        "New since the last baseline run: search",
        "Nothing, if it is intended.",
    ),
    "PG-C005": CodeEntry(
        "The baseline was measured on another runner, or in another browser.",
        "Other CPUs have other speeds, and a new Chromium may paint sooner or later.",
        "2 x Xeon before, 4 x EPYC now",
        "Pin the runner's type, or use `--base-ref`.",
    ),
    "PG-C006": CodeEntry(
        "The anchor has no comparable run.",
        "No run of that tag or commit is in the history, or its conditions differ.",
        "anchor: v1.4.0",
        "Run perfgate on that commit and save it: `perfgate run --save`.",
    ),
    "PG-C007": CodeEntry(
        "An acceptance was not taken, or concerns it.",
        "Only people who may write to the repository can accept.",
        "Not accepted, commit abc: it is a fork's.",
        "Somebody with write access accepts it.",
    ),
    "PG-C008": CodeEntry(
        "A run was measured again to confirm a failure.",
        "`--confirm` names the earlier run.",
        "1 of its 2 failures was seen again",
        "Nothing.",
    ),
    "PG-C009": CodeEntry(
        "The figures come from a fork.",
        "The second workflow judged what the first one measured.",
        "a pull request of a fork",
        "Read them with that in mind.",
    ),
    "PG-C010": CodeEntry(
        "Compared with the history, not with a base.",
        "`--base-ref auto` found no base to measure.",
        "without a `service` to start, there is no base",
        "Add `service` to the budget file to compare on one machine.",
    ),
    "PG-C011": CodeEntry(
        "The target could not keep up.",
        "More and more requests were in flight: the rate is above what it can serve.",
        "requests in flight rose from 9 to 78",
        "Lower the rate, or make the endpoint faster that is named as the likely cause.",
    ),
    "PG-C012": CodeEntry(
        "This page is made from the history.",
        "It keeps what was measured and what failed, not each sentence.",
        "perfgate site",
        "Nothing.",
    ),
    "PG-C013": CodeEntry(
        "Comparable runs are on another branch, or under another name.",
        "The baseline's branch has too few, or the budget file was moved.",
        "5 runs on develop",
        "`gate: {baseline: {branch: develop}}`, or add runs of the branch; for a branch that was renamed, "
        "`branch: [main, master]`; for a file that was moved, `name: OLD/PATH`.",
    ),
    "PG-C014": CodeEntry(
        "The calibration had fewer runs than the gate asks for.",
        "Each run was judged beside the others, which are fewer than `min_runs`.",
        "perfgate calibrate --runs 4",
        "`perfgate calibrate --runs 6`, or a lower `gate: {baseline: {min_runs: ...}}`.",
    ),
    "PG-C015": CodeEntry(
        "A run of the calibration had too few requests for some of the budgets.",
        "What a rise must be to show cannot be reckoned from so few.",
        "search p95 (12)",
        "A longer `--duration`, or a higher rate of these endpoints.",
    ),
    "PG-C016": CodeEntry(
        "Only the base of an A/B test fails.",
        "Its fresh checkout lacks what is not in git: a database, built files, a configuration.",
        "Only the base fails, GET /notes/: 100% of the requests (500 Internal Server Error)",
        "Let `service.setup` make it: `python manage.py migrate`, `npm run build`.",
    ),
}
