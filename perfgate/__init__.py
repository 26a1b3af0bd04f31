"""perfgate: the load-test gate that says which endpoint got slower, whether it is real, and which layer did it."""

__version__ = "0.1.0"
