"""What was requested becomes what will be done, before anything happens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from perfgate import budgets
from perfgate.loadtest import Sides
from perfgate.model.budget_file import AbPolicy
from perfgate.model.errors import TargetError, UsageError
from perfgate.model.revision import Revision
from perfgate.workflows.steps import resolving, sending
from perfgate.workflows.steps.request import AbRequest, RunContext, RunRequest
from perfgate.workflows.steps.resolving import Mode, RunSpec

SERVICE = "service: {command: 'shop --port ${PORT}', port: 8765}\n"
FILE = """\
version: 1
name: shop
target: http://127.0.0.1:8765/
load: {rate: 10/s, duration: 10s}
gate: {ab: {restarts: 2, blocks: 1s}}
endpoints: {home: {request: GET /}}
"""
TARGET = "http://127.0.0.1:1"
PULL_REQUEST = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}


def resolved(
    folder: Path, *, service: bool = True, environ: dict[str, str] | None = None, **options: object
) -> RunSpec:
    path = folder / "budgets.yaml"
    path.write_text(FILE + (SERVICE if service else ""), encoding="utf-8")
    context = RunContext(
        root=folder, environ=environ or {}, run_id="1", folder=folder / "run", revision=Revision(), versions={}
    )
    request = RunRequest(budget=path, context=context, **options)  # type: ignore[arg-type]
    return resolving.resolve(request, budgets.read(path, None))


@pytest.mark.parametrize(
    ("against", "service", "mode", "ab"),
    [
        (None, True, Mode.HISTORY, AbPolicy()),
        (AbRequest(ref="main"), True, Mode.BASE_REF, AbPolicy(restarts=2, blocks=1.0)),
        (AbRequest(ref="main", restarts=0, blocks=0.0), True, Mode.BASE_REF, AbPolicy(restarts=0, blocks=0.0)),
        (AbRequest(ref="auto"), True, Mode.MERGE_BASE, AbPolicy(restarts=2, blocks=1.0)),
        (AbRequest(ref="auto"), False, Mode.HISTORY, AbPolicy()),
        (AbRequest(url=TARGET), True, Mode.DEPLOYMENT, AbPolicy(restarts=0, blocks=1.0)),  # nothing of ours restarts
    ],
)
def test_what_a_run_is_compared_with(
    tmp_path: Path, against: AbRequest | None, service: bool, mode: Mode, ab: AbPolicy
):
    spec = resolved(tmp_path, service=service, against=against)

    assert (spec.load.mode, spec.load.ab) == (mode, ab)
    assert spec.load.target == "http://127.0.0.1:8765"
    assert bool(spec.remarks) == (against == AbRequest(ref="auto") and not service)


def test_nothing_is_started_for_another_target(tmp_path: Path):
    spec = resolved(tmp_path, target=TARGET)

    assert (spec.load.service, spec.load.target) == (None, TARGET)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"against": AbRequest(ref="main"), "target": TARGET}, UsageError),
        ({"target": "http://user:word@127.0.0.1:1"}, UsageError),
        ({"target": "http://shop.example"}, TargetError),
        ({"against": AbRequest(url="http://shop.example")}, TargetError),
        ({"only": ("basket",)}, UsageError),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_happens(
    tmp_path: Path, options: dict[str, object], error: type[Exception]
):
    with pytest.raises(error):
        resolved(tmp_path, **options)

    assert not (tmp_path / "run").exists()


def test_without_its_base_a_run_restarts_nothing(tmp_path: Path):
    spec = resolving.without_base(resolved(tmp_path, against=AbRequest(ref="auto")))

    assert (spec.load.mode, spec.load.ab) == (Mode.HISTORY, AbPolicy())


@pytest.mark.parametrize(
    ("environ", "save", "expected"),
    [({}, None, True), (PULL_REQUEST, None, False), (PULL_REQUEST, True, True), ({}, False, False)],
)
def test_whether_a_run_is_saved(tmp_path: Path, environ: dict[str, str], save: bool | None, expected: bool):
    spec = resolved(tmp_path, environ=environ, save=save)

    spec = resolving.with_branch(spec, replace(spec.budget_file))

    assert spec.save is expected
    assert bool(spec.why_not_saved) == (save is None and not expected)


def test_notes_of_the_budget_file_are_said_once_with_the_results(tmp_path: Path):
    header = '{headers: {Authorization: "Bearer $API_TOKEN"}, request: GET /}'
    path = tmp_path / "budgets.yaml"
    path.write_text(FILE.replace("{request: GET /}", header), encoding="utf-8")
    context = RunContext(root=tmp_path, environ={}, run_id="1", folder=tmp_path, revision=Revision(), versions={})

    spec = resolving.resolve(RunRequest(budget=path, context=context), budgets.read(path, None))

    [warning] = sending.circumstances(spec.load, Sides(target=TARGET)).warnings
    assert "${API_TOKEN}" in warning
    assert spec.remarks == ()  # said before the load: it would stand twice on one screen
