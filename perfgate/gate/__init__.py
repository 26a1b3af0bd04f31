"""Decides: budgets + run + baseline -> verdict. Pure; the only place where outcomes are made."""

from perfgate.gate.calibration.calibrating import calibrate
from perfgate.gate.calibration.noise import MIN_RUNS
from perfgate.gate.history.anchor import choose_anchor
from perfgate.gate.history.baseline import choose_baseline
from perfgate.gate.history.elsewhere import elsewhere, moved
from perfgate.gate.incidents import incidents, undecided
from perfgate.gate.scaling import scaled
from perfgate.gate.time_to_decide import decidable, time_to_decide
from perfgate.gate.verdict.accepting import accept
from perfgate.gate.verdict.confirming import confirm
from perfgate.gate.verdict.judging import judge

__all__ = [
    "MIN_RUNS",
    "accept",
    "calibrate",
    "choose_anchor",
    "choose_baseline",
    "confirm",
    "decidable",
    "elsewhere",
    "incidents",
    "judge",
    "moved",
    "scaled",
    "time_to_decide",
    "undecided",
]
