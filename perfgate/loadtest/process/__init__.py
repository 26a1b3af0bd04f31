"""Child processes: started, watched, and ended with perfgate."""
