"""What a budget file without mistakes becomes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from perfgate import budgets
from perfgate.budgets import messages
from perfgate.model.budget_file import (
    Abort,
    AbPolicy,
    Anchor,
    BaselinePolicy,
    Body,
    BodyKind,
    Budget,
    BudgetFile,
    Capture,
    Criterion,
    DiagnosePolicy,
    Expectation,
    FilePart,
    Floor,
    GatePolicy,
    Journey,
    Kind,
    LoadProfile,
    Part,
    Request,
    Rows,
    Send,
    Service,
    Severity,
    Source,
    SourceKind,
    Stage,
    Think,
    Tls,
    TracesPolicy,
    Values,
)
from perfgate.model.budget_file import (
    Test as Condition,
)
from perfgate.model.errors import BudgetFileError
from perfgate.workflows.doctor.check import CheckSurroundings
from perfgate.workflows.doctor.of_file import budget_file

Read = Callable[..., BudgetFile]

HEAD = "version: 1\ntarget: http://localhost\n"


def request(read: Read, endpoint: str) -> Request:
    sent = read(f"endpoints: {{a: {endpoint}}}\n").endpoints[0].request
    assert sent
    return sent


def test_the_smallest_file(read: Read, folder: Path) -> None:
    assert read("endpoints: {home: GET /}\n") == BudgetFile(
        path=folder / "budgets.yaml",
        name="budgets",
        target="http://localhost:8765",
        load=LoadProfile(model="open", stages=(Stage(level=10.0, duration=1.0),)),
        endpoints=(dataclasses.replace(read("endpoints: {home: /}\n").endpoints[0]),),
        gate=GatePolicy(baseline=BaselinePolicy(branch="auto")),
        formerly="budgets",
    )


@pytest.mark.parametrize(
    ("load", "profile"),
    [
        (
            "{rate: 600/min, duration: 2m, warmup: 5s, arrivals: even, max_users: 9}",
            LoadProfile(model="open", stages=(Stage(level=10, duration=120),), warmup=5, arrivals="even", max_users=9),
        ),
        ("{users: 20, duration: 30s}", LoadProfile(model="closed", stages=(Stage(level=20, duration=30),))),
        (
            "{stages: [{rate: 50/s, for: 30s}, {rate: 100/s, for: 1m}]}",
            LoadProfile(model="open", stages=(Stage(level=50, duration=30), Stage(level=100, duration=60))),
        ),
        (
            "{rate: 10/s, duration: 30s, abort: {errors: 50%, for: 10s}}",
            LoadProfile(model="open", stages=(Stage(level=10, duration=30),), abort=Abort(errors=0.5, duration=10.0)),
        ),
        ("{stages: [{users: 5, for: 1s}]}", LoadProfile(model="closed", stages=(Stage(level=5, duration=1),))),
    ],
)
def test_load(read: Read, load: str, profile: LoadProfile) -> None:
    assert read(f"{HEAD}load: {load}\nendpoints: {{a: /}}\n").load == profile


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("/x", Request(method="GET", path="/x")),
        ('"DELETE /x/{{y}}"', Request(method="DELETE", path="/x/{{y}}")),
        ("{request: /, headers: {A: b}}", Request(method="GET", path="/", headers={"A": "b"})),
        (
            "{request: PUT /, json: {a: [1, true, null, x]}}",
            Request(method="PUT", path="/", body=Body(kind=BodyKind.JSON, content={"a": [1, True, None, "x"]})),
        ),
        ("{request: /, json: false}", Request(method="GET", path="/", body=Body(kind=BodyKind.JSON, content=False))),
        (
            "{request: POST /, form: {a: b}}",
            Request(method="POST", path="/", body=Body(kind=BodyKind.FORM, content={"a": "b"})),
        ),
        (
            "{request: POST /, body: raw}",
            Request(method="POST", path="/", body=Body(kind=BodyKind.RAW, content="raw")),
        ),
        (
            '{request: POST /, graphql: "{ a(b: $b) }", variables: {b: 1}}',
            Request(
                method="POST",
                path="/",
                body=Body(kind=BodyKind.GRAPHQL, content="{ a(b: $b) }", variables={"b": 1}),
            ),
        ),
        (
            "{request: POST /, multipart: {t: x, f: {file: cat.png}, g: {file: cat.png, type: image/png, name: c}}}",
            Request(
                method="POST",
                path="/",
                body=Body(
                    kind=BodyKind.MULTIPART,
                    content={
                        "t": "x",
                        "f": FilePart(path="cat.png", filename="cat.png", content_type="application/octet-stream"),
                        "g": FilePart(path="cat.png", filename="c", content_type="image/png"),
                    },
                ),
            ),
        ),
        ("{request: /, timeout: 500ms}", Request(method="GET", path="/", timeout=0.5)),
        ("{request: /, follow_redirects: true}", Request(method="GET", path="/", follow_redirects=True)),
    ],
)
def test_requests(read: Read, endpoint: str, expected: Request) -> None:
    assert request(read, endpoint) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{between: [1, 60]}", Source(kind=SourceKind.BETWEEN, arguments=(1, 60))),
        ("{between: [1, 2.5]}", Source(kind=SourceKind.BETWEEN, arguments=(1.0, 2.5))),
        ("{choice: [a, 1]}", Source(kind=SourceKind.CHOICE, arguments=("a", 1))),
        ("uuid", Source(kind=SourceKind.UUID)),
        ("{sequence: 5}", Source(kind=SourceKind.SEQUENCE, arguments=(5, 1))),
        ("{sequence: {}}", Source(kind=SourceKind.SEQUENCE, arguments=(1, 1))),
        ("{sequence: {start: 0, step: 2}}", Source(kind=SourceKind.SEQUENCE, arguments=(0, 2))),
        ("{env: A}", Source(kind=SourceKind.ENVIRONMENT, arguments=("A",))),
        ('{env: A, default: ""}', Source(kind=SourceKind.ENVIRONMENT, arguments=("A", ""))),
        ("text", Source(kind=SourceKind.CONSTANT, arguments=("text",))),
        ("7", Source(kind=SourceKind.CONSTANT, arguments=(7,))),
        ("false", Source(kind=SourceKind.CONSTANT, arguments=(False,))),
    ],
)
def test_sources(read: Read, source: str, expected: Source) -> None:
    values = request(read, f"{{request: /, with: {{x: {source}}}}}").values
    assert values == Values(sources={"x": expected})
    assert [type(one) for one in values.sources["x"].arguments] == [type(one) for one in expected.arguments]


def test_rows(read: Read) -> None:
    csv = request(read, "{request: '/{user}/{x}', with: {from: users.csv, once: true, x: uuid}}").values
    assert csv.rows == Rows(path="users.csv", columns=("user", "password"), once=True)
    assert set(csv.sources) == {"x"}
    assert request(read, "{request: /, with: {from: words.json}}").values.rows == Rows(
        path="words.json", columns=("word",)
    )


@pytest.mark.parametrize(
    ("expect", "expected"),
    [
        ("{status: 200}", [Expectation(part=Part.STATUS, test=Condition.EQUALS, argument=(200,))]),
        ("{status: 999}", [Expectation(part=Part.STATUS, test=Condition.EQUALS, argument=(999,))]),  # some send it
        ("{status: [200, 404]}", [Expectation(part=Part.STATUS, test=Condition.EQUALS, argument=(200, 404))]),
        ("{header: {A: b}}", [Expectation(part=Part.HEADER, test=Condition.EQUALS, argument="b", name="A")]),
        ("{header: {A: exists}}", [Expectation(part=Part.HEADER, test=Condition.EXISTS, argument=True, name="A")]),
        ("{json: {$.a: exists}}", [Expectation(part=Part.JSON, test=Condition.EXISTS, argument=True, name="$.a")]),
        ("{json: {$.a: null}}", [Expectation(part=Part.JSON, test=Condition.EQUALS, argument=None, name="$.a")]),
        ("{json: {$.a: [1]}}", [Expectation(part=Part.JSON, test=Condition.EQUALS, argument=[1], name="$.a")]),
        (
            "{json: {$.a: {greater_than: 0, less_than: 9.5, exists: true}}}",
            [
                Expectation(part=Part.JSON, test=Condition.EXISTS, argument=True, name="$.a"),
                Expectation(part=Part.JSON, test=Condition.LESS_THAN, argument=9.5, name="$.a"),
                Expectation(part=Part.JSON, test=Condition.GREATER_THAN, argument=0, name="$.a"),
            ],
        ),
        ("{json: {$.a: {equals: {b: 1}}}}", [Expectation(part=Part.JSON, test=Condition.EQUALS, argument={"b": 1}, name="$.a")]),
        ("{json: {$.a: {equals: null}}}", [Expectation(part=Part.JSON, test=Condition.EQUALS, argument=None, name="$.a")]),
        ("{text: {contains: x}}", [Expectation(part=Part.TEXT, test=Condition.CONTAINS, argument="x")]),
        ("{text: pong}", [Expectation(part=Part.TEXT, test=Condition.EQUALS, argument="pong")]),
        ("{regex: a+}", [Expectation(part=Part.REGEX, test=Condition.EXISTS, argument=True, name="a+")]),
        (
            "{regex: [a, b]}",
            [Expectation(part=Part.REGEX, test=Condition.EXISTS, argument=True, name=name) for name in ("a", "b")],
        ),
    ],
)  # fmt: skip
def test_expectations(read: Read, expect: str, expected: list[Expectation]) -> None:
    assert request(read, f"{{request: /, expect: {expect}}}").expect == tuple(expected)


@pytest.mark.parametrize(
    ("capture", "expected"),
    [
        ("$.token", Capture(part=Part.JSON, name="$.token")),
        ("{json: $.token}", Capture(part=Part.JSON, name="$.token")),
        ("{header: Location}", Capture(part=Part.HEADER, name="Location")),
        ("{regex: 'id=(.)'}", Capture(part=Part.REGEX, name="id=(.)")),
        ("{cookie: session}", Capture(part=Part.COOKIE, name="session")),
    ],
)
def test_captures(read: Read, capture: str, expected: Capture) -> None:
    assert request(read, f"{{request: /, capture: {{x: {capture}}}}}").capture == {"x": expected}


def test_defaults_are_merged_into_requests(read: Read) -> None:
    file = read(
        "defaults: {headers: {Accept: a, X: b}, timeout: 3s, follow_redirects: true}\n"
        "endpoints:\n  a: /\n  b: {request: /, headers: {accept: c}, timeout: 1s, follow_redirects: false}\n"
    )
    first, second = (endpoint.request for endpoint in file.endpoints)
    assert first == Request(
        method="GET", path="/", headers={"Accept": "a", "X": "b"}, timeout=3.0, follow_redirects=True
    )
    assert second == Request(method="GET", path="/", headers={"X": "b", "accept": "c"}, timeout=1.0)


@pytest.mark.parametrize(
    ("default", "own", "expected"),
    [
        ("", "", (10.0, None, None)),
        ("", "2s", (2.0, None, None)),
        ("", "{connect: 1s}", (10.0, 1.0, None)),
        ("", "{total: 5s, connect: 1s, first_byte: 5s}", (5.0, 1.0, 5.0)),
        ("3s", "", (3.0, None, None)),
        ("3s", "{first_byte: 1s}", (3.0, None, 1.0)),
        ("{total: 9s, connect: 1s, first_byte: 4s}", "", (9.0, 1.0, 4.0)),
        ("{total: 9s, connect: 1s, first_byte: 4s}", "5s", (5.0, 1.0, 4.0)),
        ("{total: 9s, connect: 1s, first_byte: 4s}", "4s", (4.0, 1.0, 4.0)),
        ("{total: 9s, connect: 1s, first_byte: 4s}", "2s", (2.0, 1.0, None)),  # 4s would come after the end
        ("{total: 9s, connect: 1s, first_byte: 4s}", "500ms", (0.5, None, None)),
        ("{total: 9s, connect: 1s, first_byte: 4s}", "{total: 3s, connect: 2s}", (3.0, 2.0, None)),
        ("{connect: 1s}", "{first_byte: 2s}", (10.0, 1.0, 2.0)),
    ],
)
def test_timeouts_merge_part_by_part(
    read: Read, default: str, own: str, expected: tuple[float, float | None, float | None]
) -> None:
    defaults = f"defaults: {{timeout: {default}}}\n" if default else ""
    endpoint = f"{{request: /, timeout: {own}}}" if own else "/"
    sent = read(f"{defaults}endpoints: {{a: {endpoint}}}\n").endpoints[0].request
    assert sent
    assert (sent.timeout, sent.connect_timeout, sent.first_byte_timeout) == expected


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        ("{ca: ca.pem}", Tls(ca="ca.pem")),
        ("{certificate: client.pem}", Tls(certificate="client.pem")),
        (
            "{ca: ca.pem, certificate: client.pem, key: client.key, insecure: false, server_name: shop.example}",
            Tls(ca="ca.pem", certificate="client.pem", key="client.key", server_name="shop.example"),
        ),
        ("{insecure: true, certificate: client.pem}", Tls(certificate="client.pem", insecure=True)),
    ],
)
def test_tls(read: Read, tls: str, expected: Tls) -> None:
    head = HEAD.replace("http:", "https:") + "load: {users: 1, duration: 1s}\n"
    assert read(f"{head}tls: {tls}\nendpoints: {{a: /}}\n").tls == expected


@pytest.mark.parametrize(("line", "client"), [("", "fast"), ("client: fast\n", "fast"), ("client: locust\n", "locust")])
def test_the_client(read: Read, line: str, client: str) -> None:
    assert read(f"{line}endpoints: {{a: /}}\n").client == client


def test_weights_and_journeys(read: Read) -> None:
    file = read(
        "endpoints:\n"
        "  log in: POST /login\n"
        "  home: /\n"
        "  list: {request: /list, weight: 2.5, login: log in}\n"
        "  order: POST /orders\n"
        "journeys:\n"
        "  buy: [log in, list, {think: 1.5s}, order]\n"
        "  look: {steps: [list], weight: 3, login: log in}\n"
    )
    assert {endpoint.name: endpoint.weight for endpoint in file.endpoints} == {
        "log in": 0.0,
        "home": 1.0,
        "list": 2.5,
        "order": 0.0,
    }
    assert [endpoint.login for endpoint in file.endpoints] == ["", "", "log in", ""]
    assert file.journeys == (
        Journey(
            name="buy",
            steps=(Send(endpoint="log in"), Send(endpoint="list"), Think(seconds=1.5), Send(endpoint="order")),
        ),
        Journey(name="look", steps=(Send(endpoint="list"),), weight=3.0, login="log in"),
    )


def _limits(budget: Budget) -> list[str]:
    return [f"{one.severity} {one.kind} {one.text}" for one in budget.criteria]


def test_budgets_merge_per_kind_of_criterion(read: Read) -> None:
    file = read(
        "defaults:\n"
        "  budget:\n"
        "    p95: 300ms +10%\n"
        "    errors: {fail: 1%, warn: 0.1%}\n"
        "endpoints:\n"
        "  own: {request: /, budget: {size: 40kB, p95: 120ms}}\n"
        "  levels: {request: /, budget: {p95: {fail: +5%, warn: 100ms +2%}}}\n"
        "  dropped: {request: /, budget: {p95: none, errors: 2%}}\n"
        "  inherited: /\n"
        "journeys:\n"
        "  j: {steps: [own], budget: {p99: 2s}}\n"
    )
    assert [(one.endpoint, one.metric, one.line, _limits(one)) for one in file.budgets] == [
        ("own", "size", 9, ["fail absolute 40kB"]),
        ("own", "p95", 9, ["fail absolute 120ms", "fail relative +10%"]),
        ("own", "errors", 7, ["fail absolute 1%", "warn absolute 0.1%"]),
        (
            "levels",
            "p95",
            10,
            ["fail absolute 300ms", "fail relative +5%", "warn absolute 100ms", "warn relative +2%"],
        ),
        ("levels", "errors", 7, ["fail absolute 1%", "warn absolute 0.1%"]),
        ("dropped", "errors", 11, ["fail absolute 2%", "warn absolute 0.1%"]),
        ("inherited", "p95", 6, ["fail absolute 300ms", "fail relative +10%"]),
        ("inherited", "errors", 7, ["fail absolute 1%", "warn absolute 0.1%"]),
        ("j", "p99", 14, ["fail absolute 2s"]),
    ]


def test_a_criterion(read: Read) -> None:
    file = read("endpoints: {a: {request: /, budget: {errors: {warn: +0.5pp}}}}\n")
    assert file.budgets[0].criteria == (
        Criterion(kind=Kind.RELATIVE, limit=0.005, text="+0.5pp", severity=Severity.WARN, difference=True),
    )


def test_an_endpoint_that_only_scenarios_send(read: Read) -> None:
    file = read("scenarios: [scenarios/checkout.py]\nendpoints: {checkout: {budget: {p95: 1s}}, bare: {}}\n")
    assert file.scenarios == ("scenarios/checkout.py",)
    assert [(one.request, one.weight) for one in file.endpoints] == [(None, 0.0), (None, 0.0)]
    assert file.budgets[0].endpoint == "checkout"


def test_service_gate_and_the_rest(read: Read) -> None:
    file = read(
        "name: my shop\n"
        "allow: [staging.example.org, '::1']\n"
        "service: {command: 'run ${PORT}', port: 8765, ready: /ok, ready_timeout: 1m, env: {A: '${PORT}'}, setup: 'pip install .'}\n"
        "gate: {baseline: {branch: trunk, runs: 9, min_runs: 2}, floor: {time: 0ms, errors: 1pp}, inconclusive: fail,"
        " ab: {restarts: 3, blocks: 5s}, anchor: {ref: v1.4.0, limit: +20%}, probe: false, extend: 5m}\n"
        "history: git:perfgate-data\n"
        "endpoints: {a: /}\n",
        {},
    )
    assert file.name == "my shop"
    assert file.allow == ("staging.example.org", "::1")
    assert file.service == Service(
        command="run ${PORT}", port=8765, ready="/ok", ready_timeout=60.0, env={"A": "${PORT}"}, setup="pip install ."
    )
    assert file.gate == GatePolicy(
        baseline=BaselinePolicy(branch="trunk", runs=9, min_runs=2),
        floor=Floor(time=0.0, errors=0.01),
        inconclusive="fail",
        ab=AbPolicy(restarts=3, blocks=5.0),
        anchor=Anchor(ref="v1.4.0", limit=0.2),
        probe=False,
        extend=300.0,
    )
    assert file.history == "git:perfgate-data"


def test_a_range_of_time_is_the_shortest_load_and_what_it_may_grow_to(read: Read) -> None:
    head = "version: 1\ntarget: http://localhost\nendpoints: {a: /}\n"
    load = read(head + "load: {rate: 50/s, duration: 20s..3m}\n", {}).load
    assert (load.stages, load.longest) == ((Stage(level=50.0, duration=20.0),), 180.0)
    assert read(head + "load: {rate: 50/s, duration: 20s}\n", {}).load.longest == 0


def test_diagnose_and_a_variable_that_need_not_be_set(read: Read) -> None:
    file = read("diagnose: {for: 5s, postgres: '${NOT_SET}', server_timing: {database: pg}}\nendpoints: {a: /}\n", {})

    assert file.diagnose == DiagnosePolicy(seconds=5.0, postgres="${NOT_SET}", server_timing={"database": "pg"})


def test_traces_as_one_word_and_as_a_map(read: Read) -> None:
    short = read("diagnose: {traces: otlp}\nendpoints: {a: /}\n")
    long = read("diagnose: {traces: {forward: '${NOT_SET}', port: 4318}}\nendpoints: {a: /}\n", {})

    assert short.diagnose.traces == TracesPolicy()
    assert long.diagnose.traces == TracesPolicy(forward="${NOT_SET}", port=4318)


def test_texts_keep_their_variables(read: Read) -> None:
    text = HEAD.replace("http://localhost", "${T:-http://x}/api") + "load: {users: 1, duration: 1s}\n"
    file = read(text + 'endpoints: {a: {request: "/${A}", headers: {X: "${B}"}}}\n', {"A": "1", "B": "secret"})
    assert file.target == "${T:-http://x}/api"
    assert file.endpoints[0].request == Request(method="GET", path="/${A}", headers={"X": "${B}"})


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        (None, "there is no such file", "name another with --budget PATH, or let `perfgate init` write one"),
        (b"name: \xff\n", "byte 0xFF is not UTF-8", "save the file as UTF-8"),
        ("version: 1\n".encode("utf-16"), "byte 0xFF is not UTF-8", "save the file as UTF-8"),
        (b"", "the file is empty", "begin with `version: 1`, or let `perfgate init --force` write it"),
        (b"- a\n", "a budget file is a map", "begin with `version: 1`"),
        (b"just text\n", "a budget file is a map", "begin with `version: 1`"),
    ],
)
def test_what_is_no_budget_file(tmp_path: Path, content: bytes | None, message: str, hint: str) -> None:
    path = tmp_path / "b.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BudgetFileError) as caught:
        budgets.read(path, None)
    [mistake] = caught.value.mistakes
    assert (mistake.message, mistake.hint) == (message, hint)
    assert caught.value.exit_code == 2
    assert f"  = {hint}\n" in messages.render(caught.value)


@pytest.mark.parametrize(("there", "missing"), [("b.yml", "b.yaml"), ("b.yaml", "b.yml")])
def test_the_file_with_the_other_ending_is_named(tmp_path: Path, there: str, missing: str) -> None:
    other = tmp_path / there
    other.touch()
    around = CheckSurroundings(budget=tmp_path / missing, root=tmp_path, environ={}, child_environ={}, now=0.0)
    with pytest.raises(BudgetFileError) as caught:
        budgets.read(around.budget, None)
    [check], _ = budget_file(around)

    assert caught.value.mistakes[0].hint == f"there is {there}: `--budget {other}`"
    assert check.cure == f"there is {other}: name it with --budget"


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(BudgetFileError, match="1 mistake") as caught:
        budgets.read(tmp_path, None)
    assert caught.value.mistakes[0].message == "this is a folder, not a file"


@contextmanager
def nobody() -> Iterator[None]:
    """Root, which may read everything, is somebody else inside this block."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(own)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.touch(mode=0o000)
    with nobody(), pytest.raises(BudgetFileError) as caught:
        budgets.read(path, None)
    assert caught.value.mistakes[0].message == "the file cannot be read: Permission denied"


