"""Starts, watches and stops Locust as a child process; and the service under test, when perfgate is to start it."""

from perfgate.loadtest.locust_process import Fleet, Options
from perfgate.loadtest.merge_base import merge_base
from perfgate.loadtest.parts import ONE_LOOK, Looks, look_times, run, seconds
from perfgate.loadtest.service import Services, Start, running, settled
from perfgate.loadtest.side_by_side import Base, Head, Sides, base_and_head, host_of
from perfgate.loadtest.target import check_allowed, check_up
from perfgate.loadtest.twins import can_run_twice, twins

__all__ = [
    "ONE_LOOK",
    "Base",
    "Fleet",
    "Head",
    "Looks",
    "Options",
    "Services",
    "Sides",
    "Start",
    "base_and_head",
    "can_run_twice",
    "check_allowed",
    "check_up",
    "host_of",
    "look_times",
    "merge_base",
    "run",
    "running",
    "seconds",
    "settled",
    "twins",
]
