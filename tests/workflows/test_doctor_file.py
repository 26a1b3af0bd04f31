"""What `perfgate doctor` says of the budget file and of the variables it needs."""

from __future__ import annotations

from pathlib import Path

from perfgate.workflows.doctor.check import CheckState, CheckSurroundings
from perfgate.workflows.doctor.of_file import budget_file

BUDGETS = """version: 1
target: http://127.0.0.1:9
load: {rate: 1/s, duration: 1s}
endpoints:
  home: {request: GET /, headers: {Authorization: "Bearer HEADER"}, budget: {p95: 1s}}
"""


def examined(folder: Path, header: str, **environ: str) -> list[tuple[str, CheckState, str]]:
    path = folder / "budgets.yaml"
    path.write_text(BUDGETS.replace("HEADER", header))
    checks, _ = budget_file(
        CheckSurroundings(budget=path, root=folder, environ=environ, child_environ=environ, now=0.0)
    )
    return [(check.name, check.state, check.code) for check in checks]


def test_what_a_run_would_say_of_variables_has_the_same_code(tmp_path: Path):
    assert examined(tmp_path, "${API_TOKEN}", API_TOKEN="x")[-1] == ("variables", CheckState.OK, "")
    assert examined(tmp_path, "${API_TOKEN}")[-1] == ("variables", CheckState.BROKEN, "PG-B027")
    assert examined(tmp_path, "$API_TOKEN")[-1] == ("variables", CheckState.WARNING, "PG-B051")
