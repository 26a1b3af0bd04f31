from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from builders import make_past_run

from perfgate import history
from perfgate.model.errors import HistoryError


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", ["no scheme", "sqlite, git, postgresql"]),
        ("history.db", ["no scheme"]),
        ("sqllite:///history.db", ['"sqllite"', "Did you mean sqlite", "sqlite, git, postgresql"]),
        ("mysql://ada:secret@host/db", ['"mysql"', "sqlite, git, postgresql"]),
        ("sqlite:", ["does not name a file", "sqlite:///.perfgate/history.db"]),
        ("sqlite://", ["does not name a file"]),
        ("sqlite:///", ["does not name a file"]),
        ("sqlite:///:memory:", ["does not name a file"]),
        ("sqlite://history.db", ["does not name a file"]),
        ("sqlite:///folder/", ["does not name a file"]),
        ("postgresql://ada:secret@host:port/db", []),
    ],
)
def test_a_url_that_cannot_be_says_what_can(url: str, words: list[str], tmp_path: Path) -> None:
    with pytest.raises(HistoryError) as caught:
        history.open(url, root=tmp_path)
    assert [word for word in words if word not in str(caught.value)] == []
    assert "secret" not in str(caught.value)


def test_relative_paths_count_from_the_root(tmp_path: Path) -> None:
    with history.open("sqlite:///a/b.db", root=tmp_path / "root") as store:
        store.save(make_past_run())
    assert (tmp_path / "root/a/b.db").is_file()


def test_absolute_paths_do_not(tmp_path: Path) -> None:
    with history.open(f"sqlite:///{tmp_path}/b.db", root=tmp_path / "root") as store:
        store.save(make_past_run())
    assert [path.name for path in tmp_path.iterdir()] == ["b.db"]


@pytest.mark.parametrize("name", ["with space.db", "50%41.db", "what?mode=ro.db", "a#b.db", "zażółć.db", "it's.db"])
def test_any_file_name_will_do(name: str, tmp_path: Path) -> None:
    with history.open(f"sqlite:///{name}", root=tmp_path) as store:
        store.save(make_past_run())
        assert len(store.entries()) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_sqlalchemy_is_loaded_only_when_a_store_needs_it() -> None:
    code = "import sys, perfgate.history, perfgate.history.transfer; sys.exit('sqlalchemy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
