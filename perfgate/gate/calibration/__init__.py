"""What noise the history shows, and which budgets it allows."""
