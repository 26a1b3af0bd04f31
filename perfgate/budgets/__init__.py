"""budgets.yaml -> BudgetFile: strict YAML with places, the shape, the checks, and mistakes that say what to write."""

from perfgate.budgets.checks.check_target import target_problem
from perfgate.budgets.reading import check, read
from perfgate.budgets.shape.json_schema import schema

__all__ = ["check", "read", "schema", "target_problem"]
