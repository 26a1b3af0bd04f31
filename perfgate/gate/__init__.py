"""Decides: budgets + run + baseline -> verdict. Pure; the only place where outcomes are made."""

from perfgate.gate.baseline import choose_baseline
from perfgate.gate.judging import judge

__all__ = ["choose_baseline", "judge"]
