"""Codes of the load and its generator: errors (L), and notes beside a run (G)."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes.entry import CodeEntry

CODES: Mapping[str, CodeEntry] = {
    "PG-L001": CodeEntry(
        "Locust did not come to an end.",
        "A scenario blocks, or the machine stands still.",
        "a scenario that sleeps for minutes",
        "See its log, which the message names.",
    ),
    "PG-L002": CodeEntry(
        "Locust ended without a result.",
        "A scenario could not be imported or crashed, or memory ran out.",
        "an import error in scenarios/checkout.py",
        "Its last words are in the message; try `locust -f scenarios/FILE.py`.",
    ),
    "PG-L003": CodeEntry(
        "The record is incomplete.",
        "A process of the generator died, so some requests were counted and not recorded.",
        "the machine ran out of memory",
        "Use fewer users or a larger machine, and run again.",
    ),
    "PG-L004": CodeEntry(
        "The load cannot be split into that many parts.",
        "Each part needs some seconds.",
        "perfgate run --restarts 50 with duration: 30s",
        "Fewer restarts, or a longer load.",
    ),
    "PG-L005": CodeEntry(
        "The URL given for target or base cannot be used.",
        "What holds for a target in the budget file holds for these as well: no password, no query.",
        "perfgate run --target http://user:secret@host",
        "Give the bare URL; secrets go into `headers`.",
    ),
    "PG-G001": CodeEntry(
        "A scenario raised an exception.",
        "Hand-written code failed while it ran; that iteration measured nothing more.",
        "KeyError: 'id' in scenarios/checkout.py",
        "See locust.log in the run folder.",
    ),
    "PG-G002": CodeEntry(
        "Requests were still under way when the load stopped.",
        "They are neither successes nor errors, so they are not judged.",
        "2 requests still under way",
        "Normal for a few. If many: the target hangs; see timeouts.",
    ),
    "PG-G003": CodeEntry(
        "The clock was set during the run.",
        "NTP or somebody changed it; those requests were timed in another way.",
        "NTP steps at the start of a virtual machine",
        "Nothing, if it is rare.",
    ),
    "PG-G004": CodeEntry(
        "The load was ended early.",
        "The `abort` of the budget file, or a failing service.",
        "abort: {errors: 50%, for: 10s}",
        "Look at the errors first; the verdict only says what can be said.",
    ),
    "PG-G005": CodeEntry(
        "Processes of the load generator were lost.",
        "They were killed, mostly for want of memory.",
        "1 of 4 processes were lost",
        "Fewer processes or users, or more memory.",
    ),
    "PG-G006": CodeEntry(
        "A login had expired and was renewed.",
        "An answer had the status 401, so the login was sent again.",
        "tokens that live for 60 s",
        "Nothing, if that is how it is meant.",
    ),
    "PG-G007": CodeEntry(
        "Iterations were left out for want of data.",
        "`once: true`, and the file has fewer rows than iterations.",
        "users.csv with 10 rows at 200/s",
        "Add rows, or let them begin again.",
    ),
    "PG-G008": CodeEntry(
        "Requests that were due were never sent.",
        "All virtual users were busy: the target is slower than the rate.",
        "200/s at an endpoint that takes 3 s",
        "Raise `load.max_users`, or lower the rate.",
    ),
    "PG-G009": CodeEntry(
        "All successes of an endpoint were redirects.",
        "A redirect to a login page is fast, and no error unless somebody says so.",
        "GET /account answers 302",
        "`expect: {status: 200}`, `follow_redirects: true`, or a `login`.",
    ),
    "PG-G010": CodeEntry(
        "Requests could not be sent by the load generator.",
        "It had no port, file or memory left.",
        "ulimit -n 256 with 500 users",
        "`ulimit -n 65536`, keep connections open, or use more machines.",
    ),
    "PG-G011": CodeEntry(
        "Requests were sent again.",
        "The server had closed an idle connection just before.",
        "a keep-alive timeout of 1 s",
        "Nothing; the first try is not counted.",
    ),
    "PG-G012": CodeEntry(
        "The target has several addresses.",
        "Connections were spread over them; they may differ in speed.",
        "a load balancer with two addresses",
        "Nothing, or name one address as the target.",
    ),
    "PG-G013": CodeEntry(
        "Answers were odd.",
        "The server broke a rule of HTTP that perfgate could work around.",
        "a body shorter than its Content-Length",
        "Mend the server; the message says what it did.",
    ),
    "PG-G014": CodeEntry(
        "The load generator has something to say about the load.",
        "It is not what was planned.",
        "a scenario's own note",
        "Read the sentence: it says what was seen.",
    ),
    "PG-G015": CodeEntry(
        "There was no probe of the runner.",
        "It could not be started, so a slow machine cannot be told from a slow application.",
        "a sandbox without permission",
        "Use `--base-ref`: both sides run on the same machine.",
    ),
    "PG-G016": CodeEntry(
        "The job says that it measures a pull request, and the base branch is checked out.",
        "`pull_request_target` and comments run on the base branch: without a `ref` the checkout is not the change.",
        "on: pull_request_target, with a plain actions/checkout",
        "Check out the head of the pull request in a job without secrets: docs/action.md has the workflows.",
    ),
    "PG-G017": CodeEntry(
        "Requests were answered 429, Too Many Requests, or 403 by way of a firewall.",
        "All of the load comes from one machine, and a rate limiter or firewall takes it for one visitor, or for an attack.",
        "home 30 times: answered 429, Too Many Requests",
        "Except the load generator's address from the limit, raise it where tests run, or lower the load.",
    ),
    "PG-G018": CodeEntry(
        "The target went away during the load.",
        "From some second on, no request was answered until the end: connections were refused or closed. Errors count as errors; latencies are those of the "
        "time before. In an A/B test, a base or head that went away proves nothing of the other.",
        "From second 4 on (to 1 s), no request to the target was answered",
        "See the target's log: it may have crashed under the load, run out of memory, or been deployed anew meanwhile. "
        "With `service: {command: ...}` perfgate starts it itself, and says how it ended.",
    ),
    "PG-L006": CodeEntry(
        "A locustfile has no class of users.",
        "The file is empty, or imports its users under a condition that does not hold here.",
        "scenarios: [scenarios/empty.py]",
        "Write a class of users with a task, or take the file out of `scenarios`.",
    ),
}
