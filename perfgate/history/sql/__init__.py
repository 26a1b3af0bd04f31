"""A history in a database: SQLite or PostgreSQL."""
