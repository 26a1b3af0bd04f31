"""The error rates of a verdict, stated once.

- A run of unchanged code fails with a probability of at most ALPHA, over all its relative limits together (Holm), and
  over all looks at it.
- What really is over a limit by more than the sensitivity passes with a probability of at most FALSE_PASS_RATE, so
  a pass needs a one-sided bound at the level PASS_LEVEL.
- A change counts as detectable when it is found with the probability POWER; cures for what is undecided aim at that.
- Intervals that people see are two-sided at CONFIDENCE.
"""

from __future__ import annotations

ALPHA = 0.01
FALSE_PASS_RATE = 0.05
PASS_LEVEL = 1 - FALSE_PASS_RATE  # of a run that is looked at once
POWER = 0.80
CONFIDENCE = 0.95
OWN_LEVEL = 0.05  # which a percentile itself must reach that borrows strength from others
