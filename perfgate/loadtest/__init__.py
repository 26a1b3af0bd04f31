"""Starts, watches and stops Locust as a child process; and the service under test, when perfgate is to start it."""

from perfgate.loadtest.locust.locust_process import Options
from perfgate.loadtest.locust.trial import Attempt, send_once
from perfgate.loadtest.parts import ONE_LOOK, InterimLooks, look_times, run, seconds
from perfgate.loadtest.service.aa_test import aa_test, can_run_twice
from perfgate.loadtest.service.handshake import tls_check
from perfgate.loadtest.service.merge_base import merge_base
from perfgate.loadtest.service.side_by_side import ArmContext, Base, Head, base_and_head
from perfgate.loadtest.service.sides import Sides, host_of
from perfgate.loadtest.service.starting import Services, Start, running, with_port
from perfgate.loadtest.service.target import check_allowed, check_plain, check_up, way_to
from perfgate.recording.handover import Duet

__all__ = [
    "ONE_LOOK",
    "ArmContext",
    "Attempt",
    "Base",
    "Duet",
    "Head",
    "InterimLooks",
    "Options",
    "Services",
    "Sides",
    "Start",
    "aa_test",
    "base_and_head",
    "can_run_twice",
    "check_allowed",
    "check_plain",
    "check_up",
    "host_of",
    "look_times",
    "merge_base",
    "run",
    "running",
    "seconds",
    "send_once",
    "tls_check",
    "way_to",
    "with_port",
]
