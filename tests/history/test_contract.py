"""What every store must do. A new store is one more line in STORES."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from builders import make_acceptance, make_arms, make_endpoint, make_past_run, make_revision
from processes import start_together

from perfgate import history
from perfgate.history import ConflictError, Entry, History
from perfgate.history.documents import lean
from perfgate.model.errors import HistoryError
from perfgate.model.outcome import Outcome

TESTS = Path(__file__).parents[1]


def on_new_branch(folder: Path) -> str:
    """Of a bare remote: the store needs no checkout."""
    remote = folder.with_name(f"{folder.name}-remote.git")
    subprocess.run(["git", "init", "--quiet", "--bare", str(remote)], check=True)
    return f"git:perfgate-data@file://{remote}"


STORES: dict[str, Callable[[Path], str]] = {  # from an empty folder to the URL of a history that does not exist yet
    "sqlite": lambda folder: f"sqlite:///{folder}/.perfgate/history.db",
    "git": on_new_branch,
    "folder": lambda folder: f"folder:{folder}/.perfgate/history",
    "memory": lambda _: f"memory://{uuid4().hex}/history",
}
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))


@pytest.fixture(params=[*STORES, POSTGRESQL])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        schema: str = request.getfixturevalue("postgresql_schema")
        return schema
    return STORES[request.param](tmp_path)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[History]:
    with history.open(url, root=tmp_path) as opened:
        yield opened


def ids(runs: tuple[object, ...]) -> list[str]:
    return [getattr(each, "run", each).id for each in runs]  # type: ignore[attr-defined]


def test_a_history_that_does_not_exist_yet_is_empty_and_reading_does_not_make_it(
    store: History, tmp_path: Path
) -> None:
    assert store.runs("shop") == ()
    assert store.entries() == ()
    assert store.names() == ()
    assert store.delete(["run-0001"]) == 0
    with pytest.raises(HistoryError, match="no runs yet"):
        store.get("run-0001")
    with pytest.raises(HistoryError, match="no runs yet"):
        store.accept("run-0001", make_acceptance())
    assert list(tmp_path.iterdir()) == []


def test_a_run_comes_back_as_it_went_in(store: History) -> None:
    run = make_past_run(
        outcome=Outcome.FAIL,
        failed=[("list products", "p95"), ("zażółć \0 🐌", "errors")],
        acceptances=[make_acceptance(reason="erstens"), make_acceptance("list products", "p95", reason="zweitens")],
        warnings=("line\nbreak", "\u2028"),
    )
    assert store.save(run) is True
    assert store.get("run-0001") == run
    assert store.runs("shop") == (lean(run),)


def test_saving_a_run_again_changes_nothing(store: History) -> None:
    accepted = make_past_run(acceptances=[make_acceptance()])
    store.save(accepted)
    assert store.save(accepted) is False
    assert store.save(replace(accepted, acceptances=())) is False
    assert store.runs("shop") == (lean(accepted),)


def test_a_run_that_is_saved_again_gains_the_acceptances_it_lacks(store: History) -> None:
    here, elsewhere = make_acceptance(author="ada"), make_acceptance(author="bob")
    store.save(make_past_run(acceptances=[here]))
    store.save(make_past_run(acceptances=[elsewhere, here]))
    assert store.get("run-0001").acceptances == (here, elsewhere)


@pytest.mark.parametrize("change", [{"p95": 0.2}, {"outcome": Outcome.FAIL}])
def test_a_different_run_with_the_same_id_is_a_conflict(store: History, change: dict[str, object]) -> None:
    first = make_past_run()
    store.save(first)
    with pytest.raises(ConflictError, match="run-0001"):
        store.save(make_past_run(**change, acceptances=[make_acceptance()]))  # type: ignore[arg-type]
    assert store.runs("shop") == (lean(first),)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused(store: History, value: float) -> None:
    with pytest.raises(HistoryError, match="cannot be stored"):
        store.save(make_past_run(duration=value))
    assert store.entries() == ()


@pytest.mark.parametrize("run_id", ["", "../../etc/passwd", "a\\b", ".git", "-rf", "a\nb", "x" * 201])
def test_an_id_that_could_not_name_a_file_is_refused(store: History, run_id: str) -> None:
    with pytest.raises(HistoryError, match="cannot be stored"):
        store.save(make_past_run(id=run_id))
    assert store.entries() == ()


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
def test_what_could_not_be_read_again_is_refused(store: History) -> None:
    for bad in ({"target": "\ud800"}, {"duration": "fast"}, {"schema": 2}, {"started": "yesterday"}):
        with pytest.raises(HistoryError):
            store.save(make_past_run(**bad))
    store.save(make_past_run())
    with pytest.raises(HistoryError, match="Unicode"):
        store.accept("run-0001", make_acceptance(reason="\udcff"))
    assert store.get("run-0001") == make_past_run()


def test_runs_are_newest_first_whatever_order_they_came_in(store: History) -> None:
    for number in (2, 3, 1):
        store.save(make_past_run(number))
    assert ids(store.runs("shop")) == ids(store.entries()) == ["run-0003", "run-0002", "run-0001"]


def test_runs_that_started_together_are_ordered_by_id(store: History) -> None:
    for run_id in ("b", "c", "a"):
        store.save(make_past_run(id=run_id))
    assert ids(store.runs("shop")) == ids(store.entries()) == ["c", "b", "a"]


def test_order_is_by_moment_not_by_text(store: History) -> None:
    store.save(make_past_run(id="noon", started="2026-01-05T12:00:00Z"))
    store.save(make_past_run(id="before", started="2026-01-05T13:59:59.5+02:00"))
    store.save(make_past_run(id="after", started="2026-01-05T12:00:00.000001"))  # no zone: UTC
    assert ids(store.runs("shop")) == ["after", "noon", "before"]
    assert ids(store.runs("shop", before="2026-01-05T13:00:00+01:00")) == ["before"]


def test_the_limit_keeps_the_newest(store: History) -> None:
    for number in range(5):
        store.save(make_past_run(number, acceptances=[make_acceptance(reason=str(number))]))
    assert store.runs("shop", limit=2) == tuple(
        lean(make_past_run(number, acceptances=[make_acceptance(reason=str(number))])) for number in (4, 3)
    )
    assert store.runs("shop", limit=0) == ()
    assert store.runs("shop", limit=-1) == ()


def test_before_leaves_out_that_moment_itself(store: History) -> None:
    for number in (1, 2, 3):
        store.save(make_past_run(number))
    assert ids(store.runs("shop", before=make_past_run(2).run.started)) == ["run-0001"]
    with pytest.raises(HistoryError, match="before"):
        store.runs("shop", before="run-0002")


def test_branches_and_names_are_apart(store: History) -> None:
    store.save(make_past_run(1, branch="main"))
    store.save(make_past_run(2, branch="topic"))
    store.save(make_past_run(3, branch=""))
    store.save(make_past_run(4, name="search"))
    assert ids(store.runs("shop")) == ["run-0003", "run-0002", "run-0001"]
    assert ids(store.runs("shop", branch="main")) == ["run-0001"]
    assert ids(store.runs("shop", branch="")) == ["run-0003"]
    assert ids(store.runs("shop", branch="Main")) == []
    assert ids(store.entries("search")) == ["run-0004"]
    assert store.names() == ("search", "shop")


def test_an_entry_is_a_line_about_a_run(store: History) -> None:
    store.save(make_past_run(1, revision=make_revision(branch="topic", commit="abc"), outcome=Outcome.NO_DATA))
    store.accept("run-0001", make_acceptance("list products", "p95"))
    assert store.entries() == (
        Entry(
            id="run-0001",
            name="shop",
            branch="topic",
            commit="abc",
            started="2026-01-05T10:00:00Z",
            outcome=Outcome.NO_DATA,
            accepted=True,
        ),
    )


def test_the_beginning_of_an_id_is_enough_if_it_is_the_only_one(store: History) -> None:
    for run_id in ("abc-1", "abc-12", "abd"):
        store.save(make_past_run(id=run_id))
    assert store.get("abd").run.id == "abd"
    assert store.get("abc-1").run.id == "abc-1"  # a whole id wins
    with pytest.raises(HistoryError, match=r'2 runs .* begin with "abc": abc-12, abc-1'):
        store.get("abc")
    with pytest.raises(HistoryError, match='no run "abe"') as caught:
        store.get("abe")
    assert "Did you mean abd" in caught.value.hint
    with pytest.raises(HistoryError, match='no run ""'):
        store.get("")


def test_acceptances_are_kept_in_order_and_once(store: History) -> None:
    store.save(make_past_run(outcome=Outcome.FAIL))
    first, second = make_acceptance(reason="one"), make_acceptance("list products", reason="two")
    for acceptance in (first, second, first):
        store.accept("run-0001", acceptance)
    assert store.get("run-0001").acceptances == (first, second)
    assert store.runs("shop")[0].acceptances == (first, second)
    with pytest.raises(HistoryError, match="no run"):
        store.accept("run-0002", first)


def test_deleted_runs_are_gone_with_their_acceptances(store: History) -> None:
    for number in (1, 2, 3):
        store.save(make_past_run(number, acceptances=[make_acceptance()]))
    assert store.delete(["run-0001", "run-0003", "run-0003", "run-", "other"]) == 2
    assert ids(store.entries()) == ["run-0002"]
    store.save(make_past_run(1))
    assert store.get("run-0001").acceptances == ()


def test_a_history_outlives_its_closing(url: str, store: History, tmp_path: Path) -> None:
    store.save(make_past_run(1))
    store.close()
    store.save(make_past_run(2))
    with history.open(url, root=tmp_path) as again:
        assert ids(again.runs("shop")) == ["run-0002", "run-0001"]


def test_two_at_once_see_each_other(url: str, store: History, tmp_path: Path) -> None:
    with history.open(url, root=tmp_path) as other:
        assert other.entries() == ()
        store.save(make_past_run(1))
        other.save(make_past_run(2))
        store.accept("run-0002", make_acceptance())
        assert store.entries() == other.entries()
        assert other.get("run-0002").acceptances == (make_acceptance(),)


WRITER = """
import sys
from pathlib import Path
from builders import make_acceptance, make_past_run
from perfgate import history
url, root, writer, runs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
store = history.open(url, root=root)
mine = [make_past_run(100 * writer + number) for number in range(runs)]
print("ready", flush=True)
sys.stdin.readline()
for past_run in mine:
    store.save(past_run)
    store.save(make_past_run(0))
    store.accept("run-0000", make_acceptance(reason=past_run.run.id))
