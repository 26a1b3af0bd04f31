"""Tries a new budget file before anybody relies on it: each request once, and then under load."""
