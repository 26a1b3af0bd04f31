"""Checks that need more than one value of a budget file."""
