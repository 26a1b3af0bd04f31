"""Server-Timing as diagnoses read it: see `perfgate.text.server_timing`."""

from perfgate.text.server_timing import USUAL, ServerTiming, read

__all__ = ["USUAL", "ServerTiming", "read"]
