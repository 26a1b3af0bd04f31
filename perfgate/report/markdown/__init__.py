"""report.md, comments and announcements."""