def test_a_byte_order_mark_is_no_mistake(folder: Path) -> None:
    path = folder / "b.yaml"
    path.write_text(HEAD + "load: {users: 1, duration: 1s}\nendpoints: {a: /}\n", encoding="utf-8-sig")
    assert budgets.read(path, None).name == "b"


def test_a_file_name_that_cannot_be_the_name(folder: Path) -> None:
    path = folder / "_b.yaml"
    path.write_text(HEAD + "load: {users: 1, duration: 1s}\nendpoints: {a: /}\n", encoding="utf-8")
    with pytest.raises(BudgetFileError) as caught:
        budgets.read(path, None)
    assert caught.value.mistakes[0].message == "the file's name `_b` cannot be the name of the load test"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", "user\n", "`a.csv` has no rows"),
        ("a.csv", "", "`a.csv` is empty"),
        ("a.csv", "a,b\n1\n", "`a.csv` has 1 value in row 2, and 2 columns"),
        ("a.csv", "a,a\n1,2\n", "`a.csv` has two columns `a`"),
        ("a.csv", "a, b\n1,2\n", "`a.csv` has a column ` b`: empty, or with spaces around"),
        ("a.json", "{}", "`a.json` is not a list of objects"),
        ("a.json", "[]", "`a.json` has no rows"),
        ("a.json", '[{"a": 1}, {"b": 1}]', "`a.json` has other names in object 2 than in the first"),
        ("a.json", "[1", "`a.json` is not JSON: Expecting ',' delimiter: line 1 column 3 (char 2)"),
        ("a.txt", "a", "`a.txt` is neither .csv nor .json"),
        ("folder/x", "", None),
    ],
)
def test_data_files(read: Read, folder: Path, name: str, content: str, problem: str | None) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content, encoding="utf-8")
    named = name.split("/")[0]
    with pytest.raises(BudgetFileError) as caught:
        read(f"endpoints: {{a: {{request: '/{{a}}', with: {{from: {named}}}}}}}\n")
    assert [one.message for one in caught.value.mistakes] == [problem or "`folder` is a folder, not a file"]


