"""k6 scripts, as far as their text says what they do: scenarios as load, thresholds as budgets, calls of http as
endpoints. No JavaScript is run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from perfgate.init import naming, recorded
from perfgate.init.load_levels import PlanPart, with_parts
from perfgate.init.proposal import Endpoint, FileProposal, InitSource, Json, Omission, ProposalOptions
from perfgate.init.recorded import Recorded
from perfgate.init.script import script as scripts
from perfgate.init.script.script import ReadScript
from perfgate.init.script.tokens import ScriptError
from perfgate.init.script.values import JsonText, Unknown, text_of
from perfgate.init.secrets import Secrets
from perfgate.init.tools import k6_options
from perfgate.init.tools.conversion import (
    UnsendableError,
    checked_method,
    of_one_host,
    sent_variables,
    split_base,
)
from perfgate.init.tools.k6_calls import K6Walk
from perfgate.init.tools.k6_options import K6Scenario, K6Threshold
from perfgate.init.tools.k6_requests import K6Call
from perfgate.model.errors import UsageError

_IMPORTS = re.compile(r"""(?:from|import|require\s*\()\s*["']k6(?:/[\w/-]+)?["']""")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)\}")
MAX_CHARS = 5_000_000  # of a script; those that bundlers make have less
OTHER_MODULES = {
    "k6/ws": "WebSockets: write them by hand under `websocket`",
    "k6/websockets": "WebSockets: write them by hand under `websocket`",
    "k6/experimental/websockets": "WebSockets: write them by hand under `websocket`",
    "k6/net/grpc": "gRPC: write the calls by hand under `grpc`",
    "k6/browser": "a browser: write its pages by hand under `pages`",
    "k6/experimental/browser": "a browser: write its pages by hand under `pages`",
}
UNRUN = {"setup": "it runs once, before the load", "teardown": "it runs once, after the load"}


def recognizes(source: InitSource) -> bool:
    return source.document is None and _IMPORTS.search(source.text[:MAX_CHARS]) is not None


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    script = _read(source)
    omissions: list[Omission] = []
    written = script.scope.get("options")
    scenarios = k6_options.scenarios(written, omissions)
    requests = _K6Requests(script, omissions)
    steps = [requests.steps(scenario) for scenario in scenarios]
    omissions += _unrun(script)
    if not requests.made and not omissions:
        raise UsageError(
            f"{source.name} has no request", hint="expected: calls such as http.get(...) of k6/http", code="PG-N003"
        )
    origin, remaining, others = of_one_host(list(requests.made.values()), options.target)
    budget, limited = _limited(remaining, requests.tags, k6_options.thresholds(written, omissions), omissions)
    names = naming.UniqueNames([endpoint.name for endpoint in limited])
    kept = {endpoint.name for endpoint in limited}
    parts = _parts(scenarios, steps, kept, names, omissions)
    proposal = FileProposal(
        target=options.target or origin,
        endpoints=limited,
        omissions=tuple(dict.fromkeys((*omissions, *others))),
        budget=budget,
        variables={**requests.secrets.variables, **sent_variables(requests.variables, limited)},
    )
    return with_parts(proposal, parts)


def _read(source: InitSource) -> ReadScript:
    """Raises UsageError for what is no script."""
    if len(source.text) > MAX_CHARS:
        raise UsageError(
            f"{source.name} has more than {MAX_CHARS:,} characters", hint="name the script", code="PG-N006"
        )
    try:
        return scripts.read(source.text)
    except ScriptError as error:
        message = f"{source.name} cannot be read from line {error.line} on: {error}"
        raise UsageError(message, hint="`k6 inspect FILE` says where it breaks", code="PG-N002") from error
    except RecursionError:
        raise UsageError(f"{source.name} is nested too deeply", hint="name the script", code="PG-N002") from None


def _unrun(script: ReadScript) -> list[Omission]:
    """What the script does besides its requests."""
    omissions = []
    for module, line in dict.fromkeys(script.modules.values()):
        if module in OTHER_MODULES:
            omissions.append(Omission(f"{module} (line {line})", OTHER_MODULES[module]))
    for name, why in UNRUN.items():
        if name in script.functions:
            walk = K6Walk(script, {})
            walk.walk(script.functions[name])
            if walk.steps or walk.omissions:
                omissions.append(Omission(f"the requests of {name}()", why))
    return omissions


def _parts(
    scenarios: Sequence[K6Scenario],
    steps: Sequence[tuple[str | float, ...]],
    kept: set[str],
    names: naming.UniqueNames,
    omissions: list[Omission],
) -> list[PlanPart]:
    """The scenarios as parts of one load: arrivals, where some have them."""
    is_open = any(scenario.is_open for scenario in scenarios)
    parts = []
    for scenario, all_steps in zip(scenarios, steps, strict=True):
        own = tuple(step for step in all_steps if not isinstance(step, str) or step in kept)
        if any(isinstance(step, str) for step in own):
            is_alike = scenario.is_open == is_open
            if scenario.levels and not is_alike:
                why = "perfgate's load is either users or starts per second: its requests have the least share"
                omissions.append(Omission(f"the users of scenario {scenario.name}", why))
            parts.append(
                PlanPart(
                    name=names.take(scenario.name),
                    steps=own,
                    is_open=is_open,
                    levels=scenario.levels if is_alike else (),
                    start=scenario.start,
                )
            )
    return parts


def _limited(
    endpoints: Sequence[Endpoint],
    tags: Mapping[str, list[Mapping[str, str]]],
    thresholds: Sequence[K6Threshold],
    omissions: list[Omission],
) -> tuple[dict[str, str], tuple[Endpoint, ...]]:
    """The budget of all endpoints, and the endpoints with their own. Of several limits the strictest counts."""
    ordered = sorted(thresholds, key=lambda item: -item.limit)
    shared = {item.metric: item.text for item in ordered if k6_options.matches(item.selector, [])}
    own: dict[str, dict[str, str]] = {}
    for item in ordered:
        if item.metric in shared and k6_options.matches(item.selector, []):
            continue
        meant = [endpoint.name for endpoint in endpoints if k6_options.matches(item.selector, tags[endpoint.name])]
        if not meant:
            omissions.append(Omission(f"threshold {naming.plain(item.key)}", "no request that is read has these tags"))
        for name in meant:
            own.setdefault(name, {})[item.metric] = item.text
    limited = tuple(replace(endpoint, budget=own.get(endpoint.name, {})) for endpoint in endpoints)
    return _shared_budget(shared), limited


def _shared_budget(limits: Mapping[str, str]) -> dict[str, str]:
    """The limits of the script, each latency relative to earlier runs as well; empty without limits."""
    if not limits:
        return {}
    budget = {"p50": "+20%", "p95": "+30%", "errors": "1%"} | {
        metric: limit if metric == "errors" else f"{limit} +30%" for metric, limit in limits.items()
    }
    order = ["p50", "p90", "p95", "p99", "mean", "max", "ttfb_p95", "errors"]
    return {metric: budget[metric] for metric in order if metric in budget}


@dataclass
class _K6Requests:
    """Converts calls of http. The same request at several places is one endpoint."""

    script: ReadScript
    omissions: list[Omission]
    secrets: Secrets = field(default_factory=Secrets)
    names: naming.UniqueNames = field(default_factory=naming.UniqueNames)
    made: dict[object, tuple[str, Endpoint]] = field(default_factory=dict)
    tags: dict[str, list[Mapping[str, str]]] = field(default_factory=dict)  # by name of an endpoint
    variables: dict[str, str] = field(default_factory=dict)

    def steps(self, scenario: K6Scenario) -> tuple[str | float, ...]:
        """Names of endpoints and pauses of what a scenario runs."""
        function = self.script.functions.get(scenario.function)
        if not function:
            why = "it is not in this file" if scenario.function in self.script.modules else "there is none"
            self.omissions.append(Omission(f"the function {naming.plain(scenario.function)}", why))
            return ()
        walk = K6Walk(self.script, {})
        walk.walk(function)
        self.omissions += walk.omissions
        steps: list[str | float] = []
        for step in walk.steps:
            if not isinstance(step, K6Call):
                steps.append(step)
                continue
            try:
                steps.append(self._step(step, scenario, walk.drawn))
            except UnsendableError as error:
                self.omissions.append(Omission(f"the request in line {step.line}", str(error)))
        return tuple(steps)

    def _step(self, call: K6Call, scenario: K6Scenario, drawn: Mapping[str, Json]) -> str:
        key = (call.method, call.url, str(call.body), tuple(call.headers.items()), call.tags.get("name"))
        if key not in self.made:
            self.made[key] = self._endpoint(call, drawn)
        name = self.made[key][1].name
        self.tags.setdefault(name, []).append({**scenario.tags, **call.tags})
        return name

    def _endpoint(self, call: K6Call, drawn: Mapping[str, Json]) -> tuple[str, Endpoint]:
        """Origin and endpoint. Raises UnsendableError."""
        method = checked_method(call.method)
        origin, path, query = split_base(call.url)
        body, media_type = _body(call)
        sent = Recorded(
            method=method,
            path=path,
            query=query,
            headers=recorded.with_user(call.headers, call.url),
            body=body,
            media_type=media_type,
        )
        named = call.tags.get("name", "")
        preferred = named if named != call.url else _VARIABLE.sub(r"{\1}", recorded.name_of(sent, self.secrets))
        made = recorded.endpoint(sent, "", self.secrets)
        used = sorted({name for text in (call.url, body, *call.headers.values()) for name in _VARIABLE.findall(text)})
        self.variables |= {name: "a variable of the script" for name in used if name not in drawn}
        if used:
            made = recorded.with_variables(made, "|".join(used), [name for name in used if name in drawn])
        values = {name: drawn[name] for name in used if name in drawn and f"{{{name}}}" in str(made)}
        status = {"status": call.statuses[0] if len(call.statuses) == 1 else list(call.statuses)}
        name = self.names.take(preferred, naming.with_query(preferred, f"?{query}"))
        return origin, replace(made, name=name, values=values, expect=status if call.statuses else {})


def _body(call: K6Call) -> tuple[str, str]:
    """Text and media type of what is sent; k6 sends an object as a form. Raises UnsendableError."""
    declared = next((value for name, value in call.headers.items() if name.lower() == "content-type"), "")
    if isinstance(call.body, dict):
        if any(isinstance(value, dict | list | Unknown) for value in call.body.values()):
            raise UnsendableError("its form has fields that are no texts")
        return urlencode({name: text_of(value) for name, value in call.body.items()}, safe="$"), recorded.FORM
    if call.body is None:
        return "", ""
    if isinstance(call.body, list):
        raise UnsendableError("its body is a list")
    is_json = isinstance(call.body, JsonText)
    return text_of(call.body), declared or ("application/json" if is_json else "")
