"""Windows -> Run: what a load test recorded, as metrics of each endpoint."""

from perfgate.measure.measuring import Circumstances, measure

__all__ = ["Circumstances", "measure"]
