"""Recordings with one request a line or element."""
