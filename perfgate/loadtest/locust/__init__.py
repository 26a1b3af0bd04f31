"""Locust headless as a child, and what runs beside it."""
