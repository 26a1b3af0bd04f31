"""A/B runs in a real history, by the command line: marked in the list, and never a level to accept."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import make_arms, make_endpoint, make_past_run

from perfgate import history
from perfgate.cli.app import app

URL = "sqlite:///h.db"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    with history.open(URL, root=tmp_path) as opened:
        opened.save_all([make_past_run(1), make_past_run(2, arms=make_arms(make_endpoint()))])
        yield opened


def called(*words: str) -> int | str | None:
    with pytest.raises(SystemExit) as left:
        app([*words, "--history", URL])
    return left.value.code


def test_the_list_marks_them(store, capsys: pytest.CaptureFixture[str]):
    assert called("history", "list") == 0
    told = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if "run-" in line}
    assert "A/B, pass" in told["run-0002"]
    assert "A/B" not in told["run-0001"]


def test_they_cannot_be_accepted(store, capsys: pytest.CaptureFixture[str]):
    assert called("accept", "run-0002", "--reason", "better now") == 2
    told = capsys.readouterr().err
    assert "is an A/B test" in told
    assert "Merge the change" in told
    assert store.get("run-0002").acceptances == ()


def test_others_can(store):
    assert called("accept", "run-0001", "--reason", "better now") == 0
    assert len(store.get("run-0001").acceptances) == 1
