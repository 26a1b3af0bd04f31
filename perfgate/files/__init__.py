"""Files on disk: reading and writing them, the run folder, and archives of strangers."""
