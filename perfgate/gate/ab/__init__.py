"""Compares head with base, measured beside each other."""
