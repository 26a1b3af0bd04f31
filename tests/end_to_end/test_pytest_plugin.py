"""The pytest plug-in, in a pytest of its own, on the demo shop."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

import matplotlib
import pytest
from projects import ENVIRONMENT, Shop, free_port

pytest_plugins = ["pytester"]

PLUGIN = () if "perfgate" in entry_points(group="pytest11").names else ("-p", "perfgate.pytest_plugin")
BUDGETS = """
version: 1
name: shop
target: {target}
load: {{rate: 80/s, duration: 2s}}
diagnose: {{for: 1s}}
endpoints:
  list products: {{request: GET /products, budget: {{{budget}, errors: 5%}}}}
  show product: {{request: GET /products/1, budget: {{p95: 5s {relative}}}}}
"""
Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    for name in ("PERFGATE_HISTORY", "PERFGATE_TARGET", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MPLCONFIGDIR", matplotlib.get_cachedir())  # pytester changes HOME: no fonts would be known
    return lambda *arguments: pytester.runpytest_subprocess(*PLUGIN, "-p", "no:cacheprovider", *arguments)


def write(pytester: pytest.Pytester, target: str, budget: str = "p95: 5s", relative: str = "") -> None:
    (pytester.path / "budgets.yaml").write_text(BUDGETS.format(target=target, budget=budget, relative=relative))


def test_every_budget_is_a_test_and_a_broken_one_says_its_sentence(pytester: pytest.Pytester, run: Run, shop: Shop):
    write(pytester, shop.url, budget="size: 1B")

    done = run("--perfgate", "budgets.yaml", "-v", "--junit-xml", "out.xml")

    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines_random(
        [
            "*budgets.yaml::list products::size FAILED*",
            "*list products size *over the limit of 1 B*[[]PG-V001[]]*",
            "budgets.yaml:[0-9]*",
        ]
    )
    assert 'name="perfgate_code" value="PG-V001"' in (pytester.path / "out.xml").read_text()


def test_variables_of_a_run_are_read(pytester: pytest.Pytester, run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    write(pytester, shop.url, budget="size: 1B")
    for name, value in {"PERFGATE_DIAGNOSE": "0", "PERFGATE_OUT": "measured", "PERFGATE_SAVE": "1"}.items():
        monkeypatch.setenv(name, value)

    run("--perfgate", "budgets.yaml").assert_outcomes(passed=2, failed=1)

    assert (pytester.path / "measured" / "verdict.json").is_file()
    assert not (pytester.path / "measured" / "diagnosis.json").exists()
    assert (pytester.path / ".perfgate" / "history.db").is_file()


def test_several_files_have_run_folders_and_names_of_their_own(
    pytester: pytest.Pytester, run: Run, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    for folder, request in {"a": "GET /products", "b": "GET /products/1", "c": "GET /"}.items():
        budgets = f"version: 1\ntarget: {shop.url}\nload: {{rate: 80/s, duration: 1s}}\nendpoints:\n"
        budgets += f"  {folder}: {{request: {request}, budget: {{p95: 5s}}}}\n"
        pytester.mkdir(folder).joinpath("budgets.yaml").write_text(budgets)
    for name, value in {"PERFGATE_DIAGNOSE": "0", "PERFGATE_OUT": "measured", "PERFGATE_ONLY": "a b"}.items():
        monkeypatch.setenv(name, value)
    files = [part for name in "abc" for part in ("--perfgate", f"{name}/budgets.yaml")]

    run(*files).assert_outcomes(passed=2, skipped=1)

    written = sorted(str(path.parent.relative_to(pytester.path)) for path in pytester.path.rglob("verdict.json"))
    assert written == ["measured/a-budgets", "measured/b-budgets"]
    monkeypatch.setenv("PERFGATE_ONLY", "a typo")
    run(*files, "-k", "a").stdout.fnmatch_lines(["*--only typo: there is no such endpoint or journey*"])


def test_budgets_stand_beside_other_tests_and_are_chosen_like_them(pytester: pytest.Pytester, run: Run, shop: Shop):
    pytester.makepyfile("def test_other(): pass")
    write(pytester, shop.url)

    run("--perfgate", "budgets.yaml", "-k", "errors or other").assert_outcomes(passed=2, deselected=2)
    run("--perfgate", "budgets.yaml", "-m", "not perfgate").assert_outcomes(passed=1, deselected=3)


def test_without_the_option_nothing_of_perfgate_is_loaded(pytester: pytest.Pytester, run: Run):
    pytester.makepyfile(
        "import sys\ndef test_light():\n"
        "    loaded = {name.split('.')[1] for name in sys.modules if name.startswith('perfgate.')}\n"
        "    assert loaded <= {'pytest_plugin'} and 'pydantic' not in sys.modules"
    )

    run().assert_outcomes(passed=1)


def test_what_cannot_be_compared_yet_is_skipped_or_kept(pytester: pytest.Pytester, run: Run, shop: Shop):
    write(pytester, shop.url, relative="+10%")

    run("--perfgate", "budgets.yaml").assert_outcomes(passed=3, skipped=1)


def test_a_target_that_is_down_fails_each_budget_with_the_cure(pytester: pytest.Pytester, run: Run):
    write(pytester, f"http://127.0.0.1:{free_port()}")

    done = run("--perfgate", "budgets.yaml")

    done.assert_outcomes(failed=3)
    done.stdout.fnmatch_lines(["*is down: cannot connect*[[]PG-T002[]]", "Start it first*"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_wrong_budget_file_stops_at_once_with_its_lines(pytester: pytest.Pytester, run: Run):
    (pytester.path / "budgets.yaml").write_text("version: 1\nraet: 1\n")

    done = run("--perfgate", "budgets.yaml")

    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(["*budgets.yaml:2:1: unknown key `raet` [[]PG-B006[]]"])


@pytest.mark.parametrize(
    ("arguments", "tests"),
    [
        ((), 3),
        (("budgets.yaml::list products::p95",), 1),
        (("budgets.yaml::list products",), 2),
        (("budgets.yaml",), 3),
        (("-k", "p95"), 2),
    ],
)
def test_a_budget_is_named_as_pytest_shows_it(
    pytester: pytest.Pytester, run: Run, arguments: tuple[str, ...], tests: int
):
    write(pytester, "http://127.0.0.1:1")

    done = run("--perfgate", "budgets.yaml", *arguments, "--collect-only", "-q")

    assert sum(line.startswith("budgets.yaml::") for line in done.stdout.lines) == tests


def test_the_budget_file_may_lie_above(pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch):
    write(pytester, "http://127.0.0.1:1")
    monkeypatch.chdir(pytester.mkdir("below"))

    run("--perfgate", "../budgets.yaml", "--collect-only", "-q").stdout.fnmatch_lines(["*list products::p95"])


@pytest.mark.parametrize(
    ("named", "words"), [("services", "is a folder, name the budget file in it"), ("nope", "no such file")]
)
def test_what_has_no_budgets_is_an_error_and_no_green_run(pytester: pytest.Pytester, run: Run, named: str, words: str):
    pytester.mkdir("services")
    pytester.makepyfile("def test_other(): pass")

    done = run("--perfgate", named)

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert words in done.stderr.str()


UNDECIDED = """
import pytest
from perfgate import Finding, Outcome
from perfgate.pytest_plugin import judge

