"""Plans of PostgreSQL: made without executing anything, read, and tried with an index that is not there."""
