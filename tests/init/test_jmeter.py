"""JMeter test plans: thread groups, samplers, what stands above and below them, and what has no equivalent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from init.sources import JMETER, JMX_DEFAULTS, argument, jmx, sampler, thread_group

from perfgate import budgets, init
from perfgate.init.proposal import Endpoint, FileProposal
from perfgate.model.errors import UsageError


def converted(*elements: str, target: str = "", folder: Path | None = None, name: str = "shop.jmx") -> FileProposal:
    source = replace(init.source(name, jmx(*elements)), folder=folder)
    return init.convert(source, init.ProposalOptions(target=target))


def of_group(*elements: str, **properties: Any) -> FileProposal:
    return converted(JMX_DEFAULTS, thread_group("Visitors", "".join(elements), **properties))


def only(*elements: str, **others: Any) -> Endpoint:
    [endpoint] = of_group(*elements, **others).endpoints
    return endpoint


def reasons(proposal: FileProposal) -> dict[str, str]:
    found = {omission.what: omission.why for omission in proposal.omissions}
    return {what: why for what, why in found.items() if not what.startswith("the number of loops")}


def element(kind: str, title: str = "it", below: str = "", parts: str = "", **properties: str) -> str:
    written = "".join(
        f'<stringProp name="{name.replace("__", ".")}">{value}</stringProp>' for name, value in properties.items()
    )
    return f'<{kind} testname="{title}">{written}{parts}</{kind}><hashTree>{below}</hashTree>'


def arguments(*pairs: tuple[str, str], raw: bool = False) -> str:
    """A POST with these arguments."""
    listed = "".join(argument(name, value) for name, value in pairs)
    return (
        f'<boolProp name="HTTPSampler.postBodyRaw">{str(raw).lower()}</boolProp><elementProp name="HTTPsampler.Arguments">'
        f'<collectionProp name="Arguments.arguments">{listed}</collectionProp></elementProp>'
    )


def post(inner: str, path: str = "/x", method: str = "POST", below: str = "") -> str:
    return sampler("send", path, method, below).replace("</HTTPSamplerProxy>", f"{inner}</HTTPSamplerProxy>", 1)


def variables(**values: str) -> str:
    listed = "".join(argument(name, value) for name, value in values.items())
    return element("Arguments", parts=f'<collectionProp name="Arguments.arguments">{listed}</collectionProp>')


def assertion(field: str, kind: int, *texts: str) -> str:
    listed = "".join(f'<stringProp name="1">{text}</stringProp>' for text in texts)
    parts = f'<collectionProp name="Asserion.test_strings">{listed}</collectionProp>'
    return element("ResponseAssertion", "check", parts=parts, Assertion__test_field=f"Assertion.{field}", Assertion__test_type=str(kind))  # fmt: skip


def test_a_plan_becomes_a_journey_with_users():
    proposal = init.convert(init.source("shop.jmx", JMETER), init.ProposalOptions())

    assert [(one.name, one.request) for one in proposal.endpoints] == [
        ("List", "GET /products?page=1"),
        ("Show", "GET /products/7"),
    ]
    assert dict(proposal.endpoints[0].headers) == {"Authorization": "Bearer ${API_TOKEN}"}
    assert [(one.name, one.steps) for one in proposal.journeys] == [("Visitors", ("List", "Show"))]
    assert proposal.load is not None
    assert (proposal.load.is_open, proposal.load.levels) == (False, ((10, 120.0),))
    assert proposal.target == "http://127.0.0.1:9000"
    assert reasons(proposal) == {"Groovy": "it is code, and is not run"}


@pytest.mark.parametrize(
    ("properties", "levels"),
    [
        ({"threads": "5"}, ((5, 60.0),)),
        ({"threads": "${__P(users,7)}", "scheduler": "true", "duration": "30"}, ((7, 30.0),)),
        ({"threads": "8", "ramp_time": "4"}, ((8, 60.0),)),
        ({"threads": "8", "ramp_time": "40", "scheduler": "true", "duration": "100"},
         ((1, 10.0), (3, 10.0), (5, 10.0), (7, 10.0), (8, 60.0))),
        ({"threads": "8", "duration": "30"}, ((8, 60.0),)),
        ({"threads": "many"}, ((10, 60.0),)),
    ],
)  # fmt: skip
def test_load(properties: dict[str, str], levels: Any):
    load = of_group(sampler("a"), **properties).load

    assert load is not None
    assert load.levels == levels


def test_groups_share_the_load_by_their_threads():
    proposal = converted(
        JMX_DEFAULTS,
        thread_group("look", sampler("a"), threads="9"),
        thread_group("buy", sampler("b", "/b") + sampler("c", "/c"), threads="3"),
        '<ThreadGroup testname="off" enabled="false"/><hashTree>' + sampler("d") + "</hashTree>",
        '<SetupThreadGroup testname="prepare"/><hashTree>' + sampler("e") + "</hashTree>",
    )

    assert [(one.name, one.weight) for one in proposal.endpoints] == [("a", 3), ("b", None), ("c", None)]
    assert [(one.name, one.weight) for one in proposal.journeys] == [("buy", 1)]
    assert proposal.load is not None
    assert proposal.load.levels == ((12, 60.0),)
    assert reasons(proposal) == {"prepare": "it runs once, before the load"}


@pytest.mark.parametrize(
    ("sent", "line", "key", "body"),
    [
        (sampler("a", "x"), "GET /x", "", None),
        (sampler("a", "/x?q=1", domain="127.0.0.1", port="9000", protocol="http"), "GET /x?q=1", "", None),
        (sampler("a", "http://127.0.0.1:9000/y"), "GET /y", "", None),
        (post(arguments(("a", "1"), ("b", "x%20y")), method="GET"), "GET /x?a=1&b=x%20y", "", None),
        (post(arguments(("a", "1"), ("b", "x y"))), "POST /x", "form", {"a": "1", "b": "x y"}),
        (post(arguments(("", '{"a": [1]}'))), "POST /x", "json", {"a": [1]}),
        (post(arguments(("", "plain"), raw=True)), "POST /x", "body", "plain"),
        (
            post(arguments(("a", "1")) + '<boolProp name="HTTPSampler.DO_MULTIPART_POST">true</boolProp>'),
            "POST /x",
            "multipart",
            {"a": "1"},
        ),
    ],
)
def test_samplers(sent: str, line: str, key: str, body: Any):
    endpoint = only(sent)

    assert (endpoint.request, endpoint.body_key, endpoint.body) == (line, key, body)


@pytest.mark.parametrize(
    ("path", "line", "values"),
    [
        ("/${place}/x", "GET /shops/x", {}),
        ("/${outer}", "GET /a/shops", {}),
        ("/${unset}", "GET /${UNSET}", {}),
        ("/${__P(part,z)}", "GET /z", {}),
        ("/${__P(part)}", "GET /${PART}", {}),
        ("/${__Random(1,9)}", "GET /{number}", {"number": {"between": [1, 9]}}),
        ("/${__UUID}", "GET /{uuid}", {"uuid": "uuid"}),
        ("/${__counter(FALSE,)}", "GET /{counter}", {"counter": {"sequence": 1}}),
    ],
)
def test_variables(path: str, line: str, values: dict[str, Any]):
    endpoint = only(variables(place="shops", outer="a/${place}", password="s3cret"), sampler("a", path))

    assert (endpoint.request, dict(endpoint.values)) == (line, values)


def test_a_secret_of_the_plan_stays_out():
    sent = post(arguments(("password", "${password}"), ("pin", "12345678")))
    proposal = of_group(variables(password="s3cret-of-plan"), sent)

    assert proposal.endpoints[0].body == {"password": "${PASSWORD}", "pin": "${PIN}"}
    assert "s3cret-of-plan" not in init.write(proposal, init.Context(source="x"))


def test_timers_are_pauses_before_each_sampler_of_their_level():
    pause = element("ConstantTimer", ConstantTimer__delay="300")
    uniform = element("UniformRandomTimer", "wait", ConstantTimer__delay="1000", RandomTimer__range="500")
    action = element("TestAction", ActionProcessor__action="1", ActionProcessor__duration="2000")
    proposal = of_group(pause, sampler("a"), sampler("b", "/b", below=uniform), action)

    assert [one.steps for one in proposal.journeys] == [(0.3, "a", 1.55, "b", 2.0)]
    assert reasons(proposal) == {"the random part of wait": "its mean is taken, 1.25 s"}


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        (assertion("response_code", 8, "200"), {"status": 200}),
        (assertion("response_code", 40, "200", "201"), {"status": [200, 201]}),
        (assertion("response_data", 16, "Welcome"), {"text": {"contains": "Welcome"}}),
        (assertion("response_data", 2, "id=[0-9]+"), {"regex": ["id=[0-9]+"]}),
        (assertion("response_code", 8, "200") + assertion("response_data", 1, "a.*"), {"status": 200, "regex": ["^(?:a.*)$"]}),
    ],
)  # fmt: skip
def test_assertions_are_expectations(checks: str, expected: dict[str, Any]):
    assert dict(only(sampler("a", below=checks)).expect) == expected
    assert dict(only(checks, sampler("a")).expect) == expected


@pytest.mark.parametrize(
    "check",
    [
        assertion("response_code", 12, "500"),
        assertion("response_code", 2, "2.."),
        assertion("response_headers", 2, "x"),
        assertion("response_data", 2, "("),
        assertion("response_data", 16, "${name}"),
        assertion("response_data", 8),
    ],
)
def test_assertions_without_an_equivalent_are_listed(check: str):
    assert reasons(of_group(sampler("a", below=check)))["check"].startswith("write `expect")


def capture(kind: str) -> str:
    if kind == "json":
        return element("JSONPostProcessor", JSONPostProcessor__referenceNames="token;user-id", JSONPostProcessor__jsonPathExprs="$.token;$.users[0].id")  # fmt: skip
    return element("RegexExtractor", RegexExtractor__refname="token", RegexExtractor__regex="token=(.+?)&amp;", RegexExtractor__template="$1$")  # fmt: skip


def test_captures_are_values_of_later_requests():
    use = sampler("use", "/x?t=${token}")
    proposal = of_group(use, sampler("log in", "/login", below=capture("json")), use)

    assert [one.path for one in proposal.endpoints] == ["/x?t=${TOKEN}", "/login", "/x?t={token}"]
    assert dict(proposal.endpoints[1].captures) == {"token": "$.token", "user_id": "$.users[0].id"}
    assert dict(only(sampler("a", below=capture("regex"))).captures) == {"token": {"regex": "token=(.+?)&"}}


CSV = element(
    "CSVDataSet", filename="users.csv", variableNames="user,pin", delimiter=",", recycle="false", stopThread="true"
)


def test_a_csv_file_that_is_there_gives_values(tmp_path: Path):
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "users.csv").write_text("user,pin\nann,1\n")
    sent = post(arguments(("user", "${user}"), ("pin", "${pin}")))
    group = thread_group("Visitors", CSV + sent + sampler("b", "/b"))
    proposal = converted(JMX_DEFAULTS, group, folder=tmp_path, name="plans/shop.jmx")
    (tmp_path / "budgets.yaml").write_text(init.write(proposal, init.Context(source="x")))

    assert proposal.endpoints[0].body == {"user": "{user}", "pin": "{pin}"}
    assert [dict(one.values) for one in proposal.endpoints] == [{"from": "plans/users.csv", "once": True}, {}]
    budgets.check(tmp_path / "budgets.yaml", {})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not there: add it, and write `with: {from: FILE}`"),
        ("ann,1\n", "its first line does not name user, pin: add it, and write `with: {from: FILE}`"),
    ],
)
def test_a_csv_file_that_cannot_be_used_leaves_variables(tmp_path: Path, text: str, why: str):
    if text:
        (tmp_path / "users.csv").write_text(text)
    group = thread_group("Visitors", CSV + sampler("a", "/${user}"))
    proposal = converted(JMX_DEFAULTS, group, folder=tmp_path)

    assert proposal.endpoints[0].path == "/${USER}"
    assert proposal.variables == {"USER": "a value of users.csv"}
    assert reasons(proposal) == {"the data of users.csv": why}


@pytest.mark.parametrize(
    ("written", "what", "why"),
    [
        (element("JSR223PreProcessor", "code"), "code", "it is code, and is not run"),
        (element("BeanShellSampler", "code"), "code", "it is code, and is not run"),
        (element("JDBCSampler", "sql"), "sql", "a JDBCSampler is no HTTP request"),
        (element("DurationAssertion", "quick"), "quick", "write `budget: {max: ...}`"),
        (element("RegExUserParameters", "x"), "x", "a RegExUserParameters has no equivalent"),
        (element("kg.apc.jmeter.timers.VariableThroughputTimer", "x"), "x", "write `load: {stages: ...}`"),
        (sampler("a", "/${__groovy(1)}"), "a", "the function `__groovy` has no equivalent"),
        (sampler("a", "/${__groovy(x{})}"), "a", "a function in it cannot be read"),
        (sampler("a", method="PROPFIND"), "a", "PROPFIND is not sent by perfgate"),
        (sampler("a", domain="a b"), "a", "its URL cannot be read"),
        (element("IfController", "maybe", below=sampler("b", "/b")), "IfController maybe", "its requests are sent whatever the condition"),
        (element("JSONPostProcessor", "x", JSONPostProcessor__referenceNames="a", JSONPostProcessor__jsonPathExprs="$..b"), "x", "write `capture: {NAME: $.path}`"),
        (element("RegexExtractor", "x", RegexExtractor__regex="(", RegexExtractor__refname="a"), "x", "write `capture: {NAME: {regex: ...}}`, with one group"),
        (element("ConstantTimer", "wait", ConstantTimer__delay="soon"), "wait", "its time is no number"),
        (element("TestAction", "stop", ActionProcessor__action="0"), "stop", "it has no equivalent"),
        (variables(a="${b}", b="${a}") + sampler("c", "/${a}"), "c", "its variables refer to each other without end"),
    ],
)  # fmt: skip
def test_what_has_no_equivalent_is_listed(written: str, what: str, why: str):
    assert reasons(of_group(written, sampler("z", "/z"))) == {what: why}


def test_what_is_disabled_or_a_listener_is_passed_over():
    off = '<HTTPSamplerProxy testname="off" enabled="false"/><hashTree>' + sampler("b") + "</hashTree>"
    proposal = of_group(off, element("ResultCollector"), element("CookieManager"), sampler("a"))

    assert ([one.name for one in proposal.endpoints], reasons(proposal)) == (["a"], {})


def test_a_host_that_the_plan_does_not_say_is_the_target():
    proposal = converted(thread_group("g", sampler("a", "/a", domain="${host}")), target="http://127.0.0.1:1")

    assert (proposal.target, [one.path for one in proposal.endpoints]) == ("http://127.0.0.1:1", ["/a"])
    assert proposal.variables == {}


ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><jmeterTestPlan>&c;</jmeterTestPlan>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTITIES, "cannot be read from line 1 on: it declares entities"),
        ("<jmeterTestPlan>\n<hashTree>", "cannot be read from line 2 on: no element found"),
        ("<jmeterTestPlan>" + "<a>" * 300, "more than 200 elements within each other"),
        ("<a><jmeterTestPlan/></a>", "is no JMeter test plan"),
        ("<jmeterTestPlan/>", "has no HTTP sampler in a thread group"),
        (jmx(sampler("loose")), "has no HTTP sampler in a thread group"),
    ],
)
def test_a_file_that_is_no_plan_says_so(text: str, message: str):
    with pytest.raises(UsageError, match=message) as caught:
        init.convert(init.source("x.jmx", text), init.ProposalOptions())
    assert caught.value.hint


@pytest.mark.parametrize("kind", ["HeaderManager", "ResponseAssertion", "CSVDataSet", "JSONPostProcessor", "RegexExtractor", "Arguments", "ConstantTimer", "ConfigTestElement", "HTTPSamplerProxy", "ThreadGroup", "TestAction"])  # fmt: skip
def test_elements_without_properties_are_no_crash(kind: str):
    for written in (element(kind), element(kind, Assertion__test_type="x", filename="/", delimiter="ab", recycle="x")):
        init.write(of_group(sampler("a", below=written), written), init.Context(source="x"))
