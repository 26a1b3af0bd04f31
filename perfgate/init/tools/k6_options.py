"""Options of a k6 script: scenarios with their load, thresholds as budgets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from perfgate.init import naming
from perfgate.init.load_levels import DEFAULT_S, MAX_S, Level, stages
from perfgate.init.proposal import Json, Omission
from perfgate.init.script.script import DEFAULT
from perfgate.init.script.values import Unknown

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|ns|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|ns|s|m|h|d)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_THRESHOLD = re.compile(r"(\w+)(?:\((\d+(?:\.\d+)?)\))?\s*(<=?|>=?|===?|!==?)\s*(\d+(?:\.\d+)?)")
_SELECTED = re.compile(r"(\w+)(?:\{(.*)\})?", re.DOTALL)
_LATENCIES = {"med": "p50", "avg": "mean", "max": "max", "p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99"}
_CONSTANT, _RAMPING = ("constant-vus", "constant-arrival-rate"), ("ramping-vus", "ramping-arrival-rate")
_COUNTED = ("shared-iterations", "per-vu-iterations")
_LOAD_KEYS = ("vus", "duration", "stages", "iterations", "scenarios")
_WITHOUT_EFFECT = (  # of the client, or of k6's own output
    "discardResponseBodies vusMax userAgent systemTags summaryTrendStats summaryTimeUnit noUsageReport setupTimeout "
    "teardownTimeout minIterationDuration batch batchPerHost linger paused httpDebug ext cloud tags noConnectionReuse "
    "noVUConnectionReuse maxRedirects throw noCookiesReset gracefulStop gracefulRampDown insecureSkipTLSVerify"
).split()
_HINTS = {
    "insecureSkipTLSVerify": "write `tls: {insecure: true}`",
    "tlsAuth": "write the certificate under `tls`",
    "hosts": "name the address under `target`",
    "rps": "write `load: {rate: ...}`",
}


@dataclass(frozen=True, kw_only=True)
class K6Scenario:
    """`function` is the name of what it runs. Without levels the script does not say its load."""

    name: str
    function: str = DEFAULT
    is_open: bool = False
    levels: tuple[Level, ...] = ()
    start: float = 0.0
    tags: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class K6Threshold:
    """A limit on a metric of perfgate, of requests with these tags."""

    key: str
    metric: str
    limit: float  # seconds, or a share
    selector: Mapping[str, str]

    @property
    def text(self) -> str:
        return f"{self.limit * 100:.10g}%" if self.metric == "errors" else f"{self.limit * 1000:.10g}ms"


def scenarios(options: Json, omissions: list[Omission]) -> list[K6Scenario]:
    """The scenarios of the options; that of the default function where there are none."""
    if isinstance(options, Unknown):
        omissions.append(Omission("options", options.why))
    written = options if isinstance(options, dict) else {}
    omissions += _unread(written)
    named = written.get("scenarios")
    if isinstance(named, Unknown):
        omissions.append(Omission("options.scenarios", named.why))
    if not isinstance(named, dict) or not named:
        return [_default(written, omissions)]
    unread = {name: item for name, item in named.items() if not isinstance(item, dict)}
    omissions += [Omission(f"scenario {naming.plain(name)}", _why(item)) for name, item in unread.items()]
    return [_scenario(naming.plain(name), item, omissions) for name, item in named.items() if name not in unread]


def thresholds(options: Json, omissions: list[Omission]) -> list[K6Threshold]:
    """The thresholds that have an equivalent."""
    written = options.get("thresholds") if isinstance(options, dict) else None
    if isinstance(written, Unknown):
        omissions.append(Omission("options.thresholds", written.why))
    kept: list[K6Threshold] = []
    for key, conditions in written.items() if isinstance(written, dict) else ():
        for condition in conditions if isinstance(conditions, list) else [conditions]:
            text = condition.get("threshold") if isinstance(condition, dict) else condition
            what = f"threshold {naming.plain(str(key))}: {naming.plain(str(text))}"
            if not isinstance(text, str):
                omissions.append(Omission(f"threshold {naming.plain(str(key))}", _why(text)))
                continue
            made = _threshold(str(key), text)
            if isinstance(made, K6Threshold):
                kept.append(made)
            else:
                omissions.append(Omission(what, made))
            if isinstance(condition, dict) and condition.get("abortOnFail"):
                omissions.append(Omission(f"abortOnFail of {what}", "`load: {abort: ...}` ends a load early"))
    return kept


def _threshold(key: str, text: str) -> K6Threshold | str:
    """The threshold, or why it has no equivalent."""
    selected, condition = _SELECTED.fullmatch(key), _THRESHOLD.fullmatch(text.strip())
    if not selected or not condition:
        return "it cannot be read"
    name, percentile, sign, value = condition.groups()
    aggregate = f"p{percentile.removesuffix('.0')}" if percentile else name
    metric = {
        "http_req_duration": _LATENCIES.get(aggregate, ""),
        "http_req_waiting": "ttfb_p95" if aggregate == "p95" else "",
        "http_req_failed": "errors" if aggregate == "rate" else "",
    }.get(selected[1])
    if metric is None:
        return _METRICS.get(selected[1], "a metric of the script's own, or one that perfgate does not judge")
    if not metric:
        return f"perfgate has no budget on {aggregate} of it"
    if sign not in ("<", "<="):
        return "a budget is an upper limit"
    number = float(value)
    limit = number if metric == "errors" else number / 1000
    if (metric != "errors" and limit <= 0) or limit > (1 if metric == "errors" else MAX_S):
        return "it is no limit"
    pairs = (part.partition(":") for part in (selected[2] or "").split(",") if part.strip())
    return K6Threshold(
        key=key, metric=metric, limit=limit, selector={tag.strip(): value.strip() for tag, _, value in pairs}
    )


_METRICS = {
    "http_reqs": "perfgate's `rate` is a budget of each endpoint",
    "checks": "what an answer must be stands under `expect`; what fails it counts under `errors`",
    "iteration_duration": "write a budget of the journey",
}


def _unread(options: Mapping[str, Json]) -> Iterator[Omission]:
    for key in options:
        if key in (*_LOAD_KEYS, "thresholds"):
            continue
        if _HINTS.get(key) and options[key]:
            yield Omission(f"options.{key}", _HINTS[key])
        elif key not in _WITHOUT_EFFECT and key not in _HINTS:
            yield Omission(f"options.{naming.plain(key)}", "it has no equivalent")


def _default(options: Mapping[str, Json], omissions: list[Omission]) -> K6Scenario:
    """The load that `vus`, `duration`, `stages` and `iterations` say."""
    users = _number(options, "vus", 1, omissions, "options")
    levels: tuple[Level, ...] = ()
    if "stages" in options:
        levels = _stages(users, options["stages"], 1.0, omissions, "options")
    elif "duration" in options:
        levels = ((users, _time(options, "duration", omissions, "options")),)
    elif "vus" in options:
        levels = ((users, DEFAULT_S),)
    if "iterations" in options:
        omissions.append(Omission("options.iterations", "perfgate sends load for a time"))
    return K6Scenario(name=DEFAULT, levels=levels, tags={"scenario": DEFAULT})


def _scenario(name: str, written: Mapping[str, Json], omissions: list[Omission]) -> K6Scenario:
    executor, function, what = written.get("executor"), written.get("exec"), f"scenario {name}"
    unit = max(0.001, _time(written, "timeUnit", omissions, what, 1.0))
    is_open = executor in (_CONSTANT[1], _RAMPING[1])
    levels: tuple[Level, ...] = ()
    if executor in _CONSTANT:
        amount = (
            _number(written, "rate", 1, omissions, what) / unit
            if is_open
            else _number(written, "vus", 1, omissions, what)
        )
        levels = ((amount, _time(written, "duration", omissions, what)),)
    elif executor in _RAMPING:
        start = _number(written, "startRate" if is_open else "startVUs", 0 if is_open else 1, omissions, what)
        levels = _stages(start, written.get("stages"), unit if is_open else 1.0, omissions, what)
    else:
        levels = ((_number(written, "vus", 1, omissions, what), DEFAULT_S),)
        why = "perfgate sends load for a time" if executor in _COUNTED else "it has no equivalent"
        omissions.append(Omission(f"executor {naming.plain(str(executor))} of {what}", why))
    if "env" in written:
        omissions.append(Omission(f"env of {what}", "set the variables yourself"))
    tags = {"scenario": name, **{str(tag): str(value) for tag, value in _map(written.get("tags")).items()}}
    return K6Scenario(
        name=name,
        function=function if isinstance(function, str) else DEFAULT,
        is_open=is_open,
        levels=tuple((level, seconds) for level, seconds in levels if seconds > 0),
        start=_time(written, "startTime", omissions, what, 0.0),
        tags=tags,
    )


def _stages(start: float, written: Json, unit: float, omissions: list[Omission], what: str) -> tuple[Level, ...]:
    targets: list[Level] = []
    for stage in written if isinstance(written, list) else ():
        if isinstance(stage, dict):
            target = _number(stage, "target", 0, omissions, what)
            targets.append((target / unit, _time(stage, "duration", omissions, what)))
    if not targets:
        omissions.append(Omission(f"stages of {what}", _why(written)))
    return stages(start / unit, targets)


def _map(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _why(value: Json) -> str:
    return value.why if isinstance(value, Unknown) else "it cannot be read"


def _number(written: Mapping[str, Json], key: str, default: float, omissions: list[Omission], what: str) -> float:
    value = written.get(key, default)
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}(\.\d+)?", value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
        return value
    omissions.append(Omission(f"{key} of {what}", _why(value)))
    return default


def _time(
    written: Mapping[str, Json], key: str, omissions: list[Omission], what: str, default: float = DEFAULT_S
) -> float:
    """Seconds of a duration: a text with units, or milliseconds."""
    value = written.get(key, "")
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return min(MAX_S, sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(value)))
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < MAX_S * 1000:
        return value / 1000
    if value != "" or default == DEFAULT_S:
        omissions.append(
            Omission(f"{key} of {what}", f"{_why(value) if value != '' else 'it is missing'}; {default:g} s are taken")
        )
    return default


def matches(selector: Mapping[str, str], tags: Sequence[Mapping[str, str]]) -> bool:
    """Whether a request with these tags is meant."""
    wanted = {tag: value for tag, value in selector.items() if tag not in ("expected_response", "status", "proto")}
    return all(any(own.get(tag) == value for own in tags) for tag, value in wanted.items())
