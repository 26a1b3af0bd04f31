"""k6 scripts: what their text says of load, thresholds and requests, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest
from init.sources import EXAMPLES

from perfgate import init
from perfgate.init.proposal import Endpoint, FileProposal
from perfgate.model.errors import UsageError

HEAD = "import http from 'k6/http';\nimport { check, group, sleep } from 'k6';\n"
SHOP = "http://shop.test"


def converted(text: str, target: str = "") -> FileProposal:
    return init.convert(init.source("shop.js", HEAD + text), init.ProposalOptions(target=target))


def of_body(*lines: str) -> FileProposal:
    return converted("export default function () {\n" + "\n".join(lines) + "\n}\n")


def only(*lines: str) -> Endpoint:
    [endpoint] = of_body(*lines).endpoints
    return endpoint


def of_options(options: str) -> FileProposal:
    return converted(f"export const options = {options};\nexport default () => {{ http.get('{SHOP}/x'); }};\n")


def levels(proposal: FileProposal) -> Any:
    return (proposal.load.is_open, proposal.load.levels) if proposal.load else None


def reasons(proposal: FileProposal) -> dict[str, str]:
    return {omission.what: omission.why for omission in proposal.omissions}


def test_a_script_becomes_a_journey_with_load_and_budgets():
    proposal = init.convert(init.source(*EXAMPLES["k6"]), init.ProposalOptions())

    [listed, login] = proposal.endpoints
    assert (listed.name, listed.request, listed.expect) == ("list", "GET /products?page=1", {"status": 200})
    assert listed.budget == {"p95": "100ms"}
    assert (login.body_key, login.body) == ("json", {"user": "ann", "password": "${PASSWORD}"})
    assert login.headers == {"Authorization": "Bearer ${API_TOKEN}"}
    assert [journey.steps for journey in proposal.journeys] == [("list", "POST /login", 1.0)]
    assert levels(proposal) == (True, ((20, 120.0),))
    assert proposal.budget == {"p50": "+20%", "p95": "300ms +30%", "errors": "2%"}
    assert proposal.target == "http://127.0.0.1:9000"
    assert reasons(proposal) == {"http.get in line 16": "its URL: `res.json(...)` is called while it runs"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("{ vus: 5, duration: '1m30s' }", (False, ((5, 90.0),))),
        ("{ vus: 5, iterations: 10 }", (False, ((5, 60.0),))),
        ("{ vus: __ENV.VUS || 7, duration: 30000 }", (False, ((7, 30.0),))),
        ("{ stages: [{ duration: '10s', target: 1 }] }", (False, ((1, 10.0),))),
        ("{ stages: [{ duration: '8s', target: 9 }, { duration: '1m', target: 9 }] }",
         (False, ((2, 2.0), (4, 2.0), (6, 2.0), (8, 2.0), (9, 60.0)))),
        ("{ scenarios: { a: { executor: 'constant-arrival-rate', rate: 90, timeUnit: '1m', duration: '30s' } } }",
         (True, ((1.5, 30.0),))),
        ("{ scenarios: { a: { executor: 'constant-vus', vus: 3, duration: '1h' } } }", (False, ((3, 3600.0),))),
        ("{ scenarios: { a: { executor: 'ramping-vus', startVUs: 4, stages: [{ duration: '5s', target: 4 }] } } }",
         (False, ((4, 5.0),))),
        ("{ scenarios: { a: { executor: 'ramping-arrival-rate', startRate: 10, stages: [{ duration: '2s', target: 20 }] } } }",
         (True, ((12.5, 1.0), (17.5, 1.0)))),
        ("{ scenarios: { a: { executor: 'constant-vus', vus: 2, duration: '20s' },"
         " b: { executor: 'constant-vus', vus: 3, duration: '10s', startTime: '5s' } } }",
         (False, ((2, 5.0), (5, 10.0), (2, 5.0)))),
        ("{}", None),
        ("{ vus: 0, duration: '1m' }", None),
    ],
)  # fmt: skip
def test_load(options: str, expected: Any):
    assert levels(of_options(options)) == expected


@pytest.mark.parametrize(
    ("options", "what", "why"),
    [
        ("{ vus: 2, iterations: 9 }", "options.iterations", "perfgate sends load for a time"),
        ("{ vus: count() }", "vus of options", "`count(...)` is called while it runs"),
        ("{ vus: 2, duration: 'x' }", "duration of options", "it cannot be read; 60 s are taken"),
        ("{ stages: make() }", "stages of options", "`make(...)` is called while it runs"),
        ("{ insecureSkipTLSVerify: true }", "options.insecureSkipTLSVerify", "write `tls: {insecure: true}`"),
        ("{ blacklistIPs: ['10.0.0.0/8'] }", "options.blacklistIPs", "it has no equivalent"),
        ("make()", "options", "`make(...)` is called while it runs"),
        ("{ scenarios: { a: { executor: 'per-vu-iterations', vus: 2 } } }", "executor per-vu-iterations of scenario a", "perfgate sends load for a time"),
        ("{ scenarios: { a: { executor: 'constant-vus', exec: 'gone' } } }", "the function gone", "there is none"),
        ("{ scenarios: { a: 5 } }", "scenario a", "it cannot be read"),
    ],
)  # fmt: skip
def test_options_that_have_no_equivalent_are_listed(options: str, what: str, why: str):
    assert reasons(of_options(options))[what] == why


@pytest.mark.parametrize(
    ("thresholds", "budget", "own"),
    [
        ("{ http_req_duration: ['p(95)<300'] }", {"p50": "+20%", "p95": "300ms +30%", "errors": "1%"}, {}),
        ("{ http_req_duration: ['avg<200', 'p(99.0)<=1500.5'] }",
         {"p50": "+20%", "p95": "+30%", "p99": "1500.5ms +30%", "mean": "200ms +30%", "errors": "1%"}, {}),
        ("{ http_req_failed: ['rate<0.001'] }", {"p50": "+20%", "p95": "+30%", "errors": "0.1%"}, {}),
        ("{ http_req_waiting: ['p(95)<90'] }", {"p50": "+20%", "p95": "+30%", "ttfb_p95": "90ms +30%", "errors": "1%"}, {}),
        ("{ http_req_duration: ['p(95)<300', { threshold: 'p(95)<200' }] }",
         {"p50": "+20%", "p95": "200ms +30%", "errors": "1%"}, {}),
        (f"{{ 'http_req_duration{{url:{SHOP}/x}}': ['max<1000'] }}", {}, {"max": "1000ms"}),
        ("{ 'http_req_duration{scenario:default}': ['med<50'] }", {}, {"p50": "50ms"}),
        ("{ 'http_req_failed{method:GET}': ['rate<0.5'] }", {}, {"errors": "50%"}),
        ("{ 'http_req_duration{expected_response:true}': ['p(90)<100'] }",
         {"p50": "+20%", "p90": "100ms +30%", "p95": "+30%", "errors": "1%"}, {}),
    ],
)  # fmt: skip
def test_thresholds_are_budgets(thresholds: str, budget: dict[str, str], own: dict[str, str]):
    proposal = of_options(f"{{ thresholds: {thresholds} }}")

    assert (dict(proposal.budget), dict(proposal.endpoints[0].budget), proposal.omissions) == (budget, own, ())


@pytest.mark.parametrize(
    ("thresholds", "why"),
    [
        ("{ http_req_duration: ['min<5'] }", "perfgate has no budget on min of it"),
        ("{ http_req_duration: ['p(42)<5'] }", "perfgate has no budget on p42 of it"),
        ("{ http_req_failed: ['rate>0.5'] }", "a budget is an upper limit"),
        ("{ http_reqs: ['rate>100'] }", "perfgate's `rate` is a budget of each endpoint"),
        ("{ my_trend: ['p(95)<5'] }", "a metric of the script's own, or one that perfgate does not judge"),
        ("{ http_req_duration: ['p(95) is low'] }", "it cannot be read"),
        ("{ http_req_duration: ['p(95)<0'] }", "it is no limit"),
        ("{ http_req_failed: ['rate<2'] }", "it is no limit"),
        ("{ http_req_duration: [5] }", "it cannot be read"),
        ("{ 'http_req_duration{name:gone}': ['p(95)<5'] }", "no request that is read has these tags"),
        ("limits()", "`limits(...)` is called while it runs"),
    ],
)
def test_thresholds_that_are_no_budgets_say_why(thresholds: str, why: str):
    assert list(reasons(of_options(f"{{ thresholds: {thresholds} }}")).values()) == [why]


@pytest.mark.parametrize(
    ("line", "request_line"),
    [
        (f"http.get('{SHOP}/x');", "GET /x"),
        (f'http.del("{SHOP}/x");', "DELETE /x"),
        (f"http.head(`{SHOP}/x`)", "HEAD /x"),
        (f"http.request('PUT', '{SHOP}/x', null)", "PUT /x"),
        (f"await http.asyncRequest('GET', '{SHOP}/x')", "GET /x"),
        (f"const base = '{SHOP}', id = 4 + 3; http.get(base + '/items/' + id)", "GET /items/7"),
        (f"http.get(http.url`{SHOP}/items/${{5}}`)", "GET /items/5"),
        (f"const p = {{ a: {{ b: ['{SHOP}/x'] }} }}; http.get(p.a['b'][0])", "GET /x"),
        (f"http.get(`{SHOP}/s?q=${{encodeURIComponent('a b&c')}}`)", "GET /s?q=a%20b%26c"),
        (f"/* http.get('{SHOP}/no') */ http.get('{SHOP}/x') // http.get('{SHOP}/no')", "GET /x"),
        (f"const re = /['\"`]/; const r = 4 / 2; http.get('{SHOP}/' + r)", "GET /2"),
        (f"http.get(__ENV.BASE_URL + '/x')", "GET /x"),  # noqa: F541
        (f"http.get(`{SHOP}/x?k=${{__ENV.KEY}}`)", "GET /x?k=${KEY}"),
        (f"http.get(`{SHOP}/${{__ENV['PART']}}/y`)", "GET /${PART}/y"),
        (f"http.get('{SHOP}/\\x61\\u{{62}}\\ud83d\\ude00\\ud83d')", "GET /ab%F0%9F%98%80%EF%BF%BD"),
        (f"if (true) {{ http.get('{SHOP}/x') }}", "GET /x"),
        (f"const go = (u) => {{ return u }};\nhttp.get('{SHOP}/x')", "GET /x"),
    ],
)
def test_requests(line: str, request_line: str):
    assert only(line).request == request_line


@pytest.mark.parametrize(
    ("arguments", "key", "body"),
    [
        (
            "'a=1&b=2', { headers: { 'content-type': 'application/x-www-form-urlencoded' } }",
            "form",
            {"a": "1", "b": "2"},
        ),
        ("{ a: 1, b: 'x y' }", "form", {"a": "1", "b": "x y"}),
        ("JSON.stringify({ a: [1, null, true], ...{ c: __ENV.C } })", "json", {"a": [1, None, True], "c": "${C}"}),
        ('\'{"a": "{b}"}\'', "json", {"a": "{{b}}"}),
        ("'plain', { headers: { 'Content-Type': 'text/plain' } }", "body", "plain"),
        ("null", "", None),
    ],
)
def test_bodies(arguments: str, key: str, body: Any):
    endpoint = only(f"http.post('{SHOP}/x', {arguments});")

    assert (endpoint.body_key, endpoint.body) == (key, body)


def test_headers_are_followed_through_constants_and_assignments():
    endpoint = only(
        "const params = { headers: { 'X-A': '1', ...{ 'X-B': `${1 + 1}` } } };",
        "params.headers['X-C'] = __ENV.C;",
        f"http.get('{SHOP}/x', params);",
    )

    assert dict(endpoint.headers) == {"X-A": "1", "X-B": "2", "X-C": "${C}"}


def test_user_and_password_of_a_url_are_left_to_the_environment():
    assert dict(only("http.get('http://ann:s3cret@shop.test/x');").headers) == {"Authorization": "Basic ${BASIC_AUTH}"}


def test_random_values_are_drawn_for_each_iteration():
    endpoint = only(
        f"http.get(`{SHOP}/items/${{randomIntBetween(1, 60)}}?w=${{randomItem(['tea', 'pot'])}}`);",
    )

    assert endpoint.path == "/items/{number}?w={item}"
    assert endpoint.values == {"number": {"between": [1, 60]}, "item": {"choice": ["tea", "pot"]}}


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("Math.floor(Math.random() * 100) + 1", {"between": [1, 100]}),
        ("Math.ceil(Math.random() * 6)", {"between": [1, 6]}),
        ("Math.round(Math.random() * 2)", {"between": [0, 2]}),
        ("10 - parseInt(3 * Math.random())", {"between": [8, 10]}),
        ("Math.random() / 2", {"between": [0.0, 0.5]}),
        ("['tea', 'pot'][Math.floor(Math.random() * 2)]", {"choice": ["tea", "pot"]}),
    ],
)
def test_random_numbers(value: str, source: Any):
    lines = (f"const n = {value};", f"http.post(`{SHOP}/${{n}}`, JSON.stringify({{ n }}));")
    endpoint = only(*lines)

    [(name, drawn)] = endpoint.values.items()
    assert (endpoint.path, endpoint.body, drawn) == (f"/{{{name}}}", {"n": f"{{{name}}}"}, source)


def test_constants_are_followed_to_where_they_are_changed():
    proposal = converted(
        "const scenarios = {};\nscenarios[`r${1 + 1}`] = { executor: 'constant-vus', vus: 4, duration: '5s' };\n"
        "export const options = { scenarios };\nlet token = 'a';\nlet count = 0;\n"
        "export function setup() { token = login(); }\n"
        "export default function () {\n  http.get(`http://shop.test/${token}`);\n"
        "  http.get(`http://shop.test/${count++}`);\n  http.get('http://shop.test/x');\n}\n"
    )

    assert levels(proposal) == (False, ((4, 5.0),))
    assert reasons(proposal) == {
        "http.get in line 10": "its URL: `token` is made while it runs",
        "http.get in line 11": "its URL: `++` is computed while it runs",
    }


def test_batches_groups_pauses_and_functions_are_steps():
    proposal = converted(
        "function search(word) { http.get(`http://shop.test/search?q=${word}`); sleep(0.5); }\n"
        "export default function () {\n"
        "  group('home', () => {\n"
        "    http.batch(['http://shop.test/', ['GET', 'http://shop.test/a', null, { tags: { kind: 'img' } }],"
        " { method: 'POST', url: 'http://shop.test/b', body: '1' }]);\n"
        "  });\n"
        "  search('tea');\n"
        "  sleep(Math.random() * 2);\n"
        "  http.get('http://shop.test/');\n"
        "}\n"
    )

    [journey] = proposal.journeys
    assert journey.steps == ("GET /", "GET /a", "POST /b", "GET /search", 0.5, 1.0, "GET /")
    assert reasons(proposal) == {
        "http.batch in line 6": "its requests are sent one by one",
        "the random part of the sleep in line 9": "its mean is taken, 1 s",
    }


def test_scenarios_are_journeys_with_their_share_of_the_load():
    proposal = converted(
        "export const options = { scenarios: {\n"
        "  look: { executor: 'constant-vus', vus: 6, duration: '10s', exec: 'look' },\n"
        "  buy: { executor: 'constant-vus', vus: 2, duration: '10s', exec: 'buy', tags: { kind: 'w' } } },\n"
        "  thresholds: { 'http_req_duration{kind:w}': ['p(95)<9'] } };\n"
        "export function look() { http.get('http://shop.test/a'); }\n"
        "export async function buy() { http.get('http://shop.test/b'); sleep(1); }\n"
    )

    assert [(one.name, one.weight, dict(one.budget)) for one in proposal.endpoints] == [
        ("GET /a", 3, {}),
        ("GET /b", None, {"p95": "9ms"}),
    ]
    assert [(one.name, one.steps, one.weight) for one in proposal.journeys] == [("buy", ("GET /b", 1.0), 1)]


@pytest.mark.parametrize(
    ("lines", "what", "why"),
    [
        ("let id = res(); http.get('http://shop.test/' + id)", "http.get in line 4", "its URL: `res(...)` is called while it runs"),
        ("for (let i = 0; i < 3; i++) { http.get('http://shop.test/' + i) }", "http.get in line 4", "its URL: `i` is made while it runs"),
        ("let n = 1; n += 1; http.get('http://shop.test/' + n)", "http.get in line 4", "its URL: `n` is made while it runs"),
        ("let u = 'a'; if (x) u = 'b'; http.get('http://shop.test/' + u)", "http.get in line 4", "its URL: `u` is made while it runs"),
        ("http.get('http://shop.test/' + (a ? 1 : 2))", "http.get in line 4", "its URL: `a` is made while it runs"),
        ("http.get('http://shop.test/', { headers: { A: f() } })", "http.get in line 4", "its header A: `f(...)` is called while it runs"),
        ("http.get('http://shop.test/', { auth: 'digest' })", "http.get in line 4", "its authentication (digest) has no equivalent"),
        ("http.post('http://shop.test/', { f: http.file(bin) })", "http.post in line 4", "its body: `http.file(...)` is called while it runs"),
        ("http.get('ftp://shop.test/')", "the request in line 4", "its URL cannot be read"),
        ("http.request('PURGE', 'http://shop.test/')", "the request in line 4", "PURGE is not sent by perfgate"),
        ("http.get()", "http.get in line 4", "it has no URL"),
        ("http.batch(urls)", "http.batch in line 4", "`urls` is made while it runs"),
        ("sleep(rnd(1, 2))", "the sleep in line 4", "`rnd(...)` is called while it runs"),
        ("while (a) { http.get('http://shop.test/y') }", "the loop in line 4", "its requests are sent once in each iteration"),
        ("if (a) http.get('http://shop.test/y')", "the condition in line 4", "its requests are sent once in each iteration"),
    ],
)  # fmt: skip
def test_what_only_a_run_can_say_is_listed(lines: str, what: str, why: str):
    assert reasons(of_body(lines, f"http.get('{SHOP}/x');")) == {what: why}


def test_what_is_besides_the_requests_is_listed():
    proposal = converted(
        "import ws from 'k6/ws';\nimport { url } from './common.js';\n"
        "export function setup() { http.post('http://shop.test/login'); }\n"
        "export default function () { http.get(url); http.get('http://shop.test/x'); }\n"
    )

    assert reasons(proposal) == {
        "http.get in line 6": "its URL: `url` is imported from ./common.js",
        "k6/ws (line 3)": "WebSockets: write them by hand under `websocket`",
        "the requests of setup()": "it runs once, before the load",
    }


def test_other_names_for_http():
    named = "import { get as fetch } from 'k6/http';\nexport default () => { fetch('http://shop.test/x'); }"
    required = "const h = require('k6/http');\nmodule.exports.default = 1; export default function () { h.get('http://shop.test/x'); }"
    for text in (named, required):
        proposal = init.convert(init.source("x.js", text), init.ProposalOptions())
        assert [one.request for one in proposal.endpoints] == ["GET /x"]


def test_types_of_typescript_are_passed_over():
    proposal = converted(
        "import { Options } from 'k6/options';\n"
        "export const options: Options = { vus: 3, duration: '5s' };\n"
        "export default function (data: Record<string, string>): void {\n"
        "  const url: string = 'http://shop.test/x';\n  http.get(url);\n  more();\n}\n"
        "const more = async (): Promise<void> => { http.get('http://shop.test/y'); };\n"
    )

    assert levels(proposal) == (False, ((3, 5.0),))
    assert [one.request for one in proposal.endpoints] == ["GET /x", "GET /y"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("export default function () {", "cannot be read from line 3 on: `{` is never closed"),
        ("const a = ']' ];", "line 3 on: `]` closes nothing"),
        ("\n/* x", "line 4 on: the comment is never closed"),
        ("`a ${b", r"line 3 on: `\$\{` is never closed"),
        ("`a", "line 3 on: the template is never closed"),
        ("'a", "line 3 on: .* is not read"),
        ("(" * 500, "more than 100 brackets within each other"),
        ("`${" * 500, "more than 100 brackets within each other"),
    ],
)
def test_a_script_that_cannot_be_read_says_where(text: str, message: str):
    with pytest.raises(UsageError, match=message) as caught:
        converted(text)
    assert caught.value.hint


def test_a_script_without_a_default_function_says_so():
    assert reasons(converted("const a = 1;")) == {"the function default": "there is none"}


@pytest.mark.parametrize(
    "text",
    ["import", "import {", "export", "const", "const {", "const a", "export default", "http", "http.", "http.get", "=>", "a =>", "function", "async", "check(", "...", "?.", "[`${", "\\", "\x00", "é = 1"],
)  # fmt: skip
def test_odd_ends_are_no_crash(text: str):
    for full in (text, f"export default function () {{ {text} }}", f"export const options = {{ {text} }}"):
        try:
            init.write(converted(full), init.Context(source="x"))
        except UsageError as error:
            assert error.hint
