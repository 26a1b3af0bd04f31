"""Recordings with one request a row, in tables."""
