"""What elements of a JMeter plan add to the samplers beside and below them: defaults, headers, data, timers, checks,
captures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from perfgate.init import naming, templating
from perfgate.init.proposal import Json, Omission
from perfgate.init.tools.conversion import UnsendableError
from perfgate.init.tools.jmx_tree import PlanElement, XmlElement
from perfgate.init.tools.jmx_variables import PlanVariables

HTTP_KEYS = ("domain", "port", "protocol", "path")
MAX_PAUSE_S = 3600.0
_JSON_PATH = re.compile(r"\$(?:\.[A-Za-z_]\w*|\[\d+\]|\['[^'\\]+'\])+")
_NOT, _EQUALS, _SUBSTRING, _CONTAINS, _MATCH, _OR = 4, 8, 16, 2, 1, 32  # of Assertion.test_type
_RANDOM_TIMERS = {"UniformRandomTimer": 0.5, "PoissonRandomTimer": 1.0, "GaussianRandomTimer": 0.0}  # of their range
SENDING = ("Controller", "ThreadGroup", "Sampler", "Control", "Proxy", "TestAction", "TestPlan", "CSVDataSet")
_WITHOUT_EFFECT = (  # listeners, and what perfgate does by itself
    "Arguments ResultCollector CookieManager DebugSampler DebugPostProcessor Summariser RecordingController "
    "ProxyControl HttpMirrorControl"
).split()
_HINTS = {
    "AuthManager": "write the header: `Authorization: Basic ${BASIC_AUTH}`",
    "CacheManager": "perfgate caches nothing",
    "ConstantThroughputTimer": "write `load: {rate: ...}`",
    "PreciseThroughputTimer": "write `load: {rate: ...}`",
    "VariableThroughputTimer": "write `load: {stages: ...}`",
    "SyncTimer": "perfgate's users do not wait for each other",
    "DurationAssertion": "write `budget: {max: ...}`",
    "JSONPathAssertion": "write `expect: {json: ...}`",
    "JSONPathAssertion2": "write `expect: {json: ...}`",
    "SizeAssertion": "write `budget: {size: ...}`",
    "XPathAssertion": "write `expect: {regex: ...}`",
    "BoundaryExtractor": "write `capture: {NAME: {regex: ...}}`",
    "HtmlExtractor": "write `capture: {NAME: {regex: ...}}`",
    "XPathExtractor": "write `capture: {NAME: {regex: ...}}`",
    "XPath2Extractor": "write `capture: {NAME: {regex: ...}}`",
    "UserParameters": "write a CSV file, and `with: {from: FILE}`",
    "RandomVariableConfig": "write `with: {NAME: {between: [1, 100]}}`",
    "CounterConfig": "write `with: {NAME: {sequence: 1}}`",
    "IncludeController": "it is in another file",
    "ModuleController": "it stands elsewhere in the plan",
}


@dataclass(frozen=True)
class PresentFile:
    """A CSV file that is there: its path from the budget file's folder, and the names in its first line."""

    path: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DataFile:
    """A CSV file. `path` is empty where it cannot be taken as it is."""

    path: str
    names: tuple[str, ...]
    settings: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class PlanScope:
    """`pause` in seconds before each sampler; `expect` and `captures` as a budget file has them."""

    defaults: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[XmlElement, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    data: tuple[DataFile, ...] = ()
    pause: float = 0.0
    expect: Mapping[str, Json] = field(default_factory=dict)
    captures: Mapping[str, Json] = field(default_factory=dict)


def arguments_of(element: XmlElement, name: str = "HTTPsampler.Arguments") -> tuple[XmlElement, ...]:
    """The arguments within a property, or of the element itself where it is one."""
    holder = element.part(name) or element
    listed = holder.part("Arguments.arguments")
    return tuple(listed.inner) if listed else ()


def extended(
    scope: PlanScope, elements: Iterable[PlanElement], variables: PlanVariables, omissions: list[Omission]
) -> PlanScope:
    """The scope with what these elements add. What has no equivalent is an omission."""
    for element in elements:
        try:
            scope = _with(scope, element, variables, omissions)
        except UnsendableError as error:
            omissions.append(Omission(element.title, str(error)))
    return scope


def is_known(kind: str) -> bool:
    """Whether elements of a kind have no effect on what is sent."""
    return kind in _WITHOUT_EFFECT or kind.endswith(("Visualizer", "Gui", "Listener", "ResultsCollector"))


def _with(scope: PlanScope, element: PlanElement, variables: PlanVariables, omissions: list[Omission]) -> PlanScope:
    """Raises UnsendableError."""
    xml, kind = element.xml, element.kind
    if kind == "ConfigTestElement" and xml.attributes.get("guiclass", "").startswith("HttpDefaults"):
        own = {key: xml.value(f"HTTPSampler.{key}") for key in HTTP_KEYS if xml.value(f"HTTPSampler.{key}")}
        return replace(scope, defaults={**scope.defaults, **own}, arguments=(*scope.arguments, *arguments_of(xml)))
    if kind == "HeaderManager":
        return replace(scope, headers=templating.merged_headers(scope.headers, _headers(xml)))
    if kind == "ConstantTimer" or kind in _RANDOM_TIMERS:
        return replace(scope, pause=scope.pause + _pause(element, variables, omissions))
    if kind == "ResponseAssertion":
        return replace(scope, expect=_expected(scope.expect, xml))
    if kind == "JSONPostProcessor":
        return replace(scope, captures={**scope.captures, **_json_captures(xml)})
    if kind == "RegexExtractor":
        return replace(scope, captures={**scope.captures, **_regex_capture(xml)})
    if kind in _HINTS:
        raise UnsendableError(_HINTS[kind])
    if kind.startswith(("BeanShell", "JSR223", "BSF")):
        raise UnsendableError("it is code, and is not run")
    if not kind.endswith(SENDING) and not is_known(kind):
        raise UnsendableError(f"a {kind} has no equivalent")
    return scope


def _headers(xml: XmlElement) -> dict[str, str]:
    listed = xml.part("HeaderManager.headers")
    return {
        item.value("Header.name").strip(): item.value("Header.value")
        for item in (listed.inner if listed else ())
        if item.value("Header.name").strip()
    }


def _pause(element: PlanElement, variables: PlanVariables, omissions: list[Omission]) -> float:
    """Seconds: the mean of a random timer."""
    delay, spread = element.xml.value("ConstantTimer.delay"), element.xml.value("RandomTimer.range")
    numbers = [variables.number(text or "0") for text in (delay, spread)]
    if any(number is None or number < 0 for number in numbers):
        raise UnsendableError("its time is no number")
    share = _RANDOM_TIMERS.get(element.kind)
    mean = ((numbers[0] or 0) + (numbers[1] or 0) * (share or 0)) / 1000
    if share is not None:
        omissions.append(Omission(f"the random part of {element.title}", f"its mean is taken, {mean:g} s"))
    return min(mean, MAX_PAUSE_S)


def _expected(before: Mapping[str, Json], xml: XmlElement) -> dict[str, Json]:
    """What answers must be, by an assertion. Raises UnsendableError."""
    place, written = xml.value("Assertion.test_field"), xml.value("Assertion.test_type").strip()
    kind = int(written) if re.fullmatch(r"\d{1,3}", written, re.ASCII) else 0
    listed = xml.part("Asserion.test_strings") or xml.part("Assertion.test_strings")
    texts = [item.text for item in (listed.inner if listed else ()) if item.text]
    if kind & _NOT or not texts or any("${" in text for text in texts):
        raise UnsendableError("write `expect` by hand")
    if place == "Assertion.response_code":
        if not all(re.fullmatch(r"[1-9]\d\d", text) for text in texts):
            raise UnsendableError("write `expect: {status: ...}`")
        statuses = [int(text) for text in texts]
        return {**before, "status": statuses[0] if len(statuses) == 1 else statuses}
    if place != "Assertion.response_data" or (kind & _OR and len(texts) > 1):
        raise UnsendableError("write `expect` by hand")
    if kind & _SUBSTRING and len(texts) == 1 and "text" not in before:
        return {**before, "text": {"contains": texts[0]}}
    patterns = [f"^(?:{text})$" if kind & _MATCH else text for text in texts]
    if kind & (_SUBSTRING | _EQUALS) or not all(map(_is_pattern, patterns)):
        raise UnsendableError("write `expect: {text: ...}`")
    return {**before, "regex": [*before.get("regex", ()), *patterns]}


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _json_captures(xml: XmlElement) -> dict[str, Json]:
    """Raises UnsendableError."""
    names = xml.value("JSONPostProcessor.referenceNames").split(";")
    paths = xml.value("JSONPostProcessor.jsonPathExprs").split(";")
    numbers = xml.value("JSONPostProcessor.match_numbers").split(";")
    if len(names) != len(paths) or not all(_JSON_PATH.fullmatch(path.strip()) for path in paths):
        raise UnsendableError("write `capture: {NAME: $.path}`")
    if any(number.strip() not in ("", "0", "1") for number in numbers):
        raise UnsendableError("a capture takes the first match")
    return {naming.value_name(name.strip()): path.strip() for name, path in zip(names, paths, strict=True)}


def _regex_capture(xml: XmlElement) -> dict[str, Json]:
    """Raises UnsendableError."""
    pattern, template = xml.value("RegexExtractor.regex"), xml.value("RegexExtractor.template").strip()
    if xml.value("RegexExtractor.useHeaders") not in ("", "false"):
        raise UnsendableError("write `capture: {NAME: {header: ...}}`")
    if xml.value("RegexExtractor.match_number").strip() not in ("", "0", "1"):
        raise UnsendableError("a capture takes the first match")
    if template not in ("", "$1$") or "${" in pattern or not _is_pattern(pattern) or not pattern:
        raise UnsendableError("write `capture: {NAME: {regex: ...}}`, with one group")
    return {naming.value_name(xml.value("RegexExtractor.refname").strip()): {"regex": pattern}}


def data_files(
    elements: Iterable[PlanElement],
    present: Mapping[str, PresentFile],
    variables: PlanVariables,
    omissions: list[Omission],
) -> tuple[DataFile, ...]:
    """The CSV files among elements. `present` has those that are there, by their names in the plan."""
    files = []
    for element in elements:
        if element.kind != "CSVDataSet":
            continue
        xml = element.xml
        written = xml.value("filename")
        file = present.get(written)
        columns = file.columns if file else ()
        names = [name.strip() for name in xml.value("variableNames").split(",") if name.strip()] or list(columns)
        has_names = set(names) <= set(columns) and all(map(str.isidentifier, names)) and bool(names)
        separator = xml.value("delimiter").replace("\\t", "\t") or ","
        is_usable = has_names and len(separator) == 1
        shown = naming.plain(written)
        if not is_usable:
            why = "it is not there" if file is None else f"its first line does not name {', '.join(names)}"
            omissions.append(Omission(f"the data of {shown}", f"{why}: add it, and write `with: {{from: FILE}}`"))
            variables.meanings |= dict.fromkeys(names, f"a value of {shown}")
        settings = {"separator": separator} if separator != "," else {}
        is_once = xml.value("recycle") == "false" and xml.value("stopThread") == "true"
        files.append(
            DataFile(
                path=file.path if file and is_usable else "",
                names=tuple(names),
                settings={**settings, **({"once": True} if is_once else {})},
            )
        )
    return tuple(files)
