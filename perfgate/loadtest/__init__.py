"""Starts, watches and stops Locust as a child process; and the service under test, when perfgate is to start it."""

from perfgate.loadtest.locust_process import Fleet, Options, run
from perfgate.loadtest.service import settled, started
from perfgate.loadtest.target import check_allowed, check_up

__all__ = ["Fleet", "Options", "check_allowed", "check_up", "run", "settled", "started"]
