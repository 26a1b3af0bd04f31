"""Decides: budgets + run + baseline -> verdict. Pure; the only place where outcomes are made."""

from perfgate.gate.accepting import accept
from perfgate.gate.anchor import choose_anchor
from perfgate.gate.baseline import choose_baseline
from perfgate.gate.calibration import FEWEST_RUNS, calibrate
from perfgate.gate.confirming import confirm
from perfgate.gate.elsewhere import elsewhere
from perfgate.gate.judging import judge
from perfgate.gate.scaling import scaled
from perfgate.gate.time_to_decide import decidable, time_to_decide

__all__ = [
    "FEWEST_RUNS",
    "accept",
    "calibrate",
    "choose_anchor",
    "choose_baseline",
    "confirm",
    "decidable",
    "elsewhere",
    "judge",
    "scaled",
    "time_to_decide",
]
