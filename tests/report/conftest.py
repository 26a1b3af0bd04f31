"""Golden files (`pytest tests/report --update-golden` writes them anew) and the verdicts that most tests tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from report.samples import HOSTILE, hostile_facts, shop_facts

from perfgate.report.facts import Facts

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files of tests/report anew")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the golden file of that name."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("update_golden", default=False):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8"), f"not as {path}; --update-golden if that is meant"

    return compare


@pytest.fixture
def shop() -> Facts:
    return shop_facts()


@pytest.fixture
def hostile() -> Facts:
    return hostile_facts(len(HOSTILE))
