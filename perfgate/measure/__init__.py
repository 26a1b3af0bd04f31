"""Windows -> Run: what a load test recorded, as metrics of each endpoint."""

from perfgate.measure.measuring import Circumstances, measure
from perfgate.measure.paged import unloaded, with_pages

__all__ = ["Circumstances", "measure", "unloaded", "with_pages"]
