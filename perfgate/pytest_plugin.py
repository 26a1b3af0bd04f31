"""pytest plug-in: `pytest --perfgate budgets.yaml` makes a test of every budget, the fixture `perfgate` judges in one.

pytest imports this module whenever perfgate is installed, so it imports nothing else of perfgate until it is used.
docs/pytest.md is its page.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from perfgate import Finding, PerfgateError, RunResult

CHOICES = ("xfail", "skip", "pass", "fail")
WHOLE = ("application", "all endpoints")  # the finding about what all endpoints have in common

LEFT_OUT = "PERFGATE_ONLY leaves it out"
BESIDE_OTHERS = "perfgate measures beside {} workers of pytest-xdist: their tests slow the target down. Use -n 0."


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("perfgate", "load tests (perfgate)")
    group.addoption(
        "--perfgate", action="append", default=[], metavar="FILE", help="make a test of every budget in FILE"
    )
    group.addoption("--perfgate-target", default="", metavar="URL", help="measure this instead of the file's target")
    group.addoption(
        "--perfgate-inconclusive", default="xfail", choices=CHOICES, help="what an undecided budget is [xfail]"
    )
    group.addoption("--perfgate-save", action="store_true", help="add the run to the history")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "perfgate: a budget of a file that --perfgate names")
    files = _files(config)
    if files and config.getoption("numprocesses", None):
        raise pytest.UsageError("--perfgate measures alone: run it without pytest-xdist's workers (-n 0)")
    for file in files:
        if not file.is_file():
            what = "this is a folder, name the budget file in it" if file.is_dir() else "there is no such file"
            raise pytest.UsageError(f"--perfgate {_shown(file, config.invocation_params.dir)}: {what}")
    chosen = [_absolute(config, argument.partition("::")[0]) for argument in config.args]
    config.args += [str(file) for file in files if file not in chosen]  # else some of its budgets alone are wanted


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path in _files(parent.config):
        return BudgetTests.from_parent(parent, path=file_path)
    return None


def _files(config: pytest.Config) -> list[Path]:
    return [_absolute(config, file) for file in config.getoption("--perfgate")]


def _absolute(config: pytest.Config, file: str) -> Path:
    """The path as pytest writes it: without `..`, and with its links."""
    return Path(os.path.abspath(config.invocation_params.dir / file))


class BudgetTests(pytest.File):
    """One budget file. The load is sent once, when the first of its tests runs."""

    _outcome: RunResult | Exception | None = None

    def collect(self) -> Iterator[EndpointTests]:
        import perfgate

        try:
            budget_file = perfgate.check(self.path)
        except perfgate.PerfgateError as error:
            raise self.CollectError(_words(error)) from error
        lines: dict[str, dict[str, int]] = {}  # of each metric of each endpoint
        for budget in budget_file.budgets:
            lines.setdefault(budget.endpoint, {})[budget.metric] = budget.line
        if any(criterion.kind == "relative" for budget in budget_file.budgets for criterion in budget.criteria):
            lines.setdefault(WHOLE[0], {})[WHOLE[1]] = 0
        for endpoint, metrics in lines.items():
            yield EndpointTests.from_parent(self, name=endpoint, lines=metrics)

    def outcome(self) -> RunResult:
        """Outcome of the only run. What went wrong with it goes wrong with each test."""
        import perfgate
        from perfgate.cli import api

        if self._outcome is None:
            option = self.config.getoption
            try:
                options = self._options_beside_others()
                save = api.is_saved(given=option("--perfgate-save"))
                self._outcome = perfgate.run(self.path, target=option("--perfgate-target"), save=save, **options)
            except perfgate.PerfgateError as error:
                self._outcome = error
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def _options_beside_others(self) -> dict[str, Any]:
        """Options of a run that another file must not share. Skips the test where PERFGATE_ONLY names others only."""
        from perfgate.cli import api

        files = _files(self.config)
        if len(files) < 2:
            return {}
        only = api.only_of(self.path, files)
        if only is None:
            pytest.skip(LEFT_OUT)
        shown = _shown(self.path, self.config.invocation_params.dir)
        return {"out": api.out_of("-".join(shown.with_suffix("").parts).strip("/-")), "only": only}


class EndpointTests(pytest.Collector):
    """Budgets of one endpoint, so that `budgets.yaml::search::p95` and `budgets.yaml::search` name tests."""

    def __init__(self, *, lines: dict[str, int], **others: Any) -> None:
        super().__init__(**others)
        self.lines = lines

    def collect(self) -> Iterator[BudgetTest]:
        for metric, line in self.lines.items():
            yield BudgetTest.from_parent(self, name=metric, key=(self.name, metric), line=line)


class BudgetTest(pytest.Item):
    """One budget: passes while it is kept."""

    def __init__(self, *, key: tuple[str, str], line: int, **others: Any) -> None:
        super().__init__(**others)
        self.key, self.line = key, line
        self.add_marker("perfgate")

    def runtest(self) -> None:
        file = self.getparent(BudgetTests)
        assert file is not None  # for the type checker
        result = file.outcome()
        assert result.verdict is not None  # for the type checker
        finding = next((item for item in result.verdict.findings if (item.endpoint, item.metric) == self.key), None)
        if finding is None and self.key == WHOLE:
            pytest.skip("there is nothing to compare all endpoints with")
        if finding is None:
            pytest.skip(LEFT_OUT)
        self.user_properties += [("perfgate_outcome", finding.outcome.value), ("perfgate_code", finding.code)]
        judge([finding], self.config.getoption("--perfgate-inconclusive"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        import perfgate

        if isinstance(excinfo.value, BrokenBudgetError):
            place = f"\n{_shown(self.path, self.config.invocation_params.dir)}:{self.line}" if self.line else ""
            return f"{excinfo.value}{place}"
        if isinstance(excinfo.value, perfgate.PerfgateError):
            return _words(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, max(0, self.line - 1), " ".join(self.key)


class BrokenBudgetError(AssertionError):
    """A budget is broken, or was not measured."""


def judge(findings: list[Finding], inconclusive: str) -> None:
    """Raises BrokenBudgetError for what failed or was not measured; what is undecided becomes what was chosen."""
    broken = [item for item in findings if item.outcome.value in ("fail", "no-data")]
    undecided = [item for item in findings if item.outcome.value == "inconclusive"]
    if inconclusive == "fail":
        broken, undecided = [*broken, *undecided], []
    if broken:
        raise BrokenBudgetError(_sentences(broken))
    for item in findings:
        if item.outcome.value == "warn":
            warnings.warn(pytest.PytestWarning(_sentences([item])), stacklevel=2)
    if undecided and inconclusive == "xfail":
        pytest.xfail(_sentences(undecided))
    if undecided and inconclusive == "skip":
        pytest.skip(_sentences(undecided))


class PerfgateFixture:
    """What a test gets as `perfgate`."""

    def __init__(self, folder: Path, inconclusive: str, workers: int = 1) -> None:
        self._folder = folder
        self._inconclusive = inconclusive
        self._workers = workers
        self._runs = 0

    def run(self, budget: str | Path = "", **options: Any) -> RunResult:
        """`perfgate.run`, and the test fails if a budget is broken. The run folder is in the test's temporary folder,
        and the run is not added to the history, unless `out` and `save` say otherwise."""
        import perfgate

        if self._workers > 1:
            warnings.warn(pytest.PytestWarning(BESIDE_OTHERS.format(self._workers)), stacklevel=2)
        self._runs += 1
        folder = self._folder / ("perfgate" if self._runs == 1 else f"perfgate-{self._runs}")
        try:
            result = perfgate.run(budget, **{"save": False, "out": folder, **options})
            assert result.verdict is not None  # for the type checker
            judge(list(result.verdict.findings), self._inconclusive)
        except (perfgate.PerfgateError, BrokenBudgetError) as error:
            failure = str(error) if isinstance(error, BrokenBudgetError) else _words(error)
        else:
            return result
        pytest.fail(failure, pytrace=False)  # here, or pytest would show the errors behind it too


@pytest.fixture
def perfgate(tmp_path: Path, pytestconfig: pytest.Config) -> PerfgateFixture:
    """perfgate in a test: `perfgate.run("budgets.yaml", target=...)` fails it where a budget is broken."""
    workers = getattr(pytestconfig, "workerinput", {}).get("workercount", 1)  # of pytest-xdist
    return PerfgateFixture(tmp_path, pytestconfig.getoption("--perfgate-inconclusive"), workers)


def _shown(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _sentences(findings: list[Finding]) -> str:
    return "\n".join(f"{item.sentence} [{item.code}]" for item in findings)


def _words(error: PerfgateError) -> str:
    from perfgate.cli import api

    return api.words(error)
