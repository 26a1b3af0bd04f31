"""Decides: budgets + run + baseline -> verdict. Pure; the only place where outcomes are made."""

from perfgate.gate.baseline import NEVER_A_BASELINE, choose_baseline
from perfgate.gate.judging import judge

__all__ = ["NEVER_A_BASELINE", "choose_baseline", "judge"]