"""


@pytest.mark.parametrize("url", [*(kind for kind in STORES if kind != "memory"), POSTGRESQL], indirect=True)
def test_processes_that_write_at_once_lose_nothing(url: str, store: History, tmp_path: Path) -> None:
    """From the first on: the history does not exist when they start. No two processes share memory."""
    writers, each = 4, 3 if url.startswith("git:") else 20
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, str(tmp_path), str(writer), str(each)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for writer in range(1, writers + 1)
    ]
    assert start_together(processes, 120) == [""] * writers
    written = {f"run-{100 * writer + number:04d}" for writer in range(1, writers + 1) for number in range(each)}
    assert set(ids(store.entries())) == written | {"run-0000"}
    assert {acceptance.reason for acceptance in store.get("run-0000").acceptances} == written
    assert len(store.runs("shop", limit=1000)) == writers * each + 1


def test_several_are_saved_and_read_together(store: History) -> None:
    runs = [make_past_run(number, acceptances=[make_acceptance(reason=str(number))]) for number in (1, 2, 3)]
    assert store.save_all(runs[:2]) == (True, True)
    assert store.save_all(runs) == (False, False, True)
    assert list(store.get_all(["run-0003", "run-0001"])) == [runs[2], runs[0]]
    assert store.save_all([]) == ()


def test_of_several_none_is_saved_when_one_cannot_be(store: History) -> None:
    store.save(make_past_run(2))
    with pytest.raises(ConflictError):
        store.save_all([make_past_run(1), make_past_run(2, p95=0.2)])
    with pytest.raises(HistoryError, match="cannot be stored"):
        store.save_all([make_past_run(3), make_past_run(4, duration=float("nan"))])
    assert ids(store.entries()) == ["run-0002"]


@pytest.mark.parametrize("text", ["", ".", "..", "a/b", "a,b", "~", "=", "%", "A b", "zażółć 🐌", "x" * 200, "é" * 200])
def test_any_words_will_do(store: History, text: str) -> None:
    run_id = text if text not in ("", ".", "..", "a/b") else "run-0001"
    run = make_past_run(id=run_id, name=text, revision=make_revision(branch=text, commit=text or "c"))
    store.save(run)
    store.accept(run_id, make_acceptance(reason=text))
    entry = Entry(
        id=run_id,
        name=text,
        branch=text,
        commit=text or "c",
        started=run.run.started,
        outcome=run.outcome,
        accepted=True,
    )
    assert store.entries() == (entry,)
    assert store.get(run_id) == replace(run, acceptances=(make_acceptance(reason=text),))
    assert ids(store.runs(text, branch=text)) == [run_id]
    assert store.delete([run_id]) == 1
    assert store.entries() == ()


def test_an_a_b_test_is_known_in_a_listing(store: History) -> None:
    trial = make_past_run(2, arms=make_arms(make_endpoint()))
    store.save(make_past_run(1))
    store.save(trial)
    assert [(one.id, one.is_ab) for one in store.entries()] == [("run-0002", True), ("run-0001", False)]
    assert store.get("run-0002") == trial
    assert store.save(trial) is False
    assert store.delete(["run-0002"]) == 1
    assert [one.id for one in store.entries()] == ["run-0001"]
