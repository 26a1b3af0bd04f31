"""Results of tools that view pages in a browser."""