@pytest.mark.parametrize("limit", ["20%", "+20", "+20ms", "-20%", "+0%", "+x%"])
def test_the_limit_of_the_anchor_is_a_rise(read: Read, limit: str) -> None:
    with pytest.raises(BudgetFileError) as raised:
        read(f"gate: {{anchor: {{ref: last-tag, limit: '{limit}'}}}}\nendpoints: {{a: /}}\n", {})
    (mistake,) = raised.value.mistakes
    assert mistake.line
    assert "limit" in mistake.message


@pytest.mark.parametrize("status", [99, 1000])
def test_no_other_status_may_be_expected(mistakes, status):
    assert len(mistakes(f"endpoints: {{home: {{request: GET /, expect: {{status: {status}}}}}}}")) == 1


BRACES = [  # texts of an endpoint, and the variables that are probably meant
    ('{request: GET /, headers: {Authorization: "Bearer $API_TOKEN"}}', "${API_TOKEN}"),
    ('{request: GET /, headers: {Authorization: "Bearer $TOKEN"}}', "${TOKEN}"),
    ('{request: GET /, headers: {Authorization: "Bearer ${{ secrets.TOKEN }}"}}', "${TOKEN}"),
    ('{request: "GET /?key=$API_KEY"}', "${API_KEY}"),
    ('{request: POST /, body: "key=$API_KEY&user=ann"}', "${API_KEY}"),
    ('{request: POST /, json: {deep: [{key: "$API_KEY"}]}}', "${API_KEY}"),
    ('{request: POST /, form: {key: "$SECRET"}}', "${SECRET}"),  # it is set
    ('{request: POST /, form: {key: "$secret"}}', "${secret}"),
    ('{request: POST /, json: {password: "$PASSWORD"}}', "${PASSWORD}"),
    ('{request: POST /, form: {accessToken: "$apiToken"}}', "${apiToken}"),
    ('{request: GET /, headers: {Authorization: "Bearer $api_token"}}', "${api_token}"),
    ('{request: GET /, headers: {X-Api-Key: "$apiKey"}}', "${apiKey}"),
    ('{request: GET /, headers: {Authorization: "Bearer ${{ github.token }}"}}', "${GITHUB_TOKEN}"),
    ('{request: GET /, headers: {X-Tenant: "${{ inputs.tenant }}"}}', "${tenant}"),
]
LEGITIMATE = [
    '{request: "GET /?$filter=price&$top=5&$skip=1"}',
    '{request: "GET /?q=$TSLA"}',
    '{request: POST /, json: {"$set": {price: "$5"}, path: "$.items[0]", re: "^A_B$|^$C", by: "$sum", us: "US$A_B"}}',
    '{request: POST /, json: {key: "${API_KEY:-x}", hash: "$2b$12$AB_CD", cost: "A$AP_ROCKY", escaped: "\\\\$A_B"}}',
    '{request: POST /, graphql: "query($USER_ID: ID!) { user(id: $USER_ID) { id } }", variables: {USER_ID: "1"}}',
    '{request: POST /, json: {query: "query A($USER_ID: ID!) {{ user(id: $USER_ID) {{ id }} }}"}}',
    '{request: GET /, expect: {text: {matches: "^$API_TOKEN"}}}',
    '{request: POST /, body: "=SUM($AA_B$1)"}',
    '{request: POST /, body: "$_SERVER"}',
    '{request: "GET /?$USER=1&$PATH=2"}',
    '{request: POST /, json: {token: "costs $five or $ten"}}',
]


