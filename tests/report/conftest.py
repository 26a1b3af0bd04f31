"""The verdicts that most tests tell."""

from __future__ import annotations

import pytest
from report.samples import HOSTILE, hostile_facts, shop_facts

from perfgate.report.facts import Facts


@pytest.fixture
def shop() -> Facts:
    return shop_facts()


@pytest.fixture
def hostile() -> Facts:
    return hostile_facts(len(HOSTILE))
