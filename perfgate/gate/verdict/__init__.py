"""Decides each budget, and says why."""
