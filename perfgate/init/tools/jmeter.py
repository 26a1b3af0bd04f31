"""JMeter test plans (.jmx) in outline: thread groups as load and journeys, HTTP samplers as endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from perfgate.init import naming
from perfgate.init.load_levels import DEFAULT_S, MAX_S, Level, PlanPart, ramp, with_parts
from perfgate.init.proposal import Endpoint, FileProposal, InitSource, Omission, ProposalOptions
from perfgate.init.secrets import Secrets
from perfgate.init.tools import jmx_tree
from perfgate.init.tools.conversion import UnsendableError, of_one_host, sent_variables
from perfgate.init.tools.jmx_samplers import HTTP_SAMPLERS, endpoint_of
from perfgate.init.tools.jmx_scope import PlanScope, PresentFile, arguments_of, data_files, extended, is_known
from perfgate.init.tools.jmx_tree import PlanElement
from perfgate.init.tools.jmx_variables import PlanVariables
from perfgate.model.errors import UsageError

SNIFFED_CHARS = 10_000
SHORT_RAMP_S = 5.0  # seconds: as long as the warm-up, which does without
MAX_LINE_BYTES = 10_000  # of the first line of a CSV file
DEFAULT_USERS = 10
ONCE = {
    "SetupThreadGroup": "it runs once, before the load",
    "PostThreadGroup": "it runs once, after the load",
    "TestFragmentController": "it is a fragment, which does nothing by itself",
}
LOOSE_CONTROLLERS = {  # whose requests are not sent as the plan says
    "IfController": "its requests are sent whatever the condition",
    "WhileController": "its requests are sent once in each iteration",
    "ForeachController": "its requests are sent once in each iteration",
    "LoopController": "its requests are sent once in each iteration",
    "OnceOnlyController": "its requests are sent in each iteration; `login` is sent once per user",
    "RandomController": "all its requests are sent in each iteration",
    "RandomOrderController": "its requests are sent in their order",
    "InterleaveControl": "all its requests are sent in each iteration",
    "SwitchController": "all its requests are sent in each iteration",
    "ThroughputController": "all its requests are sent in each iteration: write a journey with a `weight`",
    "WeightedSwitchController": "all its requests are sent in each iteration: write journeys with a `weight`",
}


def recognizes(source: InitSource) -> bool:
    return f"<{jmx_tree.ROOT}" in source.text[:SNIFFED_CHARS]


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    plan = jmx_tree.read(source)
    elements = [inner for element in plan for inner in element.all()]
    variables = _variables(elements)
    conversion = _PlanConversion(variables, _present(source, elements, variables))
    conversion.level(plan, PlanScope(), None)
    omissions = conversion.omissions
    if not conversion.endpoints and not omissions:
        message = f"{source.name} has no HTTP sampler in a thread group"
        raise UsageError(message, hint="what is disabled is not read", code="PG-N003")
    origin, remaining, others = of_one_host(conversion.endpoints, options.target)
    kept = {endpoint.name for endpoint in remaining}
    names = naming.UniqueNames(kept)
    sent = [(part, tuple(_remaining(part.steps, kept))) for part in conversion.parts]
    parts = [
        replace(part, name=names.take(part.name), steps=steps)
        for part, steps in sent
        if any(isinstance(step, str) for step in steps)
    ]
    proposal = FileProposal(
        target=options.target or origin,
        endpoints=remaining,
        omissions=tuple(dict.fromkeys((*omissions, *others))),
        variables={**conversion.secrets.variables, **sent_variables(conversion.variables.unset, remaining)},
    )
    return with_parts(proposal, parts)


def _remaining(steps: Sequence[str | float], kept: set[str]) -> Iterator[str | float]:
    return (step for step in steps if not isinstance(step, str) or step in kept)


def _variables(elements: Sequence[PlanElement]) -> PlanVariables:
    """The user defined variables of the plan; they hold everywhere."""
    known = {}
    for element in elements:
        if element.kind in ("TestPlan", "Arguments"):
            for item in arguments_of(element.xml, "TestPlan.user_defined_variables"):
                known[item.value("Argument.name").strip()] = item.value("Argument.value")
    return PlanVariables(known)


def _present(source: InitSource, elements: Sequence[PlanElement], variables: PlanVariables) -> dict[str, PresentFile]:
    """The CSV files that are there, by their names in the plan. JMeter looks for them beside it."""
    present: dict[str, PresentFile] = {}
    for element in elements:
        written = element.xml.value("filename")
        if element.kind != "CSVDataSet" or not written or not source.folder:
            continue
        try:
            path = PurePosixPath(source.name).parent / variables.text(written)
            with (source.folder / path).open("rb") as file:
                first = file.readline(MAX_LINE_BYTES).decode("utf-8-sig", "replace")
        except (OSError, ValueError):
            continue
        separator = element.xml.value("delimiter").replace("\\t", "\t") or ","
        columns = tuple(name.strip().strip('"') for name in first.strip().split(separator))
        present[written] = PresentFile(path.as_posix(), columns)
    return present


@dataclass
class _ThreadGroup:
    """What the samplers of a group become, in order."""

    title: str
    steps: list[str | float] = field(default_factory=list)
    captured: list[str] = field(default_factory=list)


@dataclass
class _PlanConversion:
    variables: PlanVariables
    present: Mapping[str, PresentFile]
    secrets: Secrets = field(default_factory=Secrets)
    names: naming.UniqueNames = field(default_factory=naming.UniqueNames)
    endpoints: list[tuple[str, Endpoint]] = field(default_factory=list)
    parts: list[PlanPart] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)

    def level(self, elements: Sequence[PlanElement], scope: PlanScope, group: _ThreadGroup | None) -> None:
        """Takes in one level of the tree: first what holds for all of it, then what is sent, in order."""
        data = data_files(elements, self.present, self.variables, self.omissions)
        scope = extended(replace(scope, data=(*scope.data, *data)), elements, self.variables, self.omissions)
        for element in elements:
            if element.kind in ONCE:
                self.omissions.append(Omission(element.title, ONCE[element.kind]))
            elif element.kind.endswith("ThreadGroup"):
                self._group(element, scope)
            elif element.kind in HTTP_SAMPLERS and group:
                self._sampler(element, scope, group)
            elif element.kind == "TestAction" and group:
                self._action(element, group)
            elif element.kind.endswith("Sampler") and not is_known(element.kind):
                code = "it is code, and is not run" if element.kind.startswith(("JSR223", "BeanShell", "BSF")) else ""
                self.omissions.append(Omission(element.title, code or f"a {element.kind} is no HTTP request"))
            elif element.below:
                self._controller(element, scope, group)

    def _controller(self, element: PlanElement, scope: PlanScope, group: _ThreadGroup | None) -> None:
        before = len(self.endpoints)
        self.level(element.below, scope, group)
        if element.kind in LOOSE_CONTROLLERS and len(self.endpoints) > before:
            self.omissions.append(Omission(f"{element.kind} {element.title}", LOOSE_CONTROLLERS[element.kind]))

    def _group(self, element: PlanElement, scope: PlanScope) -> None:
        group = _ThreadGroup(element.title)
        self.level(element.below, scope, group)
        if any(isinstance(step, str) for step in group.steps):
            levels = tuple(self._levels(element))
            self.parts.append(PlanPart(name=group.title, steps=tuple(group.steps), is_open=False, levels=levels))

    def _levels(self, element: PlanElement) -> list[Level]:
        """The users of a group over time."""
        xml, what = element.xml, element.title
        users = self._number(element, "ThreadGroup.num_threads", "TargetLevel")
        if users is None or users <= 0:
            self.omissions.append(Omission(f"the threads of {what}", f"they are no number; {DEFAULT_USERS} are taken"))
            users = DEFAULT_USERS
        minutes = 60.0 if xml.value("Unit") == "M" else 1.0
        rise = (self._number(element, "ThreadGroup.ramp_time", "RampUp") or 0.0) * minutes
        duration = self._number(element, "ThreadGroup.duration", "Hold")
        is_timed = xml.is_true("ThreadGroup.scheduler") or xml.part("Hold") is not None
        if not is_timed or not duration or duration <= 0:
            duration = DEFAULT_S
            loops = xml.part("ThreadGroup.main_controller")
            number = loops.value("LoopController.loops") if loops else ""
            if number != "-1":
                why = f"perfgate sends load for a time; {DEFAULT_S:g} s are taken"
                self.omissions.append(Omission(f"the number of loops of {what}", why))
        elif xml.part("Hold") is not None:
            duration = duration * minutes + rise
        rise, duration = min(max(0.0, rise), MAX_S), min(duration, MAX_S)
        if rise <= SHORT_RAMP_S or rise >= duration:
            return [(users, duration)]
        return [*ramp(0, users, rise), (users, duration - rise)]

    def _number(self, element: PlanElement, *names: str) -> float | None:
        texts = filter(None, map(element.xml.value, names))
        return next((number for number in map(self.variables.number, texts) if number is not None), None)

    def _sampler(self, element: PlanElement, scope: PlanScope, group: _ThreadGroup) -> None:
        data = data_files(element.below, self.present, self.variables, self.omissions)
        scope = replace(scope, data=(*scope.data, *data))
        scope = extended(scope, element.below, self.variables, self.omissions)
        if scope.pause > 0:
            group.steps.append(round(scope.pause, 3))
        try:
            origin, endpoint = endpoint_of(element, scope, self.variables, group.captured, self.secrets)
        except UnsendableError as error:
            self.omissions.append(Omission(element.title, str(error)))
            return
        if element.xml.is_true("HTTPSampler.image_parser"):
            self.omissions.append(Omission(f"the embedded resources of {element.title}", "they are not fetched"))
        endpoint = replace(endpoint, name=self.names.take(endpoint.name))
        self.endpoints.append((origin, endpoint))
        group.steps.append(endpoint.name)
        group.captured += endpoint.captures

    def _action(self, element: PlanElement, group: _ThreadGroup) -> None:
        """A pause between samplers; other actions (stop, break) have no equivalent."""
        pause = self._number(element, "ActionProcessor.duration")
        timers = extended(PlanScope(), element.below, self.variables, self.omissions).pause
        if element.xml.value("ActionProcessor.action") != "1" or pause is None:
            self.omissions.append(Omission(element.title, "it has no equivalent"))
        elif pause + timers > 0:
            group.steps.append(round(min(pause / 1000 + timers, MAX_S), 3))
