from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from builders import make_acceptance, make_past_run
from hypothesis import given, settings
from hypothesis import strategies as st

from perfgate import history
from perfgate.files import codec
from perfgate.history import History
from perfgate.history.documents import lean
from perfgate.history.transfer import Imported, export_runs, import_runs
from perfgate.model.errors import HistoryError
from perfgate.model.outcome import Outcome
from perfgate.model.revision import Revision
from perfgate.model.run import Acceptance, Distribution, EndpointResult, PastRun

NAMES = pytest.mark.parametrize("name", ["backup.jsonl", "backup.jsonl.gz"])


@pytest.fixture
def store(tmp_path: Path) -> History:
    return history.open("sqlite:///here.db", root=tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> History:
    return history.open("sqlite:///there.db", root=tmp_path)


@NAMES
def test_a_history_moves_to_another_store(store: History, other: History, name: str, tmp_path: Path) -> None:
    runs = tuple(make_past_run(number, acceptances=[make_acceptance()]) for number in (3, 2, 1))
    for run in runs:
        store.save(run)
    assert export_runs(store, tmp_path / "new" / name) == 3
    imported = import_runs(other, tmp_path / "new" / name)
    assert imported == Imported(added=("run-0001", "run-0002", "run-0003"), present=(), conflicting=())
    assert other.runs("shop") == tuple(map(lean, runs))
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


def test_importing_twice_adds_nothing(store: History, tmp_path: Path) -> None:
    store.save(make_past_run())
    export_runs(store, tmp_path / "backup.jsonl")
    again = import_runs(store, tmp_path / "backup.jsonl")
    assert again == Imported(added=(), present=("run-0001",), conflicting=())
    assert store.runs("shop") == (lean(make_past_run()),)


def test_a_run_that_differs_is_left_as_it_is_and_the_others_are_added(
    store: History, other: History, tmp_path: Path
) -> None:
    other.save(make_past_run(1, p95=0.2))
    other.save(make_past_run(2))
    store.save(make_past_run(1))
    export_runs(other, tmp_path / "backup.jsonl")
    assert import_runs(store, tmp_path / "backup.jsonl") == Imported(
        added=("run-0002",), present=(), conflicting=("run-0001",)
    )
    assert store.runs("shop") == (lean(make_past_run(2)), lean(make_past_run(1)))


def test_acceptances_are_brought_together(store: History, other: History, tmp_path: Path) -> None:
    ada, bob = make_acceptance(author="ada"), make_acceptance(author="bob")
    store.save(make_past_run(acceptances=[ada]))
    other.save(make_past_run(acceptances=[bob]))
    export_runs(other, tmp_path / "backup.jsonl")
    import_runs(store, tmp_path / "backup.jsonl")
    assert store.get("run-0001").acceptances == (ada, bob)


@NAMES
def test_the_same_history_gives_the_same_bytes(store: History, name: str, tmp_path: Path) -> None:
    store.save(make_past_run())
    export_runs(store, tmp_path / "a" / name)
    export_runs(store, tmp_path / "b" / name)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_one_name_can_be_exported_alone(store: History, tmp_path: Path) -> None:
    store.save(make_past_run(1))
    store.save(make_past_run(2, name="search"))
    assert export_runs(store, tmp_path / "backup.jsonl", name="search") == 1
    header, line = (tmp_path / "backup.jsonl").read_text().splitlines()
    assert json.loads(header) == {"format": "perfgate-history", "schema": 1, "runs": 1}
    assert json.loads(line)["run"]["id"] == "run-0002"


def test_an_empty_history_can_be_moved_too(store: History, other: History, tmp_path: Path) -> None:
    assert export_runs(store, tmp_path / "backup.jsonl") == 0
    assert import_runs(other, tmp_path / "backup.jsonl") == Imported(added=(), present=(), conflicting=())
    assert [path.name for path in tmp_path.iterdir()] == ["backup.jsonl"]


def test_an_export_that_fails_leaves_the_earlier_one(store: History, tmp_path: Path) -> None:
    backup = tmp_path / "backup.jsonl"
    backup.write_text("the earlier one")
    (tmp_path / "here.db").write_text("damaged")
    with pytest.raises(HistoryError):
        export_runs(store, backup)
    assert backup.read_text() == "the earlier one"
    assert not list(tmp_path.glob(".*.tmp"))


def test_an_export_that_cannot_be_written_says_so(store: History, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="Cannot write"):
        export_runs(store, tmp_path / "file" / "backup.jsonl")


HEADER = '{"format": "perfgate-history", "schema": 1, "runs": 2}\n'
GOOD = codec.encode(make_past_run(1)) + "\n"

BROKEN: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "is not an exported history"),
    "a run without a header": (GOOD, "is not an exported history"),
    "another program's file": ('{"format": "bookmarks"}\n', "is not an exported history"),
    "a list": ("[]\n", "is not an exported history"),
    "not text": (b"\xff\xfe\n", "is not an exported history"),
    "a newer format": (HEADER.replace('"schema": 1', '"schema": 2') + GOOD * 2, "schema 2"),
    "cut off between two lines": (HEADER + GOOD, "should hold 2 runs but holds 1"),
    "cut off within a line": (HEADER + GOOD + GOOD[:100], ":3 is not JSON"),
    "more than was promised": (HEADER + GOOD * 3, "should hold 2 runs but holds 3"),
    "another shape": (HEADER + GOOD + "{}\n", ":3 is not a PastRun"),
    "a newer run": (HEADER + GOOD + GOOD.replace('"schema": 1', '"schema": 9'), ":3 has schema 9"),
    "bytes that are not UTF-8": ((HEADER + GOOD).encode() + b'"\xff"\n', ":3 is not JSON"),
    "half a character": (HEADER + GOOD + GOOD.replace("shop", "\\ud800"), ":3"),
    "an id that leads elsewhere": (HEADER + GOOD + GOOD.replace("run-0001", "../x"), "cannot be stored"),
    "a time that is none": (HEADER + GOOD + GOOD.replace("2026-01-05T10", "yesterday"), 'has the time "yesterday'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_nothing_is_imported_from_a_broken_file(store: History, name: str, tmp_path: Path) -> None:
    content, message = BROKEN[name]
    path = tmp_path / "backup.jsonl"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(HistoryError) as caught:
        import_runs(store, path)
    assert message in str(caught.value)
    assert not (tmp_path / "here.db").exists()


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-10], lambda data: data[:30], lambda data: data[:40] + b"\0" * 9 + data[49:], len]
)
def test_a_damaged_gzip_file(store: History, damage: Callable[[bytes], bytes | int], tmp_path: Path) -> None:
    damaged = damage(gzip.compress((HEADER + GOOD * 2).encode()))
    (tmp_path / "backup.jsonl.gz").write_bytes(damaged if isinstance(damaged, bytes) else b"no gzip at all")
    with pytest.raises(HistoryError, match=r"backup\.jsonl\.gz"):
        import_runs(store, tmp_path / "backup.jsonl.gz")
    assert not (tmp_path / "here.db").exists()


