"""What all tests share: golden files (`pytest tests/report --update-golden` writes them anew), PostgreSQL, needs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from services import needs, postgresql

if TYPE_CHECKING:
    from fake_github.server import FakeGitHub

TESTS = Path(__file__).parent
SLOWEST_FIRST = (  # files of more than about 15 s; the workers take whole files in this order, so that they end together
    "end_to_end/test_side_by_side.py",
    "end_to_end/test_iterations.py",
    "end_to_end/test_trouble.py",
    "action/test_action.py",
    "end_to_end/test_network.py",
    "runtime/test_runtime_in_locust.py",
    "publish/test_publish_artifact.py",
    "end_to_end/test_read_only_history.py",
    "end_to_end/test_base_ref_auto.py",
    "end_to_end/test_stored_runs.py",
    "end_to_end/test_connections.py",
    "end_to_end/test_traces.py",
    "end_to_end/test_engine.py",
    "end_to_end/test_shop.py",
    "end_to_end/test_pages.py",
    "end_to_end/test_pytest_plugin.py",
    "end_to_end/test_diagnosis.py",
    "end_to_end/test_counted_budgets.py",
    "end_to_end/test_profiles.py",
    "end_to_end/test_handwritten.py",
    "action/test_gate_step.py",
    "gate/test_gate_prediction.py",
    "diagnose/test_queue_probes.py",
    "history/test_branch.py",
    "runtime/test_runtime_locust_client.py",
    "end_to_end/test_importing.py",
    "pages/test_browser.py",
    "init/test_command.py",
    "test_collection.py",
    "end_to_end/test_secrets.py",
    "end_to_end/test_killed.py",
    "end_to_end/test_github.py",
    "workflows/test_backtesting.py",
    "publish/test_publish_pictures.py",
    "publish/test_publish_cli.py",
    "gate/test_gate_cases.py",
    "scenarios/test_property.py",
    "scenarios/test_alone.py",
    "test_docs.py",
    "test_packaging.py",
)

# A busy machine is no fault of what is tested: neither an example nor the drawing of many has a time limit.
settings.register_profile("perfgate", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("perfgate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


def pytest_configure() -> None:
    sys.dont_write_bytecode = False  # where it is switched off, each of hundreds of processes compiles all of perfgate
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in [name for name in os.environ if name.startswith("PERFGATE_") and not name.startswith("PERFGATE_TEST_")]:
        del os.environ[name]  # options of a run: the tests would depend on them
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # `nohup make test`: what the tests start would ignore it too
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {TESTS / name: rank for rank, name in enumerate(SLOWEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


def pytest_collection_finish() -> None:
    """Raises UsageError where a test module has patched the process, in which no worker of xdist goes on."""
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.saved:
        raise pytest.UsageError("A test module imports Locust, which patches this process: use forked.in_locust.")


def pytest_runtest_setup(item: pytest.Item) -> None:
    needs.check(item)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    with postgresql.serving() as url:
        yield url


@pytest.fixture
def postgresql_schema(postgresql_server: str) -> Iterator[str]:
    """The URL of an empty schema."""
    with postgresql.new_schema(postgresql_server) as url:
        yield url


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    from fake_github.server import strict_github  # late: most tests need none of it

    with strict_github() as fake:
        yield fake


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the file of that name in the folder `golden` beside the test."""

    def compare(name: str, text: str) -> None:
        path = request.path.parent / "golden" / name
        if request.config.getoption("update_golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"not as {path}; --update-golden if that is meant"

    return compare