@pytest.mark.parametrize(("endpoint", "meant"), BRACES)
def test_a_variable_without_braces_is_noted(read: Read, endpoint: str, meant: str) -> None:
    notes = read(f"endpoints: {{a: {endpoint}}}\n", {"SECRET": "x", "secret": "x"}).notes

    assert len(notes) == 1
    assert notes[0].endswith(f"is not replaced (line 4 of the budget file). Is `{meant}` meant? [PG-B051]")


@pytest.mark.parametrize("endpoint", LEGITIMATE)
def test_a_dollar_may_stand_where_no_variable_is_meant(read: Read, endpoint: str) -> None:
    assert read(f"endpoints: {{a: {endpoint}}}\n", {"PATH": "x", "USER": "x"}).notes == ()


def test_a_variable_without_braces_is_noted_in_the_addresses_of_a_diagnosis(read: Read) -> None:
    diagnose = 'diagnose: {postgres: "postgresql://u:$DB_PASS@h/db", redis: "$REDIS"}'
    notes = read(f"{diagnose}\nendpoints: {{a: GET /}}\n", {}).notes

    assert [note.split("`")[1] for note in notes] == ["$DB_PASS", "$REDIS"]


@pytest.mark.parametrize(
    ("page", "message"),
    [
        ("{path: '/orders/{order}', login: buy}", ""),
        ("{path: /, steps: [{goto: '/orders/{order}'}, {type: {into: '{a}', text: '{order}'}}], login: buy}", ""),
        ("{path: '/orders/{id}', login: buy}", "`{id}` has no value: the login `buy` does not give it"),
        (
            "{path: /, steps: [{goto: '/orders/{id}'}], login: buy}",
            "`{id}` has no value: the login `buy` does not give it",
        ),
        ("{path: '/{', login: buy}", "`{` is never closed"),
        ("{path: '/orders/{id}'}", ""),
    ],
)
def test_the_values_of_a_page_are_those_that_its_login_gives(read: Read, page: str, message: str) -> None:
    text = (
        f"pages: {{home: {page}}}\nendpoints: {{a: GET /, b: GET /b, order: {{request: POST /, capture: {{order: $.id}}}}}}\n"
        "journeys: {buy: {steps: [a, order]}}\n"
    )
    if not message:
        assert len(read(text).pages) == 1
        return
    with pytest.raises(BudgetFileError) as caught:
        read(text)
    assert [mistake.message for mistake in caught.value.mistakes] == [message]


