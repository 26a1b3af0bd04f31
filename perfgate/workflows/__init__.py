"""The programs on a page each: stages in order."""
