"""What the load goes to: one target, or base and head of an A/B test with a service each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from perfgate.loadtest.service.starting import Start
from perfgate.model.budget_file import Service
from perfgate.model.run import Arm

ARM = "PERFGATE_ARM"  # tells a service which arm it is
WORK_TREE = "work tree"  # the head's ref: the files as they are


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What the load goes to: one target, or base and head. `starts` are the services that perfgate runs for it;
    `seed` decides in which order."""

    target: str  # the head's, in an A/B test
    starts: tuple[Start, ...] = ()
    arms: tuple[Arm, ...] = ()  # of an A/B test: base, then head; not measured yet
    seed: int = 0

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(arm.target for arm in self.arms) or (self.target,)

    def of_part(self, part: int) -> tuple[Start, ...]:
        """The services for one part of a run (0: there is only one), with a log of its own, in random order: the one
        that starts first may be better off."""
        starts = list(self.apart(str(part)) if part else self.starts)
        Random(self.seed + part).shuffle(starts)
        return tuple(starts)

    def apart(self, name: str) -> tuple[Start, ...]:
        """The services with logs of their own, which have this name in them."""
        return tuple(replace(start, log=start.log.with_stem(f"{start.log.stem}-{name}")) for start in self.starts)


def host_of(sides: Sides) -> str:
    """The host that the load goes to: with its port, unless perfgate chose that for a service which it starts."""
    parts = urlsplit(sides.target)
    own = any(parts.port == start.service.port for start in sides.starts)
    return (parts.hostname or "" if own else parts.netloc.rpartition("@")[2]).lower()


def start_of_arm(arm: str, service: Service, *, folder: Path, logs: Path, environ: Mapping[str, str]) -> Start:
    """How an arm's service is started: in `folder`, with a log of its own below `logs`, and knowing which arm it is."""
    return Start(
        service=service,
        folder=folder,
        log=logs / f"service-{arm}.log",
        environ={**environ, ARM: arm},
        name=f"{arm}'s service",
    )