@pytest.mark.parametrize(
    ("interact", "is_noted"),
    [
        ("", True),
        ("interact: [{scroll: down}, {wait: 1s}], ", True),
        ("interact: [{scroll: down}, {click: a}], ", False),
        ("interact: [{type: {into: a, text: b}}], ", False),
        ("interact: [{select: {from: a, option: b}}], ", False),
    ],
)
def test_a_limit_on_inp_without_input_is_noted(read: Read, interact: str, is_noted: bool) -> None:
    assert read(f"pages: {{home: {{path: /, {interact}budget: {{inp: 200ms}}}}}}\nendpoints: {{a: GET /}}\n").notes == (
        (
            "`home` has a limit on `inp` (line 4 of the budget file), and no `click`, `type` or `select` in its "
            "`interact`: it has no data in a run. [PG-B052]",
        )
        if is_noted
        else ()
    )


def test_a_variable_without_braces_is_noted_once_with_its_lines(read: Read) -> None:
    header = '{request: GET /, headers: {Authorization: "Bearer $API_TOKEN"}}'
    lines = "".join(f"  {name}: {header}\n" for name in "abcde")

    assert read(f"endpoints:\n{lines}").notes == (
        "`$API_TOKEN` is not replaced (lines 5, 6, 7 and 2 more of the budget file). "
        "Is `${API_TOKEN}` meant? [PG-B051]",
    )


def test_the_shell_replaces_variables_in_commands_itself(read: Read) -> None:
    service = 'service: {command: "app --port $PORT", setup: "echo $HOME", port: 8765, env: {URL: "$DATABASE_URL"}}'

    [text] = read(f"{service}\nendpoints: {{a: GET /}}\n", {"PORT": "1", "HOME": "/"}).notes

    assert "${DATABASE_URL}" in text
