"""A service twice, from the same folder: an A/B test of unchanged code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from perfgate.loadtest.service.ports import free_ports
from perfgate.loadtest.service.sides import WORK_TREE, Sides, start_of_arm
from perfgate.loadtest.service.starting import at_port, takes_port
from perfgate.model.budget_file import Service
from perfgate.model.run import Arm
from perfgate.recording.windows import BASE, HEAD


def can_run_twice(service: Service, target: str) -> bool:
    """Whether the service takes its port from perfgate, and the target follows."""
    return takes_port(service) and at_port(target, service.port, 0) != target


def aa_test(service: Service, target: str, *, folder: Path, logs: Path, environ: Mapping[str, str], seed: int) -> Sides:
    """`folder` is where the command runs, `logs` where both write what they say."""
    ports = dict(zip((BASE, HEAD), free_ports(2), strict=True))
    starts = tuple(
        start_of_arm(arm, replace(service, port=port), folder=folder, logs=logs, environ=environ)
        for arm, port in ports.items()
    )
    base, head = (at_port(target, service.port, port) for port in ports.values())
    arms = (Arm(name="base", target=base, ref=WORK_TREE), Arm(name="head", target=head, ref=WORK_TREE))
    return Sides(target=head, starts=starts, arms=arms, seed=seed)
