"""Every example of docs/budgets.md is a budget file, once the required keys that it leaves out are added."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from perfgate import budgets
from perfgate.model.budget_file import BudgetFile
from perfgate.model.metric import METRICS

PAGE = (Path(__file__).parents[2] / "docs" / "budgets.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
REQUIRED = {
    "version": "version: 1\n",
    "target": "target: http://localhost\n",
    "load": "load: {rate: 1/s, duration: 1s}\n",
    "endpoints": "endpoints: {home: GET /}\n",
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples(read: Callable[..., BudgetFile], example: str) -> None:
    text = example + "".join(line for key, line in REQUIRED.items() if not re.search(f"^{key}:", example, re.MULTILINE))
    assert read(text, {"API_TOKEN": "x"})
    assert list(Draft7Validator(budgets.schema()).iter_errors(yaml.safe_load(text))) == []


def test_every_metric_is_explained() -> None:
    assert {name for name in METRICS if f"`{name}`" not in PAGE} == set()


def test_every_link_leads_somewhere() -> None:
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.*)$", PAGE, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) == headings
