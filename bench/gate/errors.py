"""Errors beside earlier runs, on simulated suites: python bench/gate/errors.py

Ten endpoints of 1,000 requests each. An endpoint's share of errors varies between runs as a beta distribution with an
intra-class correlation; in "bursts" it does so in one run of ten only, eight times as much. Limit +0.5pp. In changed
suites the first endpoint's share has risen by so much.
"""

from __future__ import annotations

import argparse

import numpy as np
from replay import upper_bound

from perfgate.gate.history.historical import ChangeTest
from perfgate.gate.history.overdispersed import Counts, bunching, compare
from perfgate.gate.levels import ALPHA
from perfgate.gate.verdict.deciding import MIN_EXTRA_FAILURES
from perfgate.stats.multiplicity import holm

ENDPOINTS, REQUESTS, LIMIT = 10, 1000, 0.005
BURSTS, BURST_SHARE = 8.0, 0.1
CASES = (
    *((runs, share, within, False) for runs in (5, 10) for share in (0.003, 0.02) for within in (0.0, 0.002, 0.01)),
    *((runs, 0.01, 0.002, True) for runs in (5, 10)),
)
RISES = (0.01, 0.02, 0.05)


def drawn(noise: np.random.Generator, shares: np.ndarray, within: float, bursts: bool, runs: int) -> np.ndarray:
    """(runs, endpoints) failures."""
    scale = np.where(noise.random((runs, len(shares))) < BURST_SHARE, BURSTS, 0.0) if bursts else 1.0
    rho = np.broadcast_to(np.maximum(within * scale, 1e-7), (runs, len(shares)))
    return noise.binomial(REQUESTS, noise.beta(shares * (1 / rho - 1), (1 - shares) * (1 / rho - 1)))


def alarms(now: np.ndarray, past: np.ndarray) -> np.ndarray:
    """Which endpoints fail, and which pass."""
    series = [[Counts(failures=int(f), requests=REQUESTS) for f in column] for column in past.T]
    together = bunching(series)
    asked = ChangeTest(limit=LIMIT, alpha=ALPHA / ENDPOINTS)
    found = [
        compare(Counts(failures=int(f), requests=REQUESTS), column, together, asked)
        for f, column in zip(now, series, strict=True)
    ]
    known = [one for one in found if one is not None]
    adjusted = holm([one.p_worse for one in known])
    failed = [
        p < ALPHA and one.change >= LIMIT and one.change * REQUESTS >= MIN_EXTRA_FAILURES
        for p, one in zip(adjusted, known, strict=True)
    ]
    return np.array([failed, [one.bound < LIMIT for one in known]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suites", type=int, default=400)
    options = parser.parse_args()
    for runs, share, within, bursts in CASES:
        noise = np.random.default_rng(11)
        shares = np.full(ENDPOINTS, share)
        wrong = passed = 0
        for _ in range(options.suites):
            failed, kept = alarms(
                drawn(noise, shares, within, bursts, 1)[0], drawn(noise, shares, within, bursts, runs)
            )
            wrong += bool(failed.any())
            passed += kept.mean()
        found = []
        for rise in RISES:
            risen = shares + np.where(np.arange(ENDPOINTS) == 0, rise, 0.0)
            tries = options.suites // 4
            hits = [
                alarms(drawn(noise, risen, within, bursts, 1)[0], drawn(noise, shares, within, bursts, runs))[0][0]
                for _ in range(tries)
            ]
            found.append(f"+{rise * 100:g}pp {np.mean(hits):.0%}")
        kind = ", in bursts" if bursts else ""
        print(
            f"{runs} runs, {share:.1%} errors, correlation {within:g}{kind}: false alarms {wrong}/{options.suites} "
            f"(at most {upper_bound(wrong, options.suites):.1%}), passes {passed / options.suites:.0%}; "
            f"found {', '.join(found)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
