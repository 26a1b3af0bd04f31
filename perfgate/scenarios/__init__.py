"""The way from the budget file to what Locust runs: `plan` says what will be sent, `generate` writes it as Python."""

from perfgate.scenarios.generating import generate
from perfgate.scenarios.planning import plan, secrets

__all__ = ["generate", "plan", "secrets"]
