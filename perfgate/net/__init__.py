"""HTTP for everything but the load, and proxies."""
