"""budgets.yaml -> BudgetFile: strict YAML with places, the shape, the checks, and mistakes that say what to write."""

from perfgate.budgets.checks.check_target import target_problem
from perfgate.budgets.reading import check, other_ending, read
from perfgate.budgets.shape.json_schema import schema

__all__ = ["check", "other_ending", "read", "schema", "target_problem"]
