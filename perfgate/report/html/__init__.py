"""report.html and the dashboard."""