@pytest.mark.parametrize("name", ["missing.jsonl", "missing.jsonl.gz", "."])
def test_a_file_that_cannot_be_read(store: History, name: str, tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="Cannot read"):
        import_runs(store, tmp_path / name)


texts = st.text(max_size=10)
numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**63)
moments = st.datetimes().map(lambda moment: f"{moment.isoformat()}Z")
distributions = st.builds(
    Distribution,
    buckets=st.dictionaries(counts, st.integers(1, 2**53), max_size=3),
    total=counts,
    minimum=counts,
    maximum=counts,
)
endpoints = st.builds(
    EndpointResult,
    name=texts,
    kind=st.sampled_from(["endpoint", "journey"]),
    failures_by_kind=st.dictionaries(texts, counts, max_size=2),
    failure_examples=st.lists(texts, max_size=2).map(tuple),
    metrics=st.dictionaries(texts, numbers, max_size=3),
    intervals=st.dictionaries(texts, st.tuples(numbers, numbers), max_size=2),
    latency=distributions,
)
revisions = st.builds(Revision, commit=texts, branch=texts, pull_request=st.none() | counts, dirty=st.booleans())
acceptances = st.builds(Acceptance, reason=texts, author=texts, at=moments, endpoint=texts, metric=texts)
past_runs = st.builds(
    make_past_run,
    id=st.from_regex(r"[a-z0-9][a-z0-9.-]{0,9}", fullmatch=True),
    name=texts,
    started=moments,
    duration=numbers,
    revision=revisions,
    endpoints=st.lists(endpoints, max_size=2),
    warnings=st.lists(texts, max_size=2).map(tuple),
    outcome=st.sampled_from(Outcome),
    failed=st.lists(st.tuples(texts, texts), max_size=2),
    acceptances=st.lists(acceptances, unique=True, max_size=3),
)


@settings(max_examples=25, deadline=None)
@given(runs=st.lists(past_runs, max_size=3, unique_by=lambda each: each.run.id), name=st.sampled_from(["x", "x.gz"]))
def test_whatever_a_history_holds_survives_the_journey(runs: list[PastRun], name: str) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        with (
            history.open("sqlite:///here.db", root=root) as here,
            history.open("sqlite:///there.db", root=root) as there,
        ):
            for run in runs:
                here.save(run)
            assert export_runs(here, root / name) == len(runs)
            assert len(import_runs(there, root / name).added) == len(runs)
            assert there.entries() == here.entries()
            assert {entry.id: there.get(entry.id) for entry in there.entries()} == {run.run.id: run for run in runs}
