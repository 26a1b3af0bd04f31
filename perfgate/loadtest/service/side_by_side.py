"""Base and head of an A/B test: each checked out, set up and started, with a port of its own, on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from perfgate.git.command import without_hook_variables
from perfgate.loadtest.service.checkout import Checkout, check_out
from perfgate.loadtest.service.ports import free_ports
from perfgate.loadtest.service.set_up import SetUp, set_up
from perfgate.loadtest.service.sides import WORK_TREE, Sides, start_of_arm
from perfgate.loadtest.service.starting import at_port, takes_port
from perfgate.model.budget_file import Service
from perfgate.model.errors import BaseError, ServiceError, UsageError
from perfgate.model.run import Arm
from perfgate.recording.windows import BASE, HEAD

MODULES = "node_modules"
PACKAGES = ("pyproject.toml", "setup.py", "setup.cfg")

Environment = Mapping[str, str]
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Head:
    """`folder` is where the service's command runs."""

    folder: Path
    commit: str


@dataclass(frozen=True, kw_only=True)
class Base:
    """`ref` is checked out; reports call it `known_as`. `service_in` reads how the base itself is started, in its own
    checkout: None where that says nothing. Then the head's way will do, unless `is_own_needed`."""

    ref: str
    known_as: str
    service_in: Callable[[Path], Service | None]
    is_own_needed: bool = False


@dataclass(frozen=True, kw_only=True)
class ArmContext:
    """What both arms are set up and started with. `logs` is where their setups and services write what they say,
    without the values of the variables named in `secrets`."""

    logs: Path
    environ: Environment
    secrets: tuple[str, ...] = ()
    say: Say


@contextmanager
def base_and_head(
    service: Service, target: str, *, base: Base, head: Head, context: ArmContext, seed: int
) -> Iterator[Sides]:
    """Both services, ready to be started: the base from a checkout and in its own way, the head from its folder as it
    is.

    Raises UsageError for services that cannot run beside each other and for a ref that is not there, BaseError when the
    base cannot be made ready, ServiceError when the head cannot.
    """
    context = replace(context, environ=without_hook_variables(context.environ))
    with check_out(base.ref, folder=head.folder, environ=context.environ) as checkout:
        folders = {BASE: checkout.folder, HEAD: head.folder}
        services = {BASE: _own(base, checkout, service, context.say), HEAD: service}
        ports = _ports(services, target)
        _say_what_is_shared(services, checkout, base, head, context.say)
        setups = _set_ups(services, folders, checkout, context)
        base_start, head_start = (
            start_of_arm(
                arm,
                replace(services[arm], port=ports[arm]),
                folder=folders[arm],
                logs=context.logs,
                environ=_environment(arm, setups[arm], context.say),
            )
            for arm in (BASE, HEAD)
        )
        base_start = replace(base_start, error=BaseError, hint=_missing(services[BASE], checkout))
        base_url, head_url = (at_port(target, service.port, ports[arm]) for arm in (BASE, HEAD))
        arms = (
            Arm(name="base", target=base_url, ref=base.known_as, commit=checkout.commit),
            Arm(name="head", target=head_url, ref=WORK_TREE, commit=head.commit),
        )
        yield Sides(target=head_url, starts=(base_start, head_start), arms=arms, seed=seed)


def _own(base: Base, checkout: Checkout, heads: Service, say: Say) -> Service:
    """How the base is started: set up as the head is where it does not say how. Raises BaseError where that must be
    its own way, and it has none."""
    own = base.service_in(checkout.folder)
    if own is None and base.is_own_needed:
        raise BaseError(f"The base, {base.known_as}, has no `service` in its budget file.", code="PG-A005")
    if own is None:
        say("Note: the base has no `service` in its budget file, so it is started as the head is.")
    return replace(own, setup=own.setup or heads.setup) if own else heads


def _say_what_is_shared(services: Mapping[str, Service], checkout: Checkout, base: Base, head: Head, say: Say) -> None:
    """What would make both arms the same."""
    packages = [name for name in PACKAGES if (checkout.top / name).exists()]
    if packages and not any(service.setup for service in services.values()):
        say(
            f"Note: there is a {packages[0]} but no `service.setup`. A package that is installed here would be the "
            "same in both arms; `service: {setup: pip install -e .}` installs each arm's own."
        )
    if checkout.commit == head.commit:
        say(f"Note: {base.known_as} is the commit that the head is made of; only uncommitted changes can differ.")


def _missing(service: Service, checkout: Checkout) -> str:
    """What a fresh checkout may lack to start."""
    if checkout.is_new:
        folder = checkout.folder.relative_to(checkout.top)
        return f"The base has no folder {folder}: its command ran in an empty one. Compare with a commit that has it."
    if not service.setup and (checkout.top / ".gitmodules").exists():
        return (
            "The base has git submodules, which its checkout leaves out: "
            "`service: {setup: git submodule update --init}` fetches them in each arm."
        )
    if service.setup:
        return ""
    if (checkout.folder / "package.json").exists() and not (checkout.folder / MODULES).exists():
        return f"The base's checkout has no {MODULES}: `service: {{setup: npm ci}}` installs them in each arm."
    return (
        "A fresh checkout has only what git has. `service: {setup: ...}` makes the rest in each arm: packages, a "
        "database (`python manage.py migrate`)."
    )


def _ports(services: Mapping[str, Service], target: str) -> dict[str, int]:
    """A port of its own for each: a free one where its command takes one. Raises UsageError."""
    fixed = {arm: service.port for arm, service in services.items() if not takes_port(service)}
    if len(set(fixed.values())) < len(fixed):
        command = services[HEAD].command
        raise UsageError(
            "--base-ref starts the service twice, and its command always takes the same port.",
            hint=f"Let the command take its port as ${{PORT}}: `{command} --port ${{PORT}}`, for example. "
            'Where it reads the variable PORT by itself: `service: {env: {PORT: "${PORT}"}}`.',
            code="PG-A006",
        )
    if at_port(target, services[HEAD].port, 0) == target:
        raise UsageError(
            f"--base-ref: the target {target} is not at the service's port {services[HEAD].port}, so load cannot be "
            "sent to two of them.",
            hint="Let the target name that port.",
            code="PG-A006",
        )
    return {**dict(zip((BASE, HEAD), free_ports(2), strict=True)), **fixed}


def _set_ups(
    services: Mapping[str, Service], folders: Mapping[str, Path], checkout: Checkout, context: ArmContext
) -> dict[str, SetUp]:
    return {
        arm: SetUp(
            command=own.setup,
            what=f"the {arm}",
            folder=folders[arm],
            venv=checkout.scratch / f"venv-{arm}",
            log=context.logs / f"setup-{arm}.log",
            environ=context.environ,
            secrets=context.secrets,
        )
        for arm, own in services.items()
    }


def _environment(arm: str, setup: SetUp, say: Say) -> Environment:
    """The environment of the arm's service: with a virtual environment of its own, if it is set up."""
    if not setup.command:
        return setup.environ
    try:
        return set_up(setup, say)
    except ServiceError as error:
        raise (BaseError if arm == BASE else ServiceError)(error.message, hint=error.hint) from error
