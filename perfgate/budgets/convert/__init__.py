"""A checked draft -> BudgetFile."""
