"""The text of a scenario: golden files, and what a reader would stumble over."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from perfgate import budgets, runtime, scenarios
from perfgate.model.budget_file import Request

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
EVERYTHING = HERE / "everything" / "budgets.yaml"

Generate = Callable[..., str]


@pytest.fixture
def generated(tmp_path: Path) -> Generate:
    """The scenario of some endpoints (and whatever else is given), as written beside the budget file."""

    def make(endpoints: str, rest: str = "", *, target: str = "http://127.0.0.1:8765", scenario: str = "s.py") -> str:
        text = f"version: 1\nname: shop\ntarget: {target}\nload: {{users: 1, duration: 1s}}\nendpoints: {endpoints}\n{rest}"
        path = tmp_path / "budgets.yaml"
        path.write_text(text)
        (tmp_path / "users.csv").write_text("user\nann\n")
        return scenarios.generate(scenarios.plan(budgets.read(path, None)), scenario=tmp_path / scenario)

    return make


def test_every_feature(golden: Callable[[str, str], None]):
    plan = scenarios.plan(budgets.read(EVERYTHING, None))

    golden("everything.py", scenarios.generate(plan, scenario=HERE / "golden" / "everything.py"))


def test_the_committed_scenario_is_fresh_else_run_perfgate_generate():
    path = ROOT / "scenarios" / "generated" / "shop.py"
    plan = scenarios.plan(budgets.read(ROOT / "budgets.yaml", None))

    assert path.read_text(encoding="utf-8") == scenarios.generate(plan, scenario=path), "run perfgate generate"


@pytest.mark.parametrize("path", [ROOT / "scenarios" / "generated" / "shop.py", HERE / "golden" / "everything.py"])
def test_ruff_has_nothing_to_say(path: Path):
    for command in (["check", "--extend-select", "I,B,UP,RET,PIE,C4,E,W", "--ignore", "E501"], ["format", "--diff"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--line-length", "120", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_left_out_are_the_defaults_of_the_runtime():
    parameters = inspect.signature(runtime.Endpoint).parameters

    assert parameters["timeout"].default == Request.timeout
    assert parameters["follow_redirects"].default is Request.follow_redirects


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://localhost", '"http://localhost"'),
        ("${TARGET}", 'env("TARGET")'),
        ("${TARGET:-http://localhost:1}", 'env("TARGET", "http://localhost:1")'),
        ("https://${HOST}:${PORT:-443}/shop", '"https://" + env("HOST") + ":" + env("PORT", "443") + "/shop"'),
    ],
)
def test_the_host(generated: Generate, target: str, host: str):
    assert f"    host = {host}\n" in generated("{home: GET /}", target=target)


def test_a_long_host(generated: Generate):
    text = generated("{home: GET /}", target="https://${HOST}/" + "x" * 100)

    assert f'    host = (\n        "https://"\n        + env("HOST")\n        + "/{"x" * 100}"\n    )\n' in text


@pytest.mark.parametrize(
    ("endpoint", "source"),
    [
        ("GET /a{{b}}", 'Endpoint("x", "GET", "/a{{b}}")'),
        ("GET /${A}/b?${C:-d}", 'Endpoint("x", "GET", "/" + url_env("A") + "/b?" + url_env("C", "d"))'),
        (
            "{request: POST /, json: '{{{b}}}', with: {b: uuid}}",
            'Endpoint("x", "POST", "/", json="{{{b}}}", values={"b": uuid()})',
        ),
        ("{request: GET /, timeout: 10s}", 'Endpoint("x", "GET", "/")'),
        ("{request: GET /, timeout: 250ms}", 'Endpoint("x", "GET", "/", timeout=0.25)'),
        ("{request: GET /, expect: {text: ''}}", 'Endpoint("x", "GET", "/", expect=[text("")])'),
        (
            "{request: GET /, expect: {json: {$.a: null, $.b: {exists: false}}}}",
            'Endpoint("x", "GET", "/", expect=[json_path("$.a", None), json_path("$.b", exists=False)])',
        ),
    ],
)
def test_one_endpoint(generated: Generate, endpoint: str, source: str):
    if not endpoint.startswith("{"):
        endpoint = f'"{endpoint}"'

    assert f"x = {source}" in generated(f"{{x: {endpoint}}}").splitlines()


@pytest.mark.parametrize(
    ("headers", "common", "sources"),
    [
        (["{A: b}", "{A: b}"], '{"A": "b"}', ["HEADERS", "HEADERS"]),
        (["{A: b}", "{A: b, C: d}"], '{"A": "b"}', ["HEADERS", 'HEADERS | {"C": "d"}']),
        (["{A: b}", "{A: b}", "{C: d}"], '{"A": "b"}', ["HEADERS", "HEADERS", '{"C": "d"}']),
        (["{A: b}", "{A: '${X}'}", "{C: d}"], None, ['{"A": "b"}', '{"A": env("X")}', '{"C": "d"}']),
        (["{A: b}", "{A: b}", "{C: d}", "{}"], None, ['{"A": "b"}', '{"A": "b"}', '{"C": "d"}']),
        (["{A: b}", "{C: d, A: b}"], None, ['{"A": "b"}', '{"C": "d", "A": "b"}']),
        (["{A: b}"], None, ['{"A": "b"}']),
        (["{}", "{}"], None, []),
    ],
)
def test_headers_that_most_have_in_common_are_said_once(
    generated: Generate, headers: list[str], common: str | None, sources: list[str]
):
    endpoints = ", ".join(f"e{number}: {{request: GET /, headers: {one}}}" for number, one in enumerate(headers))

    text = generated(f"{{{endpoints}}}")

    assert [part.partition(")\n")[0] for part in text.split("headers=")[1:]] == sources
    assert (f"HEADERS = {common}\n" in text) if common else ("HEADERS" not in text)


def test_workers_of_other_machines_have_data_files_at_the_same_absolute_paths(tmp_path: Path):
    path = tmp_path / "budgets.yaml"
    path.write_text(
        "version: 1\ntarget: http://127.0.0.1:1\nload: {users: 1, duration: 1s}\n"
        "endpoints: {x: {request: 'GET /{user}', with: {from: users.csv}}}\n"
    )
    (tmp_path / "users.csv").write_text("user\nann\n")
    source = scenarios.generate(
        scenarios.plan(budgets.read(path, None)), scenario=tmp_path / "runs" / "s.py", for_workers=True
    )

    assert f'HERE / "{tmp_path.resolve()}/users.csv"' in source


def test_imports_are_those_that_are_used(generated: Generate):
    text = generated("{x: {request: POST /, body: 'status(200) rows(1) HERE / env(2)'}}")

    assert "from perfgate.runtime import Endpoint, Visitor\n" in text
    assert "pathlib" not in text


def test_what_is_never_sent_is_left_out(generated: Generate):
    text = generated(
        "{home: GET /, unused: {request: GET /, weight: 0}, step: GET /}",
        "journeys: {walk: {steps: [step], weight: 0}}",
    )

    assert "unused" not in text
    assert "step" not in text


@pytest.mark.parametrize(
    ("scenario", "path"),
    [("s.py", "users.csv"), ("a/b/s.py", "../../users.csv"), ("../elsewhere/s.py", "../{folder}/users.csv")],
)
def test_data_files_are_found_from_the_scenario(generated: Generate, tmp_path: Path, scenario: str, path: str):
    text = generated("{x: {request: 'GET /{user}', with: {from: users.csv}}}", scenario=scenario)

    assert "\nHERE = Path(__file__).resolve().parent\n" in text
    assert f'data=rows(HERE / "{path.format(folder=tmp_path.name)}")' in text
    assert str(tmp_path) not in text


def test_data_files_may_have_absolute_paths(generated: Generate, tmp_path: Path):
    (tmp_path / "users.csv").write_text("user\nann\n", encoding="utf-8")
    text = generated(
        f"{{x: {{request: 'GET /{{user}}', with: {{from: '{tmp_path}/users.csv'}}}}}}", scenario="a/b/s.py"
    )

    assert f'data=rows(HERE / "{tmp_path}/users.csv")' in text


@pytest.mark.parametrize(("weights", "comment"), [((1, 2), ""), ((2, 4), "1 here is 2"), ((0.5, 1), "1 here is 0.5")])
def test_weights_that_are_not_those_of_the_file_are_explained(
    generated: Generate, weights: tuple[float, float], comment: str
):
    text = generated(f"{{a: {{request: /, weight: {weights[0]}}}, b: {{request: /, weight: {weights[1]}}}}}")

    assert (
        f"    # Locust takes whole numbers as weights: {comment} in budgets.yaml.\n" in text
        if comment
        else "#" not in text
    )
    assert "    @task\n    def a" in text
    assert "    @task(2)\n    def b" in text


def test_a_file_with_an_odd_name_stays_in_the_docstring(tmp_path: Path):
    path = tmp_path / 'x"""\nimport os; """.yaml'
    path.write_text(
        "version: 1\nname: shop\ntarget: http://h\nload: {users: 1, duration: 1s}\nendpoints: {home: GET /}\n"
    )
    plan = scenarios.plan(budgets.read(path, None))

    tree = ast.parse(scenarios.generate(plan, scenario=tmp_path / '"""\\.py'))

    assert [type(node).__name__ for node in tree.body] == ["Expr", "ImportFrom", "ImportFrom", "Assign", "ClassDef"]
