"""What the report's tests tell: a shop with a finding of every outcome, and texts from outside that attack."""

from __future__ import annotations

from collections.abc import Iterator

from builders import make_criterion, make_endpoint, make_finding, make_past_run, make_revision, make_run, make_verdict

from perfgate.model.budget_file import Kind, Severity
from perfgate.model.outcome import Outcome
from perfgate.model.run import Generator, Run
from perfgate.model.verdict import Finding
from perfgate.recording import windows
from perfgate.report.facts import Facts

A, R = Kind.ABSOLUTE, Kind.RELATIVE
RECOMMENDATIONS = "GET /api/v1/products/{id}/recommendations"


def shop_facts() -> Facts:
    """One finding of every outcome, twenty earlier runs, failed requests, warnings and notes."""
    usual = {"list products": 0.034, "search": 0.082, "log in": 0.120, "place order": 0.055, RECOMMENDATIONS: 0.210}
    past = [
        make_past_run(
            n,
            run=make_run(
                n,
                endpoints=[make_endpoint(name, p95=p95 * (1 + n * 7 % 5 / 100)) for name, p95 in usual.items()],
                revision=make_revision(commit=f"{n:02d}c0ffee" + "0" * 32),
            ),
        )
        for n in range(20, 0, -1)
    ]
    run = make_run(
        21,
        endpoints=[
            make_endpoint("list products", p95=0.0352, requests=2391),
            make_endpoint("search", p95=0.131, requests=1203),
            make_endpoint("log in", p95=0.1231, requests=590),
            make_endpoint(
                "place order",
                p95=0.056,
                requests=611,
                failures=20,
                failures_by_kind={"status": 18, "timeout": 2},
                failure_examples=(
                    "503 Service Unavailable: <b>busy</b> [red]now[/red]\x1b[31m",
                    "no answer after 10 s",
                ),
            ),
            make_endpoint(RECOMMENDATIONS, p95=0.214, requests=12),
            make_endpoint("new thing", p95=0.030, requests=300),
        ],
        revision=make_revision(branch="faster-search", commit="9f3c2ab" + "0" * 33, pull_request=7, base="main"),
        generator=Generator(due=6000, late=12, lateness_p99=0.0012, cpu=0.43, users=61, connections=61),
        warmup_requests=990,
        warnings=("Only 12 requests of one endpoint: its p95 is a guess. Run longer.",),
    )
    verdict = make_verdict(
        *_findings(),
        run=run.id,
        baseline_runs=tuple(p.run.id for p in past),
        notes=("search: its body changed, so earlier runs of it are not compared.",),
    )
    return Facts(verdict=verdict, run=run, past_runs=tuple(past))


def _findings() -> Iterator[Finding]:
    one_percent = make_criterion(A, limit=0.01, text="1%")
    plus_ten, not_above_300 = make_criterion(R, limit=0.10), make_criterion(A, limit=0.300)
    yield make_finding(
        "list products",
        measured=0.0352,
        baseline=0.034,
        baseline_runs=20,
        criteria=[make_criterion(A, limit=0.120), plus_ten],
    )
    yield make_finding(
        "list products",
        "errors",
        measured=0.0,
        baseline=0.0,
        baseline_runs=20,
        criteria=[one_percent, make_criterion(R, limit=0.005, text="+0.5pp")],
    )
    yield make_finding(
        "search",
        outcome=Outcome.FAIL,
        measured=0.131,
        baseline=0.082,
        baseline_runs=20,
        criteria=[
            make_criterion(A, limit=0.120, outcome=Outcome.FAIL),
            make_criterion(R, limit=0.10, outcome=Outcome.FAIL),
        ],
        interval=(0.48, 0.71),
        sentence="search p95 82 to 131 ms, +60 % (95 % interval +48 to +71 %), over the limit of +10%; over the limit of "
        "120 ms.",
    )
    yield make_finding(
        "log in",
        outcome=Outcome.WARN,
        measured=0.1231,
        baseline=0.120,
        baseline_runs=20,
        criteria=[not_above_300, make_criterion(A, limit=0.120, severity=Severity.WARN, outcome=Outcome.WARN)],
        interval=(-0.03, 0.085),
        sentence="log in p95 120 to 123 ms, +2.6 % (95 % interval -3 to +8.5 %), over the warning limit of 120 ms; within "
        "the limit of 300 ms.",
    )
    yield make_finding(
        "place order",
        "errors",
        outcome=Outcome.FAIL,
        measured=20 / 611,
        baseline=0.0,
        baseline_runs=20,
        criteria=[make_criterion(A, limit=0.01, text="1%", outcome=Outcome.FAIL)],
        sentence="place order errors 3.27 %: over the limit of 1 %. 20 of 611 requests failed (status 18, timeout 2).",
    )
    yield make_finding(
        "place order",
        outcome=Outcome.IMPROVED,
        measured=0.056,
        baseline=0.072,
        baseline_runs=20,
        criteria=[not_above_300, plus_ten],
        interval=(-0.30, -0.15),
        sentence="place order p95 72 to 56 ms, -22 % (95 % interval -30 to -15 %), an improvement; within the limit of "
        "300 ms.",
    )
    yield make_finding(
        RECOMMENDATIONS,
        outcome=Outcome.INCONCLUSIVE,
        measured=0.214,
        baseline=0.210,
        baseline_runs=20,
        criteria=[not_above_300, make_criterion(R, limit=0.10, outcome=Outcome.INCONCLUSIVE)],
        interval=(-0.30, 0.48),
        sentence=f"{RECOMMENDATIONS} p95 210 to 214 ms, +1.9 % (95 % interval -30 to +48 %), limit of +10%: no regression "
        "seen; a rise below +40 % could have hidden: `--base-ref` would show it; within the limit of 300 ms.",
    )
    yield make_finding(
        "export report",
        outcome=Outcome.NO_DATA,
        measured=None,
        sentence="export report: no requests were measured, so its p95 cannot be judged.",
    )
    yield make_finding(
        "new thing",
        outcome=Outcome.NO_BASELINE,
        measured=0.030,
        criteria=[not_above_300, make_criterion(R, limit=0.10, outcome=Outcome.NO_BASELINE)],
        sentence="new thing p95 30 ms: within the limit of 300 ms; no baseline yet: 2 runs on record, 5 needed.",
    )


