"""budgets.yaml -> BudgetFile: strict YAML with places, the shape, the checks, and mistakes that say what to write."""

from perfgate.budgets.json_schema import schema
from perfgate.budgets.reading import check, read

__all__ = ["check", "read", "schema"]
