"""The service under test: started, checked out, set up, side by side."""