HOSTILE = (
    "a|b",
    "`x` ``",
    "<script>alert(1)</script>",
    "@admin #1 !2",
    "line\r\nbreak\u2028and\x85more",
    "--> <!--",
    "\x1b[31mred\x1b[0m\x1b]8;;http://evil.example\x07link\x9b1m",
    "![i](http://evil.example/x.png) www.evil.example",
    "\\|",
    "ends in \\",
    "[red]markup[/red] [/]",
    "\u202eright to left",
    "lone \ud800 surrogate",
    "</details></code></td>",
    "&lt;b&gt;",
    "*b* _i_ ~~s~~ # h",
    "$x^2$ and \\frac",
    "{{ 7 * 7 }} {% x %}",
    "| - | - |",
    "",
    "x" * 5000,
    "\0\x0b\ufffe\uffff",
)


def hostile_facts(endpoints: int) -> Facts:
    """Every text that comes from outside is an attack."""
    names = [HOSTILE[n % len(HOSTILE)] + (str(n) if n >= len(HOSTILE) else "") for n in range(endpoints)]
    outcomes = list(Outcome)
    findings = [
        make_finding(
            name,
            outcome=outcomes[n % len(outcomes)],
            baseline=0.09,
            sentence=f"{name} p95 100 ms: {name} {name}",
            reason=name,
            criteria=[make_criterion(R, limit=0.1, text=name, outcome=outcomes[n % len(outcomes)])],
        )
        for n, name in enumerate(names)
    ]
    run = make_run(
        endpoints=[
            make_endpoint(name, failures=4, failures_by_kind={name: 4}, failure_examples=(name, name * 3))
            for name in names
        ],
        warnings=HOSTILE,
        target=HOSTILE[0],
        revision=make_revision(branch=HOSTILE[2], commit=HOSTILE[1]),
    )
    verdict = make_verdict(*findings, run=run.id, name=HOSTILE[2], notes=HOSTILE, baseline_branch=HOSTILE[0])
    return Facts(verdict=verdict, run=run)


def drawn_facts(name: str) -> Facts:
    """An endpoint that failed after two earlier runs, under a hostile name and at hostile commits."""

    def run(number: int) -> Run:
        commit = make_revision(commit=name or "c", branch=name)
        return make_run(number, endpoints=[make_endpoint(name)], revision=commit)

    past = tuple(make_past_run(number, run=run(number)) for number in (2, 1))
    finding = make_finding(name, outcome=Outcome.FAIL, baseline=0.09)
    return Facts(verdict=make_verdict(finding), run=run(9), past_runs=past)


def recorded(facts: Facts, seconds: int) -> windows.Record:
    """Five seconds of warm-up and then so many: seven successes each about the endpoint's median, and one failure in
    second 3."""
    record = windows.Record()
    for second in range(-5, seconds):
        for result in facts.run.endpoints:
            window = windows.Window()
            middle = int(result.metrics["p50"] * 1e9)
            for n in range(7):
                window.latency.add(middle + middle * (n - 3 + (second * 37 + n * 11) % 5 // 4) // 4)
            window.successes, window.failures = 7, {"status": 1} if second == 3 else {}
            record.add(("endpoint", result.name, "", second), window)
    return record
