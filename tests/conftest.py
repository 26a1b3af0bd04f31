"""What all tests share: golden files (`pytest tests/report --update-golden` writes them anew), PostgreSQL, needs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings
from services import needs, postgresql

settings.register_profile("perfgate", deadline=None)  # a busy machine is no fault of what is tested
settings.load_profile("perfgate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


def pytest_configure() -> None:
    sys.dont_write_bytecode = False  # where it is switched off, each of hundreds of processes compiles all of perfgate
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # `nohup make test`: what the tests start would ignore it too
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


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
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the file of that name in the folder `golden` beside the test."""

    def compare(name: str, text: str) -> None:
        path = request.path.parent / "golden" / name
        if request.config.getoption("update_golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"not as {path}; --update-golden if that is meant"

    return compare
