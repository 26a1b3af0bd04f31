"""Callbacks: applications call a URL of the load generator's own to say that a background job is done."""
