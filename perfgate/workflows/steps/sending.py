"""What was resolved is sent: services are started, the scenario is written, Locust runs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from zlib import crc32

from perfgate import loadtest, measure, scenarios
from perfgate.budgets.convert.repository_path import repository_path
from perfgate.files import codec
from perfgate.model.plan import Plan
from perfgate.model.run import Arm, LoadTest
from perfgate.recording import clock
from perfgate.report import words
from perfgate.runner import machine
from perfgate.text.notes import note
from perfgate.workflows.steps import bases, counting
from perfgate.workflows.steps.request import ProgressReporter
from perfgate.workflows.steps.resolving import LoadSpec

SCENARIO = "scenario.py"


def sides_of(spec: LoadSpec, reporter: ProgressReporter) -> AbstractContextManager[loadtest.Sides]:
    """What the load goes to, with the services to start for it: none, where it runs already or another is meant."""
    context, service, target = spec.context, spec.service, spec.target
    folder, seed = spec.budget_file.path.parent, crc32(context.run_id.encode())
    if service and (base := _base(spec, reporter)):
        head = loadtest.Head(folder=folder, commit=context.revision.commit)
        both = loadtest.ArmContext(
            logs=context.folder, environ=context.environ, secrets=scenarios.secrets(spec.plan), say=reporter.say
        )
        return loadtest.base_and_head(service, target, base=base, head=head, context=both, seed=seed)
    starts: tuple[loadtest.Start, ...] = ()
    if service:
        service, target = loadtest.with_port(service, target)
        reporter.say(f"Starting the service on port {service.port}")
        log = context.folder / "service.log"
        starts = (loadtest.Start(service=service, folder=folder, log=log, environ=context.environ),)
    arms: tuple[Arm, ...] = ()
    if spec.base_url:
        arms = (
            Arm(name="base", target=spec.base_url),
            Arm(name="head", target=target, commit=context.revision.commit),
        )
    return nullcontext(loadtest.Sides(target=target, starts=starts, arms=arms, seed=seed))


def _base(spec: LoadSpec, reporter: ProgressReporter) -> loadtest.Base | None:
    return bases.at_ref(spec.base_ref, spec.budget_file, reporter.say) if spec.base_ref else spec.base


def send(
    spec: LoadSpec,
    sides: loadtest.Sides,
    reporter: ProgressReporter,
    *,
    looks: loadtest.InterimLooks = loadtest.ONE_LOOK,
    beside: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> LoadTest:
    """The plan's load on the target, or on both: then its rate or its users are those of the two together. What
    `beside` opens lasts as long as a part of it."""
    _say_what_is_sent(spec, sides, reporter)
    what = counting.counting(spec.budget_file, {endpoint.name for endpoint in spec.plan.endpoints})
    plan = counting.asking(spec.plan, what.metrics, spec.context.environ)
    with reporter.progress(plan) as on_progress:
        options = loadtest.Options(
            target=sides.target,
            scenario=_write_scenario(plan, spec.context.folder, for_workers=spec.fleet is not None),
            root=spec.context.root,
            environ=spec.context.environ,
            secrets=scenarios.secrets(plan),
            processes=spec.processes,
            fleet=spec.fleet,
            duet=_duet(spec, sides),
            counted=what.metrics,
            server_timing=what.server_timing,
            should_watch_memory=what.should_watch_memory,
            has_probe=spec.budget_file.gate.probe,
            on_progress=on_progress,
            beside=beside,
            per_endpoint=reporter.per_endpoint,
        )
        return loadtest.run(plan, spec.context.folder, options, sides, restarts=spec.ab.restarts, looks=looks)


def _say_what_is_sent(spec: LoadSpec, sides: loadtest.Sides, reporter: ProgressReporter) -> None:
    load = spec.plan.load
    if sides.arms:
        taking = spec.ab.restarts * load.warmup + loadtest.seconds(load)
        reporter.say(f"{words.arms(sides.arms)} beside each other{words.ab_mode(spec.ab)}, {taking:g} s")
    shared = ", on both together" if sides.arms else f", on {sides.target}"
    way = loadtest.way_to(sides.target, spec.context.environ)
    reporter.say(f"Load: {spec.plan.load_words}{shared}{way}")
    if fleet := spec.fleet:
        reporter.say(
            f"Waiting until {fleet.workers} x `perfgate worker` have connected to port {fleet.port}, "
            f"{fleet.max_wait_s:g} s at most."
        )


def _duet(spec: LoadSpec, sides: loadtest.Sides) -> loadtest.Duet | None:
    if not sides.arms:
        return None
    base, head = sides.targets
    return loadtest.Duet(base=base, head=head, block=spec.ab.blocks, seed=sides.seed)


def _write_scenario(plan: Plan, folder: Path, *, for_workers: bool) -> Path | None:
    """The generated scenario in the run folder; None when all requests come from hand-written ones."""
    if not any(endpoint.weight for endpoint in plan.endpoints) and not any(journey.weight for journey in plan.journeys):
        return None
    path = folder / SCENARIO
    codec.write_text(path, scenarios.generate(plan, scenario=path, for_workers=for_workers))
    return path


def circumstances(spec: LoadSpec, sides: loadtest.Sides) -> measure.Circumstances:
    """What `measure` cannot see in what was recorded."""
    return measure.Circumstances(
        run_id=spec.context.run_id,
        target=sides.target,
        revision=spec.context.revision,
        runner=machine.runner(),
        clock=clock.CLOCK if spec.plan.client == "fast" else clock.USER_SPACE,
        versions=spec.context.versions,
        processes=spec.fleet.workers if spec.fleet else spec.processes,
        arms=sides.arms,
        host=loadtest.host_of(sides),
        file=repository_path(spec.budget),
        warnings=(
            *((note("PG-G016", spec.context.doubt),) if spec.context.doubt else ()),
            *(note("PG-B051", text) for text in spec.budget_file.notes),
        ),
    )
