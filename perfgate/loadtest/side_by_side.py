"""Base and head of an A/B test: each checked out, set up and started, with a port of its own, on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from perfgate.loadtest.checkout import Checkout, checked_out
from perfgate.loadtest.ports import free_ports
from perfgate.loadtest.service import Start, at_port, takes_port
from perfgate.loadtest.set_up import set_up
from perfgate.model.budget_file import Service
from perfgate.model.errors import UsageError
from perfgate.model.run import Arm
from perfgate.windows import BASE, HEAD

ARM = "PERFGATE_ARM"  # tells a service which arm it is
WORK_TREE = "work tree"  # the head's ref: the files as they are
PACKAGES = ("pyproject.toml", "setup.py", "setup.cfg")

Environment = Mapping[str, str]
Say = Callable[[str], None]


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
        starts = [replace(one, log=one.log.with_stem(f"{one.log.stem}-{part}")) if part else one for one in self.starts]
        Random(self.seed + part).shuffle(starts)
        return tuple(starts)


@dataclass(frozen=True, kw_only=True)
class Head:
    """`folder` is where the service's command runs; `logs` where setup and services of both write what they say."""

    folder: Path
    commit: str
    logs: Path


@contextmanager
def base_and_head(
    service: Service, target: str, *, ref: str, head: Head, environ: Environment, seed: int, say: Say
) -> Iterator[Sides]:
    """Both services, ready to be started: the base from a checkout of `ref`, the head from its folder as it is.

    Raises UsageError for a
    service that cannot run twice and for a `ref` that is not there, ServiceError when the setup fails.
    """
    ports = _ports(service, target)
    with checked_out(ref, folder=head.folder, environ=environ) as checkout:
        if not service.setup and (packages := [name for name in PACKAGES if (checkout.top / name).exists()]):
            say(
                f"Note: there is a {packages[0]} but no `service.setup`. A package that is installed here would be the "
                "same in both arms; `service: {setup: pip install -e .}` installs each arm's own."
            )
        if checkout.commit == head.commit:
            say(f"Note: {ref} is the commit that the head is made of; only uncommitted changes can differ.")
        folders = {BASE: checkout.folder, HEAD: head.folder}
        starts = [
            Start(
                service=replace(service, port=ports[arm]),
                folder=folders[arm],
                log=head.logs / f"service-{arm}.log",
                environ={**_environment(arm, service, folders[arm], checkout, head.logs, environ, say), ARM: arm},
                name=f"{arm}'s service",
            )
            for arm in (BASE, HEAD)
        ]
        base, ours = (at_port(target, service.port, ports[arm]) for arm in (BASE, HEAD))
        arms = (
            Arm(name="base", target=base, ref=ref, commit=checkout.commit),
            Arm(name="head", target=ours, ref=WORK_TREE, commit=head.commit),
        )
        yield Sides(target=ours, starts=tuple(starts), arms=arms, seed=seed)


def _ports(service: Service, target: str) -> dict[str, int]:
    if not takes_port(service):
        raise UsageError(
            "--base-ref starts the service twice, and its command always takes the same port.",
            hint=f"Let the command take its port as ${{PORT}}: `{service.command} --port ${{PORT}}`, for example.",
        )
    if at_port(target, service.port, 0) == target:
        raise UsageError(
            f"--base-ref: the target {target} is not at the service's port {service.port}, so load cannot be sent to "
            "two of them.",
            hint="Let the target name that port.",
        )
    return dict(zip((BASE, HEAD), free_ports(2), strict=True))


def _environment(
    arm: str, service: Service, folder: Path, checkout: Checkout, logs: Path, environ: Environment, say: Say
) -> Environment:
    """In which the arm's service runs: with a virtual environment of its own, if it is set up."""
    if not service.setup:
        return environ
    return set_up(
        service.setup,
        what=f"the {arm}",
        folder=folder,
        venv=checkout.scratch / f"venv-{arm}",
        log=logs / f"setup-{arm}.log",
        environ=environ,
        say=say,
    )
