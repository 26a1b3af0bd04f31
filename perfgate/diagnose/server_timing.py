"""Server-Timing as diagnoses read it: see `perfgate.text.server_timing`."""

from perfgate.text.server_timing import USUAL_ENTRIES, ServerTiming, read

__all__ = ["USUAL_ENTRIES", "ServerTiming", "read"]
