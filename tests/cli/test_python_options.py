"""What is not given in Python is read from the environment, as for `perfgate run`."""

from __future__ import annotations

from pathlib import Path

import pytest

import perfgate
from perfgate.cli import api
from perfgate.model.errors import UsageError
from perfgate.workflows.run import RunResult
from perfgate.workflows.steps.request import AbRequest, RunRequest


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[RunRequest]:
    """What would have been run."""
    made: list[RunRequest] = []

    def run(request: RunRequest, *_: object) -> RunResult:
        made.append(request)
        raise UsageError("not run")

    monkeypatch.setattr(api.workflow, "run", run)
    monkeypatch.chdir(tmp_path)
    return made


def requested(requests: list[RunRequest], **options: object) -> RunRequest:
    with pytest.raises(UsageError, match="not run"):
        perfgate.run(**options)  # type: ignore[arg-type]
    return requests[-1]


@pytest.mark.parametrize(
    ("name", "written", "attribute", "value", "given", "kept"),
    [
        ("PERFGATE_BUDGET", "b.yaml", "budget", Path("b.yaml"), {"budget": "c.yaml"}, Path("c.yaml")),
        ("PERFGATE_TARGET", "http://a", "target", "http://a", {"target": "http://b"}, "http://b"),
        ("PERFGATE_HISTORY", "sqlite:///a", "history", "sqlite:///a", {"history": "git:b"}, "git:b"),
        ("PERFGATE_ONLY", "a b", "only", ("a", "b"), {"only": ["c"]}, ("c",)),
        ("PERFGATE_DIAGNOSE", "0", "diagnose", False, {"diagnose": True}, True),
        ("PERFGATE_DIAGNOSE", "true", "diagnose", True, {"diagnose": False}, False),
        ("PERFGATE_DIAGNOSE", "", "diagnose", None, {}, None),
        ("PERFGATE_SAVE", "no", "save", False, {"save": True}, True),
        ("PERFGATE_ALLOW_REMOTE", "1", "allow_remote", True, {"allow_remote": False}, False),
        ("PERFGATE_PROCESSES", "3", "processes", 3, {"processes": 2}, 2),
        ("PERFGATE_BASE", "http://a", "against", AbRequest(url="http://a"), {"base_ref": "x"}, AbRequest(ref="x")),
        (
            "PERFGATE_BASE_REF",
            "main",
            "against",
            AbRequest(ref="main"),
            {"base": "http://b"},
            AbRequest(url="http://b"),
        ),
    ],
)
def test_an_option_is_read_from_the_environment_unless_it_is_given(
    requests: list[RunRequest],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    written: str,
    attribute: str,
    value: object,
    given: dict[str, object],
    kept: object,
):
    monkeypatch.setenv(name, written)

    assert getattr(requested(requests), attribute) == value
    assert getattr(requested(requests, **given), attribute) == kept


@pytest.mark.parametrize(
    ("variables", "given", "target", "against"),
    [
        ({"PERFGATE_BASE_REF": "main"}, {"target": "http://b"}, "http://b", None),
        ({"PERFGATE_BASE": "http://a"}, {"target": "http://b"}, "http://b", AbRequest(url="http://a")),
        ({"PERFGATE_TARGET": "http://a"}, {"base_ref": "main"}, "", AbRequest(ref="main")),
        ({"PERFGATE_TARGET": "http://a"}, {"base": "http://b"}, "http://a", AbRequest(url="http://b")),
        ({"PERFGATE_RESTARTS": "3", "PERFGATE_BLOCKS": "5s"}, {}, "", None),
        (
            {"PERFGATE_RESTARTS": "3", "PERFGATE_BLOCKS": "5s"},
            {"base": "http://b"},
            "",
            AbRequest(url="http://b", blocks=5.0),
        ),
        (
            {"PERFGATE_RESTARTS": "3", "PERFGATE_BASE_REF": "auto", "PERFGATE_TARGET": "http://a"},
            {},
            "http://a",
            None,
        ),
        ({"PERFGATE_RESTARTS": "3"}, {"base_ref": "main"}, "", AbRequest(ref="main", restarts=3)),
    ],
)
def test_what_is_given_beats_variables_that_contradict_it(
    requests: list[RunRequest],
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    given: dict[str, object],
    target: str,
    against: AbRequest | None,
):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    request = requested(requests, **given)

    assert (request.target, request.against) == (target, against)


def test_variables_that_contradict_each_other_are_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PERFGATE_BASE_REF", "main")
    monkeypatch.setenv("PERFGATE_TARGET", "http://a")

    with pytest.raises(UsageError, match="PERFGATE_TARGET"):
        perfgate.run()


@pytest.mark.parametrize(("given", "named"), [({"processes": 0}, "processes=0: "), ({}, "PERFGATE_PROCESSES=x: ")])
def test_a_wrong_number_of_processes_is_named_as_it_was_given(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, int], named: str
):
    monkeypatch.setenv("PERFGATE_PROCESSES", "x")

    with pytest.raises(UsageError, match=f"^{named}"):
        perfgate.run(processes=given.get("processes"))


def test_the_run_folder_is_read_from_the_environment(
    requests: list[RunRequest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("PERFGATE_OUT", "a")

    assert requested(requests).context.folder == Path("a")
    assert requested(requests, out=tmp_path / "b").context.folder == tmp_path / "b"


@pytest.mark.parametrize(("name", "text"), [("PERFGATE_DIAGNOSE", "maybe"), ("PERFGATE_RESTARTS", "-1")])
def test_what_an_option_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, name: str, text: str):
    monkeypatch.setenv(name, text)

    with pytest.raises(UsageError, match=f"{name}={text}"):
        perfgate.run()
