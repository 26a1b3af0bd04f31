"""The plan: what runs may be compared (digests), what `--only` leaves, and which variables are secrets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pytest

from perfgate import budgets, scenarios
from perfgate.model.budget_file import LoadProfile, Stage
from perfgate.model.errors import UsageError
from perfgate.model.plan import Plan
from perfgate.scenarios.planning import load_words

SHOP = """
version: 1
name: shop
target: ${TARGET:-http://127.0.0.1:8765}
load: {rate: 10/s, duration: 30s, warmup: 5s}
endpoints:
  home:
    request: GET /
    budget: {p95: 300ms}
  log in:
    request: POST /login
    json: {user: "{user}", password: "{password}"}
    with: {from: users.csv}
    capture: {token: $.token}
  upload:
    request: POST /photos/{album}
    weight: 2
    login: log in
    headers: {Authorization: "Bearer ${API_TOKEN}"}
    multipart: {title: Cat, photo: {file: cat.png}}
    with: {album: {between: [1, 9]}}
    expect: {status: 201}
    timeout: 5s
  search:
    request: POST /search
    graphql: "{ search }"
    variables: {word: "{word}", limit: 10}
    with: {word: {choice: [tea, pot]}, key: {env: SEARCH_KEY, default: none}}
  place order: POST /orders
  only judged:
    budget: {p95: 300ms}
journeys:
  buy: {steps: [log in, {think: 1s}, place order], weight: 3}
scenarios: [checkout.py]
"""
FILES = {
    "users.csv": "user,password\nann,a\n",
    "cat.png": "meow",
    "checkout.py": "",
    "other.csv": "user,password\nb,b\n",
}
ENVIRON = {"API_TOKEN": "s3cret-token"}

Planner = Callable[..., Plan]


@pytest.fixture
def planned(tmp_path: Path) -> Planner:
    """The plan of SHOP with texts replaced, in the file or in the files that it names."""

    def make(
        changes: Mapping[str, str] | None = None,
        *,
        only: Collection[str] = (),
        files: Mapping[str, str] | None = None,
        environ: Mapping[str, str] = ENVIRON,
        text: str = SHOP,
    ) -> Plan:
        for name, content in {**FILES, **(files or {})}.items():
            (tmp_path / name).write_text(content)
        for old, new in (changes or {}).items():
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "budgets.yaml"
        path.write_text(text)
        return scenarios.plan(budgets.read(path, environ), only)

    return make


def changed(before: Plan, after: Plan) -> list[str]:
    """The parts whose digests differ, as `endpoint: part`."""
    old, new = before.digests.endpoints, after.digests.endpoints
    parts = [
        (name, part) for name in (*old, *(name for name in new if name not in old)) for part in {**old, **new}[name]
    ]
    found = [f"{name}: {part}" for name, part in parts if old.get(name, {}).get(part) != new.get(name, {}).get(part)]
    return found + (["load"] if before.digests.load != after.digests.load else [])


@pytest.mark.parametrize(
    "changes",
    [
        {"budget: {p95: 300ms}": "budget: {p95: 10ms, errors: 1%}"},
        {"name: shop": "name: store"},
        {"${TARGET:-http://127.0.0.1:8765}": "https://localhost"},
        {"endpoints:": "defaults: {budget: {p95: 1s +10%}}\nendpoints:"},
        {"endpoints:": "gate: {inconclusive: fail}\nhistory: ./runs\nendpoints:"},
        {"GET /\n": "GET / # a comment\n"},
        {"duration: 30s": "duration: 30s..10m"},  # the same load, as often as it takes
        {"[1, 9]": "[ 1,\n 9 ]"},
        {'{user: "{user}", password: "{password}"}': '{password: "{password}", user: "{user}"}'},
    ],
    ids=lambda changes: "; ".join(changes.values()),
)
def test_what_is_not_sent_changes_no_digest(planned: Planner, changes: dict[str, str]):
    assert changed(planned(), planned(changes)) == []


def test_hosts_that_are_the_applications_own_are_in_the_digests_of_pages(tmp_path: Path):
    """What they send is in no `third_party`: with another list it is another figure."""
    text = "version: 1\nname: shop\ntarget: http://127.0.0.1:1\npages:\n  home: {path: /, budget: {lcp: 2.5s}}\n"
    digests = {}
    for allow in ("", "allow: [a.org, b.org]", "allow: [b.org, a.org]", "allow: [a.org]"):
        (tmp_path / "budgets.yaml").write_text(f"{text}{allow}\n", encoding="utf-8")
        plan = scenarios.plan(budgets.read(tmp_path / "budgets.yaml", None))
        digests[allow] = plan.digests.endpoints["home"]["view"]

    usual, both, turned, fewer = digests.values()
    assert both == turned
    assert len({usual, both, fewer}) == 3


def test_a_new_endpoint_leaves_the_digests_of_the_others(planned: Planner):
    after = planned({"journeys:": "  new: GET /new\njourneys:"})

    assert {line.partition(":")[0] for line in changed(planned(), after)} == {"new"}


def test_the_environment_is_in_no_digest(planned: Planner):
    environ = {"API_TOKEN": "another", "SEARCH_KEY": "k", "TARGET": "http://localhost"}

    assert planned(environ=environ).digests == planned().digests


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"GET /\n": "HEAD /\n"}, ["home: request"]),
        ({"/photos/{album}": "/pictures/{album}"}, ["upload: request"]),
        ({"timeout: 5s": "timeout: 5s\n    follow_redirects: true"}, ["upload: request"]),
        ({"timeout: 5s": "timeout: 6s"}, ["upload: timeout"]),
        ({"Bearer ${API_TOKEN}": "Basic ${API_TOKEN}"}, ["upload: headers"]),
        ({"Bearer ${API_TOKEN}": "Bearer ${API_TOKEN:-none}"}, ["upload: headers"]),
        ({"title: Cat": "title: Dog"}, ["upload: body"]),
        ({"{file: cat.png}": "{file: cat.png, type: image/png}"}, ["upload: body"]),
        ({"{ search }": "{ find }"}, ["search: body"]),
        ({"limit: 10": "limit: 10.0"}, ["search: body"]),
        ({"[1, 9]": "[1, 10]"}, ["upload: values"]),
        ({"[1, 9]": "[1.0, 9.0]"}, ["upload: values"]),
        ({"default: none": "default: some"}, ["search: values"]),
        ({"{from: users.csv}": "{from: users.csv, once: true}"}, ["log in: values"]),
        ({"{from: users.csv}": "{from: other.csv}"}, ["log in: values"]),
        ({"status: 201": "status: [200, 201]"}, ["upload: expectations"]),
        ({"$.token": "$.session"}, ["log in: captures"]),
        ({"weight: 2": "weight: 2.5"}, ["upload: weight"]),
        ({"    login: log in\n": ""}, ["upload: login"]),
        ({"{think: 1s}": "{think: 2s}"}, ["buy: steps"]),
        ({"{think: 1s}, place order": "place order, {think: 1s}"}, ["buy: steps"]),
        ({"weight: 3": "weight: 4"}, ["buy: weight"]),
        ({"weight: 3": "weight: 3, login: log in"}, ["buy: login"]),
        ({"  only judged:\n    budget": "  only judged:\n    request: GET /j\n    weight: 1\n    budget"}, None),
        ({"rate: 10/s": "rate: 11/s"}, ["load"]),
        ({"duration: 30s": "duration: 31s"}, ["load"]),
        ({"warmup: 5s": "warmup: 6s"}, ["load"]),
        ({"rate: 10/s": "users: 10"}, ["load"]),
        ({"warmup: 5s": "warmup: 5s, arrivals: even"}, ["load"]),
        ({"warmup: 5s": "warmup: 5s, max_users: 10"}, ["load"]),
        (
            {"endpoints:": "defaults: {headers: {X-A: b}}\nendpoints:"},
            ["home: headers", "log in: headers", "upload: headers", "search: headers", "place order: headers"],
        ),
    ],
    ids=lambda value: "; ".join(value.values()) if isinstance(value, dict) else "",
)
def test_what_is_sent_changes_the_digest_of_its_part(
    planned: Planner, changes: dict[str, str], parts: list[str] | None
):
    found = changed(planned(), planned(changes))

    if parts is None:  # another kind of endpoint altogether
        assert {line.partition(":")[0] for line in found} == {"only judged"}
    else:
        assert found == parts


QUERIES = {
    "GET": 'graphql: "{ search }"',
    "persisted GET": 'graphql: {query: "query Search { search }", persisted: true}',
    "persisted POST": 'graphql: {query: "query Search { search }", persisted: true}',
}


@pytest.mark.parametrize("how", QUERIES)
def test_a_graphql_request_is_its_query_and_its_variables_in_any_order(planned: Planner, how: str):
    """By GET they stand in the URL, and of a persisted query only the hash is sent."""
    method = how.rpartition(" ")[2]
    text = SHOP.replace("POST /search", f"{method} /search").replace('graphql: "{ search }"', QUERIES[how])
    before = planned(text=text)

    for old, new in (("search }", "find }"), ("limit: 10", "limit: 11"), ('word: "{word}"', "word: tea")):
        assert changed(before, planned({old: new}, text=text)) == ["search: body"], new
    reordered = {'{word: "{word}", limit: 10}': '{limit: 10, word: "{word}"}'}
    assert changed(before, planned(reordered, text=text)) == []


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ({"users.csv": "user,password\nann,b\n"}, ["log in: values"]),
        ({"cat.png": "woof"}, ["upload: body"]),
        ({"other.csv": "user,password\nb,c\n"}, []),
        ({"checkout.py": "import locust"}, []),
    ],
)
def test_the_files_that_are_sent_count_with_their_content(planned: Planner, files: dict[str, str], parts: list[str]):
    assert changed(planned(), planned(files=files)) == parts


def test_only_keeps_what_is_named_and_what_that_needs(planned: Planner):
    whole, part = planned(), planned(only=["upload"])

    assert [(endpoint.name, endpoint.weight) for endpoint in part.endpoints] == [("log in", 0), ("upload", 2)]
    assert part.journeys == ()
    assert part.scenarios == ()
    assert part.digests.load != whole.digests.load
    assert part.digests.endpoints["upload"] == whole.digests.endpoints["upload"]


def test_only_a_journey(planned: Planner):
    part = planned({"  place order: POST /orders": "  place order: {request: POST /orders, weight: 1}"}, only=["buy"])

    assert [(endpoint.name, endpoint.weight) for endpoint in part.endpoints] == [("log in", 0), ("place order", 0)]
    assert [journey.name for journey in part.journeys] == ["buy"]


def test_only_a_journey_with_a_step_that_has_a_login(planned: Planner):
    part = planned({"steps: [log in, {think: 1s}, place order]": "steps: [home, upload]"}, only=["buy"])

    assert [endpoint.name for endpoint in part.endpoints] == ["home", "log in", "upload"]


def test_only_does_not_depend_on_order_or_repetition(planned: Planner):
    assert planned(only=["home", "upload"]) == planned(only=["upload", "home", "home"])


@pytest.mark.parametrize(
    ("only", "changes", "message", "hint"),
    [
        ("hoem", {}, "--only hoem: there is no such endpoint or journey", "Known: home, log in, upload"),
        (
            "place order",
            {},
            "--only place order: it is never sent on its own",
            "It is part of: buy. Name that instead.",
        ),
        ("log in", {}, "--only log in: it is never sent on its own", "It is part of: buy, upload. Name that instead."),
        ("only judged", {}, "--only only judged: it is never sent on its own", "Hand-written scenarios send it"),
        ("buy", {"weight: 3": "weight: 0"}, "--only buy: it is never sent on its own", "Give it a weight."),
        (
            "home",
            {"GET /\n": "GET /\n    weight: 0\n"},
            "--only home: it is never sent on its own",
            "Give it a weight.",
        ),
    ],
)
def test_only_what_cannot_be_sent(planned: Planner, only: str, changes: dict[str, str], message: str, hint: str):
    with pytest.raises(UsageError) as error:
        planned(changes, only=["upload", only])

    assert error.value.message == message
    assert error.value.hint.startswith(hint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "{request: 'GET /${SECRET}'}",
        "{request: GET /, headers: {X-A: 'a ${SECRET:-b}'}}",
        "{request: POST /, json: {a: [{b: '${SECRET}'}]}}",
        "{request: POST /, json: '${SECRET}'}",
        "{request: POST /, form: {a: '${SECRET}'}}",
        "{request: POST /, body: 'a ${SECRET}'}",
        "{request: POST /, multipart: {a: '${SECRET}', b: {file: cat.png}}}",
        "{request: POST /, graphql: '{ ping }', variables: {a: ['${SECRET}']}}",
        "{request: 'GET /{key}', with: {key: {env: SECRET}}}",
    ],
)
def test_a_variable_in_a_request_is_a_secret(planned: Planner, endpoint: str):
    text = f"version: 1\ntarget: ${{TARGET:-http://localhost}}\nload: {{rate: 1/s, duration: 1s}}\nendpoints:\n  a: {endpoint}"

    assert scenarios.secrets(planned(text=text, environ={"SECRET": "x"})) == ("SECRET",)


@pytest.mark.parametrize(
    "page",
    [
        "/?key=${SECRET}",
        "{path: /, interact: [{type: {into: '#a', text: '${SECRET}'}}]}",
        "{path: /, steps: [{type: {into: '#a', text: '${SECRET}'}}, {click: '#b'}]}",
        "{path: /, steps: [{select: {from: '#a', option: '${SECRET}'}}, {goto: /b}]}",
        "{path: /, steps: [{goto: '/${SECRET}'}]}",
        "{path: /, storage_state: '${SECRET}'}",
    ],
)
def test_a_variable_of_a_page_is_a_secret(planned: Planner, page: str):
    text = f"version: 1\ntarget: http://localhost\npages:\n  a: {page}"

    assert scenarios.secrets(planned(text=text, environ={"SECRET": "x"})) == ("SECRET",)


@pytest.mark.parametrize(
    "page",
    [
        "{path: /, interact: [{click: 'text={'}]}",
        "{path: /, interact: [{type: {into: '#a', text: '} {b'}}]}",
        """{path: '/?filter={"a":1}'}""",
    ],
)
def test_other_braces_of_a_page_are_braces(planned: Planner, page: str):
    text = f"version: 1\ntarget: http://localhost\npages: {{a: {page}}}"

    assert scenarios.secrets(planned(text=text, environ={})) == ()


def test_secrets_are_told_once_and_in_order(planned: Planner):
    assert scenarios.secrets(planned()) == ("API_TOKEN", "SEARCH_KEY")


def test_braces_in_a_graphql_text_are_no_variables(planned: Planner):
    assert scenarios.secrets(planned({"{ search }": "{ search(a: ${X}) }"})) == ("API_TOKEN", "SEARCH_KEY")


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (
            LoadProfile(model="open", stages=(Stage(level=200, duration=30),), warmup=5),
            "200/s for 30 s after 5 s warm-up",
        ),
        (
            LoadProfile(model="open", stages=(Stage(level=200, duration=20),), longest=180),
            "200/s for 20 s to 180 s without warm-up",
        ),
        (LoadProfile(model="open", stages=(Stage(level=0.5, duration=90),)), "0.5/s for 90 s without warm-up"),
        (LoadProfile(model="closed", stages=(Stage(level=1, duration=60),)), "1 user for 60 s without warm-up"),
        (
            LoadProfile(
                model="closed", stages=(Stage(level=5, duration=10), Stage(level=20, duration=1.5)), warmup=0.5
            ),
            "5 users for 10 s, then 20 users for 1.5 s after 0.5 s warm-up",
        ),
    ],
)
def test_the_load_in_words(load: LoadProfile, words: str):
    kind = {"open": "open, poisson arrivals", "closed": "closed"}[load.model]

    assert load_words(load) == f"{words} ({kind})"
