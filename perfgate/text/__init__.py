"""Text in and out: units, templates, and what makes a text safe to show."""