def test_undecided(pytestconfig):
    finding = Finding(endpoint="a", metric="p95", outcome=Outcome.INCONCLUSIVE, reason="not-bounded", sentence="May be.")
    judge([finding], pytestconfig.getoption("--perfgate-inconclusive"))
"""


@pytest.mark.parametrize(
    ("choice", "outcome"), [("xfail", "xfailed"), ("skip", "skipped"), ("pass", "passed"), ("fail", "failed")]
)
def test_an_undecided_budget_is_what_was_chosen(pytester: pytest.Pytester, run: Run, choice: str, outcome: str):
    pytester.makepyfile(UNDECIDED)

    run("--perfgate-inconclusive", choice).assert_outcomes(**{outcome: 1})


FIXTURE = """
def test_search_is_fast(perfgate):
    result = perfgate.run("budgets.yaml", only=["show product"], diagnose=False)
    assert result.run.endpoints[0].requests > 10

def test_list_is_fast(perfgate):
    perfgate.run("budgets.yaml", only=["list products"], diagnose=False)
"""


@pytest.mark.slow
def test_the_fixture_fails_the_test_whose_budget_is_broken(pytester: pytest.Pytester, run: Run, shop: Shop):
    pytester.makepyfile(FIXTURE)
    write(pytester, shop.url, budget="size: 1B")

    done = run()

    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["*list products size*over the limit*[[]PG-V001[]]*"])
    assert not (pytester.path / ".perfgate").exists()


BESIDE = """
import pytest

class TestCheckout:
    @pytest.mark.parametrize("name", ["show product", "list products"])
    def test_is_fast(self, perfgate, name):
        perfgate.run("budgets.yaml", only=name)
"""


def test_the_fixture_warns_beside_other_workers_and_says_an_error_once(
    pytester: pytest.Pytester, run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("CI", raising=False)  # there the summary repeats whole messages
    pytester.makepyfile(BESIDE)
    write(pytester, f"http://127.0.0.1:{free_port()}")

    alone, beside = run(), run("-n", "2")

    for done in (alone, beside):
        done.assert_outcomes(failed=2, warnings=2 if done is beside else 0)
        assert done.stdout.str().count("Start it first") == 2
    beside.stdout.fnmatch_lines(["*measures beside 2 workers of pytest-xdist*"])
    alone.stdout.no_fnmatch_line("*workers of pytest-xdist*")


def test_load_is_not_sent_beside_other_workers(pytester: pytest.Pytester, run: Run):
    write(pytester, "http://127.0.0.1:1")

    done = run("--perfgate", "budgets.yaml", "-n", "2")

    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert "measures alone" in done.stdout.str() + done.stderr.str()
