"""pytest plug-in: `pytest --perfgate budgets.yaml` makes a test of every budget, the fixture `perfgate` judges in one.

pytest imports this module whenever perfgate is installed, so it imports nothing else of perfgate until it is used.
docs/pytest.md is its page.
"""

from __future__ import annotations

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
    config.args += [str(file) for file in files]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path in _files(parent.config):
        return BudgetTests.from_parent(parent, path=file_path)
    return None


def _files(config: pytest.Config) -> list[Path]:
    return [config.invocation_params.dir / file for file in config.getoption("--perfgate")]


class BudgetTests(pytest.File):
    """One budget file. The load is sent once, when the first of its tests runs."""

    _outcome: RunResult | Exception | None = None

    def collect(self) -> Iterator[BudgetTest]:
        import perfgate

        try:
            budget_file = perfgate.check(self.path)
        except perfgate.PerfgateError as error:
            raise self.CollectError(_words(error)) from error
        for budget in budget_file.budgets:
            yield BudgetTest.from_parent(
                self, name=f"{budget.endpoint}::{budget.metric}", key=(budget.endpoint, budget.metric), line=budget.line
            )
        if any(criterion.kind == "relative" for budget in budget_file.budgets for criterion in budget.criteria):
            yield BudgetTest.from_parent(self, name="::".join(WHOLE), key=WHOLE, line=0)

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


class BudgetTest(pytest.Item):
    """One budget: passes while it is kept."""

    def __init__(self, *, key: tuple[str, str], line: int, **others: Any) -> None:
        super().__init__(**others)
        self.key, self.line = key, line
        self.add_marker("perfgate")

    def runtest(self) -> None:
        assert isinstance(self.parent, BudgetTests)  # for the type checker
        result = self.parent.outcome()
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
        return self.path, max(0, self.line - 1), self.name.replace("::", " ")


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

    def __init__(self, folder: Path, inconclusive: str) -> None:
        self._folder = folder
        self._inconclusive = inconclusive

    def run(self, budget: str | Path = "", **options: Any) -> RunResult:
        """`perfgate.run`, and the test fails if a budget is broken. The run folder is in the test's temporary folder,
        and the run is not added to the history, unless `out` and `save` say otherwise."""
        import perfgate

        try:
            result = perfgate.run(budget, **{"save": False, "out": self._folder / "perfgate", **options})
        except perfgate.PerfgateError as error:
            pytest.fail(_words(error), pytrace=False)
        assert result.verdict is not None  # for the type checker
        try:
            judge(list(result.verdict.findings), self._inconclusive)
        except BrokenBudgetError as error:
            pytest.fail(str(error), pytrace=False)
        return result


@pytest.fixture
def perfgate(tmp_path: Path, pytestconfig: pytest.Config) -> PerfgateFixture:
    """perfgate in a test: `perfgate.run("budgets.yaml", target=...)` fails it where a budget is broken."""
    return PerfgateFixture(tmp_path, pytestconfig.getoption("--perfgate-inconclusive"))


def _shown(path: Path, folder: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path


def _sentences(findings: list[Finding]) -> str:
    return "\n".join(f"{item.sentence} [{item.code}]" for item in findings)


def _words(error: PerfgateError) -> str:
    from perfgate.cli import api

    return api.words(error)
