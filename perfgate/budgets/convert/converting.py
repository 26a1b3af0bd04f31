"""Shape -> BudgetFile, once a file has no mistakes: load, TLS, journeys, service and gate."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from perfgate.budgets.convert import graphql
from perfgate.budgets.convert.activities import callback, events, grpc, poll, websocket
from perfgate.budgets.convert.converting_pages import pages
from perfgate.budgets.convert.converting_requests import request
from perfgate.budgets.convert.draft import Draft
from perfgate.budgets.convert.effective import effective, inherited
from perfgate.budgets.convert.replayed_load import replayed
from perfgate.budgets.convert.repository_path import identity
from perfgate.budgets.convert.timeouts import timeouts
from perfgate.budgets.shape.diagnose_shape import DiagnoseShape, TracesShape
from perfgate.budgets.shape.file_shape import (
    FileShape,
    GateShape,
    JourneyShape,
    SensitivityShape,
    ServiceShape,
    ThinkShape,
    TlsShape,
)
from perfgate.budgets.shape.graphql_shape import ClientsShape
from perfgate.budgets.shape.load_shape import LoadShape
from perfgate.budgets.shape.request_shape import EndpointShape, login_of
from perfgate.model.budget_file import (
    AUTO,
    NO_LOAD,
    Abort,
    AbPolicy,
    Anchor,
    BaselinePolicy,
    BudgetFile,
    DiagnosePolicy,
    Endpoint,
    Floor,
    GatePolicy,
    Journey,
    LoadProfile,
    Send,
    Sensitivity,
    Service,
    Stage,
    Think,
    Tls,
    TracesPolicy,
)

T = TypeVar("T")


def budget_file(path: Path, shape: FileShape, draft: Draft) -> BudgetFile:
    return BudgetFile(
        path=path,
        name=_or(shape.name, identity(path)),
        formerly="" if shape.name else path.stem,
        target=shape.target,
        load=_load(shape.load, draft) if shape.load else NO_LOAD,
        endpoints=_endpoints(shape, draft),
        journeys=_journeys(shape, draft),
        pages=pages(shape.pages or {}),
        budgets=tuple(graphql.budgets_by_client((item.budget for item in effective(draft)), _clients(shape))),
        default_budgets=tuple(inherited(draft)),
        scenarios=tuple(shape.scenarios or ()),
        service=_service(shape.service) if shape.service else None,
        tls=_tls(shape.tls) if shape.tls else Tls(),
        client=_or(shape.client, BudgetFile.client),
        allow=tuple(shape.allow or ()),
        gate=_gate(shape.gate or GateShape()),
        diagnose=_diagnose(shape.diagnose) if shape.diagnose else DiagnosePolicy(),
        export=tuple(shape.export or ()),
        history=_or(shape.history, BudgetFile.history),
    )


def _clients(shape: FileShape) -> dict[str, ClientsShape]:
    entries = (shape.endpoints or {}).items()
    return {name: item.clients for name, item in entries if isinstance(item, EndpointShape) and item.clients}


def _endpoints(shape: FileShape, draft: Draft) -> tuple[Endpoint, ...]:
    endpoints: list[Endpoint] = []
    for entry in draft.endpoints:
        written = (shape.endpoints or {})[entry.name]
        long = written if isinstance(written, EndpointShape) else EndpointShape(request=written)
        sent = None
        if long.request is not None:
            document = (
                graphql.body(long.graphql, long.variables or {}, entry.name, draft.folder) if long.graphql else None
            )
            sent = request(long, shape.defaults, timeouts(draft, entry), draft.tables, document)
        login, every = login_of(long.login)
        weight = draft.weight(entry)
        endpoints += graphql.by_client(
            Endpoint(
                name=entry.name,
                request=sent,
                weight=weight,
                login=login,
                login_every=every,
                poll=poll(long.poll) if long.poll else None,
                callback=callback(long.callback) if long.callback else None,
                events=events(long.events) if long.events else None,
                websocket=websocket(long.websocket) if long.websocket else None,
                grpc=grpc(long.grpc) if long.grpc else None,
            ),
            long.clients,
        )
    return tuple(endpoints)


def _journeys(shape: FileShape, draft: Draft) -> tuple[Journey, ...]:
    journeys = []
    for entry in draft.journeys:
        written = (shape.journeys or {})[entry.name]
        steps = written.steps if isinstance(written, JourneyShape) else written
        login, every = login_of(written.login if isinstance(written, JourneyShape) else None)
        journeys.append(
            Journey(
                name=entry.name,
                steps=tuple(_step(step) for step in steps),
                weight=draft.weight(entry),
                login=login,
                login_every=every,
            )
        )
    return tuple(journeys)


def _step(step: ThinkShape | str) -> Send | Think:
    return Think(seconds=step.think) if isinstance(step, ThinkShape) else Send(endpoint=step)


def _load(load: LoadShape, draft: Draft) -> LoadProfile:
    if load.replay is not None:
        return replayed(load, draft)
    shortest, longest = load.duration or (0.0, 0.0)
    if load.stages is not None:
        stages = tuple(Stage(level=float(stage.rate or stage.users or 0), duration=stage.for_) for stage in load.stages)
        is_open = load.stages[0].rate is not None
    else:
        stages = (Stage(level=float(load.rate or load.users or 0), duration=shortest),)
        is_open = load.rate is not None
    return LoadProfile(
        model="open" if is_open else "closed",
        stages=stages,
        longest=longest if longest > shortest else LoadProfile.longest,
        warmup=_or(load.warmup, LoadProfile.warmup),
        arrivals=_or(load.arrivals, LoadProfile.arrivals),
        max_users=_or(load.max_users, LoadProfile.max_users),
        seed=load.seed,
        session=_or(load.session, LoadProfile.session),
        abort=Abort(errors=load.abort.errors, duration=load.abort.for_) if load.abort else None,
    )


def _tls(tls: TlsShape) -> Tls:
    return Tls(
        ca=_or(tls.ca, Tls.ca),
        certificate=_or(tls.certificate, Tls.certificate),
        key=_or(tls.key, Tls.key),
        insecure=_or(tls.insecure, Tls.insecure),
        server_name=_or(tls.server_name, Tls.server_name),
    )


def _service(service: ServiceShape) -> Service:
    return Service(
        command=service.command,
        port=service.port,
        ready=_or(service.ready, Service.ready),
        ready_timeout=_or(service.ready_timeout, Service.ready_timeout),
        env=service.env or {},
        setup=_or(service.setup, Service.setup),
    )


def _gate(gate: GateShape) -> GatePolicy:
    baseline, floor = BaselinePolicy(branch=AUTO), Floor()
    if gate.baseline:
        named = _or(gate.baseline.branch, AUTO)
        branch, *former = [named] if isinstance(named, str) else named
        baseline = BaselinePolicy(
            branch=branch,
            former_branches=tuple(name for name in former if name != branch),
            runs=_or(gate.baseline.runs, BaselinePolicy.runs),
            min_runs=_or(gate.baseline.min_runs, BaselinePolicy.min_runs),
        )
    if gate.floor:
        floor = Floor(time=_or(gate.floor.time, Floor.time), errors=_or(gate.floor.errors, Floor.errors))
    sensitivity = Sensitivity(at_limit=gate.sensitivity == "limit")
    if isinstance(gate.sensitivity, SensitivityShape):
        sensitivity = Sensitivity(
            latency=_or(gate.sensitivity.latency, Sensitivity.latency),
            errors=_or(gate.sensitivity.errors, Sensitivity.errors),
        )
    ab = AbPolicy()
    if gate.ab:
        ab = AbPolicy(restarts=_or(gate.ab.restarts, AbPolicy.restarts), blocks=_or(gate.ab.blocks, AbPolicy.blocks))
    anchor = Anchor(ref=gate.anchor.ref, limit=gate.anchor.limit) if gate.anchor else None
    return GatePolicy(
        anchor=anchor,
        baseline=baseline,
        floor=floor,
        sensitivity=sensitivity,
        inconclusive=_or(gate.inconclusive, GatePolicy.inconclusive),
        ab=ab,
        extend=_or(gate.extend, GatePolicy.extend),
        probe=_or(gate.probe, GatePolicy.probe),
    )


def _diagnose(diagnose: DiagnoseShape) -> DiagnosePolicy:
    names = diagnose.server_timing.model_dump(exclude_none=True) if diagnose.server_timing else {}
    return DiagnosePolicy(
        seconds=_or(diagnose.for_, DiagnosePolicy.seconds),
        postgres=_or(diagnose.postgres, DiagnosePolicy.postgres),
        redis=_or(diagnose.redis, DiagnosePolicy.redis),
        mysql=_or(diagnose.mysql, DiagnosePolicy.mysql),
        celery=_or(diagnose.celery, DiagnosePolicy.celery),
        queue=DiagnosePolicy.queue if diagnose.queue is None else tuple(diagnose.queue),
        prometheus=_or(diagnose.prometheus, DiagnosePolicy.prometheus),
        profile=_or(diagnose.profile, DiagnosePolicy.profile),
        server_timing=names,
        traces=_traces(diagnose.traces),
    )


def _traces(traces: TracesShape | str | None) -> TracesPolicy | None:
    if not isinstance(traces, TracesShape):
        return TracesPolicy() if traces else None
    return TracesPolicy(
        forward=_or(traces.forward, TracesPolicy.forward),
        link=_or(traces.link, TracesPolicy.link),
        port=_or(traces.port, TracesPolicy.port),
    )


def _or(value: T | None, default: T) -> T:
    """0 and "" are values."""
    return default if value is None else value
