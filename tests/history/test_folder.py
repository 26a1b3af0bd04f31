from __future__ import annotations

from pathlib import Path

import pytest
from builders import make_acceptance, make_arms, make_endpoint, make_past_run

from perfgate import history
from perfgate.model.errors import HistoryError


@pytest.mark.parametrize(
    "form", ["folder:a/b c", "folder:{root}/a/b c", "file://{root}/a/b%20c", "./a/b c", "{root}/a/b c"]
)
def test_forms_of_the_url(form: str, tmp_path: Path) -> None:
    with history.open(form.format(root=tmp_path), root=tmp_path) as store:
        store.save(make_past_run())
    assert (tmp_path / "a/b c/format.json").is_file()


@pytest.mark.parametrize("form", ["folder:", "file:", "file://", "file://host/share"])
def test_malformed(form: str, tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="does not name a folder"):
        history.open(form, root=tmp_path)


def test_deleting_leaves_no_empty_folders_and_no_scratch_files(tmp_path: Path) -> None:
    with history.open("folder:h", root=tmp_path) as store:
        store.save_all([make_past_run(1, acceptances=[make_acceptance()]), make_past_run(2, name="search")])
        store.delete(["run-0001"])
    assert sorted(path.name for path in tmp_path.glob("h/**/*") if path.is_dir()) == [
        "distributions",
        "main",
        "main",
        "runs",
        "search",
        "search",
    ]
    assert [path for path in tmp_path.glob("h/**/*") if path.name.startswith(".")] == []


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("")
    with history.open("folder:.", root=tmp_path) as store, pytest.raises(HistoryError, match="no perfgate history"):
        store.save(make_past_run())
    assert [path.name for path in tmp_path.iterdir()] == ["code.py"]


def test_a_file_in_the_way_says_which(tmp_path: Path) -> None:
    (tmp_path / "h").write_text("")
    with history.open("folder:h", root=tmp_path) as store, pytest.raises(HistoryError, match="h cannot be used"):
        store.save(make_past_run())


def test_a_damaged_run_is_left_out_and_named(tmp_path: Path) -> None:
    said: list[str] = []
    with history.open("folder:h", root=tmp_path, say=said.append) as store:
        store.save_all([make_past_run(1), make_past_run(2)])
        damaged = next((tmp_path / "h/runs/shop/main").glob("*run-0002*"))
        damaged.write_bytes(damaged.read_bytes()[:-20])
        assert [past_run.run.id for past_run in store.runs("shop")] == ["run-0001"]
        store.runs("shop")
    assert len(said) == 1
    assert damaged.name in said[0]


def test_the_same_acceptance_by_two_at_once_counts_once(tmp_path: Path) -> None:
    with history.open("folder:h", root=tmp_path) as store:
        store.save(make_past_run(acceptances=[make_acceptance()]))
        first = next((tmp_path / "h/accepted/run-0001").iterdir())
        first.with_name(first.name.replace("0001-", "0002-")).write_bytes(first.read_bytes())
        assert store.get("run-0001").acceptances == (make_acceptance(),)


def test_an_a_b_test_of_before_the_mark_is_read_and_kept(tmp_path: Path) -> None:
    trial = make_past_run(1, arms=make_arms(make_endpoint()))
    with history.open("folder:h", root=tmp_path) as store:
        store.save(trial)
    for path in [*(tmp_path / "h").glob("*/shop/main/*,ab.json*")]:
        path.rename(path.with_name(path.name.replace(",ab.", ".")))
    with history.open("folder:h", root=tmp_path) as store:
        assert store.get("run-0001") == trial
        assert store.save(trial) is False
        assert len(store.entries()) == 1
