"""The documentation's Locust user for PostgreSQL, as it stands there, with a real server."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from projects import Project
from services import postgresql

PAGE = Path(__file__).parents[2] / "docs" / "own-scenario.md"


@pytest.mark.needs("postgresql")
def test_the_user_of_the_documentation_is_recorded_and_judged(project: Project):
    page = PAGE.read_text(encoding="utf-8")
    [scenario] = re.findall(r"```python\n(# scenarios/orders\.py\n.*?)```", page, re.DOTALL)
    [budgets] = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "scenarios/orders.py" in text]
    with postgresql.serving() as url:
        plain = re.sub(r"^postgresql\+\w+://", "postgresql://", url)
        port = urlsplit(plain).port or 5432
        project.write(re.sub(r"http://127\.0\.0\.1:5432", f"http://127.0.0.1:{port}", budgets))
        project.write(scenario, "scenarios/orders.py")
        done = project.perfgate("run", DATABASE_URL=plain)

    assert project.verdict(), done.stdout + done.stderr
    [endpoint] = project.run()["endpoints"]
    findings = {item["metric"]: item["outcome"] for item in project.verdict()["findings"]}
    assert (endpoint["name"], endpoint["failures"]) == ("find order", 0)
    assert endpoint["requests"] > 0
    assert set(findings) == {"p95", "errors"}
    assert findings["errors"] != "fail"
