"""Strict YAML: a document with the place of every value."""
