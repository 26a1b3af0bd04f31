"""Request and budget file -> what will be done. Everything that can be decided before anything happens is decided here,
purely: target, mode, base, looks, history, saving."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from perfgate import budgets, loadtest, scenarios
from perfgate.ci import eligibility
from perfgate.model.budget_file import AbPolicy, BudgetFile, Service
from perfgate.model.errors import UsageError
from perfgate.model.fleet import Fleet
from perfgate.model.plan import Plan
from perfgate.text import template
from perfgate.workflows.steps import bases
from perfgate.workflows.steps.request import AbRequest, RunContext, RunRequest

WITHOUT_SERVICE = "Compared with the history: without a `service` to start, there is no base to measure."


class Mode(StrEnum):
    """What a run is compared with."""

    HISTORY = "history"
    BASE_REF = "base ref"  # of the repository; perfgate starts base and head
    MERGE_BASE = "merge base"  # the same, with whatever the job's change began at; the history where there is none
    DEPLOYMENT = "deployment"  # that runs already


@dataclass(frozen=True, kw_only=True)
class LoadSpec:
    """What is sent where, and what perfgate starts for it."""

    context: RunContext
    budget: Path
    budget_file: BudgetFile
    plan: Plan
    target: str
    service: Service | None  # to start; None where the target runs already
    mode: Mode = Mode.HISTORY
    base_ref: str = ""  # of the mode `BASE_REF`
    base: loadtest.Base | None = None  # of the mode `MERGE_BASE`, once it was looked for
    base_url: str = ""  # of the mode `DEPLOYMENT`
    ab: AbPolicy
    processes: int = 1
    fleet: Fleet | None = None


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """A whole run."""

    load: LoadSpec
    only: tuple[str, ...]
    look_times: tuple[int, ...]  # how often the load may have been sent at each look of the gate
    history: str  # URL
    save: bool | None  # None: not decided before the baseline's branch is known
    why_not_saved: str = ""  # by `eligibility`; empty where nobody needs to be told
    confirm: Path | None
    diagnose: bool | None
    remarks: tuple[str, ...] = ()  # what people should know of these decisions
    is_round: bool = False  # of `perfgate watch`

    @property
    def budget_file(self) -> BudgetFile:
        return self.load.budget_file

    @property
    def context(self) -> RunContext:
        return self.load.context


def resolve(request: RunRequest, budget_file: BudgetFile) -> RunSpec:
    """Raises UsageError, TargetError and TemplateError for what cannot be done."""
    load = resolve_load(request, budget_file)
    is_unasked = load.mode is Mode.HISTORY and request.against is not None  # `auto`, and no service
    spec = RunSpec(
        load=load,
        only=request.only,
        look_times=(1,),
        history=request.history or template.expand(budget_file.history, request.context.environ),
        save=request.save,
        confirm=request.confirm,
        diagnose=request.diagnose,
        remarks=(WITHOUT_SERVICE,) if is_unasked else (),
    )
    return _with_looks(spec)


def _with_looks(spec: RunSpec) -> RunSpec:
    """Looks as `load.duration` and `gate.extend` say, and a remark where there is no time for any."""
    load, extend = spec.load, spec.budget_file.gate.extend
    if not load.plan.is_sending:
        return spec
    times = loadtest.look_times(load.plan.load, restarts=load.ab.restarts, extend=extend)
    note = f"Note: `extend: {extend:g}s` is too short to send the whole load once more."
    remarks = tuple(remark for remark in spec.remarks if remark != note)
    return replace(spec, look_times=times, remarks=(*remarks, note) if extend and len(times) == 1 else remarks)


def with_branch(spec: RunSpec, budget_file: BudgetFile) -> RunSpec:
    """Adds the baseline's branch, which the history may have to say, and whether it is saved there."""
    why_not = ""
    if spec.save is None:
        why_not = eligibility.why_not(spec.context.environ, budget_file.gate.baseline.branch)
    save = not why_not if spec.save is None else spec.save
    return replace(spec, load=replace(spec.load, budget_file=budget_file), save=save, why_not_saved=why_not)


def with_base(spec: RunSpec, base: loadtest.Base) -> RunSpec:
    return replace(spec, load=replace(spec.load, base=base))


def without_base(spec: RunSpec) -> RunSpec:
    """Leaves the base out: the run is compared with the history alone."""
    return _with_looks(replace(spec, load=replace(spec.load, mode=Mode.HISTORY, base=None, ab=AbPolicy())))


def resolve_load(request: RunRequest, budget_file: BudgetFile) -> LoadSpec:
    """Raises UsageError and TargetError for load that cannot or must not be sent."""
    plan = scenarios.plan(budget_file, request.only)
    target = _target(request, budget_file)
    against = request.against
    base_url = against.url if against else ""
    for url in (target, base_url) if base_url else (target,):
        loadtest.check_allowed(url, ("*",) if request.allow_remote else budget_file.allow)
    service = None if request.target else budget_file.service
    mode = _mode(against, service)
    return LoadSpec(
        context=request.context,
        budget=request.budget,
        budget_file=budget_file,
        plan=plan,
        target=target,
        service=service,
        mode=mode,
        base_ref=against.ref if against and mode is Mode.BASE_REF else "",
        base_url=base_url,
        ab=_ab_policy(mode, against, budget_file.gate.ab),
        processes=request.processes,
        fleet=request.fleet,
    )


def _target(request: RunRequest, budget_file: BudgetFile) -> str:
    """The URL that the load goes to. What holds for one in the budget file holds for those that are given instead: no
    password in them, for a target is shown wherever the run is."""
    base = request.against.url if request.against else ""
    for option, url in (("--target (PERFGATE_TARGET)", request.target), ("--base (PERFGATE_BASE)", base)):
        if url and (problem := budgets.target_problem(url)):
            message, _, hint = problem.replace("the target", option, 1).partition("\n")
            raise UsageError(message, hint=hint or "for example http://127.0.0.1:8000", code="PG-L005")
    return (request.target or template.expand(budget_file.target, request.context.environ)).rstrip("/")


def _mode(against: AbRequest | None, service: Service | None) -> Mode:
    if against is None:
        return Mode.HISTORY
    if not against.ref:
        return Mode.DEPLOYMENT
    if against.ref == bases.AUTO:
        return Mode.MERGE_BASE if service else Mode.HISTORY
    if service is None:
        raise no_service()
    return Mode.BASE_REF


def no_service() -> UsageError:
    return UsageError(
        "--base-ref starts base and head itself, and the budget file has no `service` to start.",
        hint="`service: {command: ... --port ${PORT}, port: ...}` says how; to compare what runs: --base URL.",
        code="PG-A005",
    )


def _ab_policy(mode: Mode, against: AbRequest | None, policy: AbPolicy) -> AbPolicy:
    """What the request says, else the budget file. Nothing restarts that perfgate did not start."""
    if mode is Mode.HISTORY or against is None:
        return AbPolicy()
    restarts = policy.restarts if against.restarts is None else against.restarts
    blocks = policy.blocks if against.blocks is None else against.blocks
    return AbPolicy(restarts=0 if mode is Mode.DEPLOYMENT else restarts, blocks=blocks)
