"""Values of `{name}`: in range, repeatable, and never twice where that is promised."""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from threading import Thread
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.runtime.scenario import values
from perfgate.runtime.scenario.values import (
    OutOfRows,
    always,
    between,
    choice,
    env,
    environment,
    rows,
    sequence,
    share,
    url_env,
    uuid,
)


@pytest.fixture(autouse=True)
def one_process():
    share.become(0, 1, seed=1)
    yield
    share.become(0, 1, seed=1)


@given(st.integers(-1000, 1000), st.integers(0, 1000))
def test_whole_bounds_give_whole_numbers_within(low, width):
    drawn = [between(low, low + width)() for _ in range(20)]
    assert all(isinstance(value, int) and low <= value <= low + width for value in drawn)


def test_both_bounds_are_drawn():
    draw = between(1, 3)
    assert {draw() for _ in range(100)} == {1, 2, 3}


def test_a_broken_bound_gives_broken_numbers():
    draw = between(0, 1.5)
    assert all(isinstance(value, float) and 0 <= value <= 1.5 for value in (draw() for _ in range(50)))


def test_choices_are_equally_likely_and_keep_their_type():
    draw = choice("tea", 7, None)
    drawn = Counter(draw() for _ in range(3000))
    assert drawn.keys() == {"tea", 7, None}
    assert all(800 < number < 1200 for number in drawn.values())


def test_uuids_are_random_version_4():
    draw = uuid()
    drawn = {draw() for _ in range(100)}
    assert len(drawn) == 100
    assert all(UUID(value).version == 4 and str(UUID(value)) == value for value in drawn)


def test_uuids_never_come_again_whatever_the_seed():
    drawn = set()
    for _ in range(3):
        share.become(0, 1, seed=7)
        drawn |= {uuid()() for _ in range(50)}
    assert len(drawn) == 150


def test_a_later_part_of_a_run_goes_on_where_the_first_has_ended(tmp_path):
    path = csv_file(tmp_path, "user\n" + "".join(f"u{number}\n" for number in range(12)))
    seen, users, first = [], [], 0
    for _ in range(2):
        ends = []
        for index in range(2):
            share.become(index, 2, seed=1, first=first)
            share.used = 0
            numbers, table = sequence(), rows(path, once=True)
            seen += [numbers() for _ in range(2 + index)]
            users += [table()["user"] for _ in range(2)]
            ends.append(share.end)
        first = max(ends)
    assert len(set(seen)) == 10
    assert len(set(users)) == 8


def test_a_variable_in_a_path_is_encoded_as_a_value_is(monkeypatch):
    monkeypatch.setenv("PERFGATE_TEST_VALUE", "p@ss #1 %41&x={1}/")
    assert url_env("PERFGATE_TEST_VALUE") == "p%40ss%20%231%20%2541%26x%3D%7B1%7D%2F"


def test_the_same_seed_gives_the_same_values_and_processes_differ():
    def drawn(index: int, seed: int) -> list:
        share.become(index, 2, seed)
        sources = [between(1, 10**9), between(0.0, 1.0), choice(*range(1000))]
        return [source() for source in sources for _ in range(3)]

    assert drawn(0, 5) == drawn(0, 5)
    assert drawn(0, 5) != drawn(1, 5)
    assert drawn(0, 5) != drawn(0, 6)


def test_a_sequence_goes_on_in_steps():
    draw = sequence(100, 5)
    assert [draw() for _ in range(3)] == [100, 105, 110]
    assert sequence()() == 1


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_no_number_of_a_sequence_comes_twice_in_any_process(processes):
    drawn = []
    for index in range(processes):
        draw = sequence(10, 2)
        share.become(index, processes, seed=1)
        drawn += [draw() for _ in range(20)]
    assert sorted(drawn) == [10 + 2 * number for number in range(20 * processes)]


def test_threads_share_a_sequence_without_harm():
    draw, drawn = sequence(), []
    threads = [Thread(target=lambda: drawn.extend([draw() for _ in range(20_000)])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(drawn) == list(range(1, 80_001))


def test_a_constant_is_constant():
    draw = always({"a": [1]})
    assert draw() == draw() == {"a": [1]}


def test_the_environment_is_read_once(monkeypatch):
    monkeypatch.setenv("PERFGATE_TEST_VALUE", "first")
    draw = environment("PERFGATE_TEST_VALUE")
    monkeypatch.setenv("PERFGATE_TEST_VALUE", "second")
    assert draw() == "first"


@pytest.mark.parametrize(
    ("value", "default", "found"), [("x", "d", "x"), ("", "d", "d"), (None, "d", "d"), ("", None, "")]
)
def test_the_default_replaces_missing_and_empty_values(monkeypatch, value, default, found):
    monkeypatch.delenv("PERFGATE_TEST_VALUE", raising=False)
    if value is not None:
        monkeypatch.setenv("PERFGATE_TEST_VALUE", value)
    assert environment("PERFGATE_TEST_VALUE", default)() == found
    assert env("PERFGATE_TEST_VALUE", default) == found


def test_a_missing_variable_is_named():
    for read in (env, environment):
        with pytest.raises(LookupError, match="PERFGATE_TEST_MISSING is not set"):
            read("PERFGATE_TEST_MISSING")


def test_braces_in_the_environment_are_no_holes(monkeypatch):
    monkeypatch.setenv("PERFGATE_TEST_VALUE", "a{b}{{c")
    assert env("PERFGATE_TEST_VALUE") == "a{{b}}{{{{c"


def csv_file(tmp_path, text: str, name: str = "users.csv", encoding: str = "utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def test_rows_come_in_order_and_begin_again(tmp_path):
    draw = rows(csv_file(tmp_path, "user,password\nann,1\nbob,2\n"))
    assert [draw()["user"] for _ in range(5)] == ["ann", "bob", "ann", "bob", "ann"]
    assert draw() == {"user": "bob", "password": "2"}


def test_rows_used_once_come_to_an_end(tmp_path):
    draw = rows(csv_file(tmp_path, "user\nann\nbob\n"), once=True)
    assert [draw()["user"], draw()["user"]] == ["ann", "bob"]
    for _ in range(2):
        with pytest.raises(OutOfRows):
            draw()


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_rows_used_once(tmp_path, processes):
    path = csv_file(tmp_path, "number\n" + "".join(f"{number}\n" for number in range(10)))
    seen = []
    for index in range(processes):
        draw = rows(path, once=True)
        share.become(index, processes, seed=1)
        with suppress(OutOfRows):
            while True:
                seen.append(int(draw()["number"]))
    assert sorted(seen) == list(range(10))


def test_cells_may_hold_commas_quotes_and_line_breaks(tmp_path):
    text = 'name,text\r\n"Smith, ""J""","two\nlines"\r\nx,"next\u2028page\x85"\r\n'
    draw = rows(csv_file(tmp_path, text))
    assert draw() == {"name": 'Smith, "J"', "text": "two\nlines"}
    assert draw() == {"name": "x", "text": "next\u2028page\x85"}


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_values_may_be_separated_by_something_else(tmp_path, separator):
    text = f'user{separator}home\nann{separator}"a{separator}b"\n'
    draw = rows(csv_file(tmp_path, text), separator=separator)
    assert draw() == {"user": "ann", "home": f"a{separator}b"}


@pytest.mark.parametrize("end", ["   \n", "   ", "\t \n\n", ",\n", " , \n,\n"])
def test_blanks_at_the_end_are_no_row(tmp_path, end):
    draw = rows(csv_file(tmp_path, f"user,home\nann,/a\n,\nbob,\n{end}"))
    assert [draw()["user"] for _ in range(4)] == ["ann", "", "bob", "ann"]


def test_a_byte_order_mark_and_empty_lines_are_nothing(tmp_path):
    draw = rows(csv_file(tmp_path, "\ufeff\nuser\n\nann\n\n", encoding="utf-8"))
    assert [draw(), draw()] == [{"user": "ann"}] * 2


@pytest.mark.parametrize("name", ["users.json", "USERS.JSON"])
def test_json_rows_keep_their_types(tmp_path, name):
    data = [{"id": 7, "tags": ["a"], "x": None}, {"id": 8.5, "tags": [], "x": True}]
    draw = rows(csv_file(tmp_path, "\ufeff" + json.dumps(data), name=name))
    assert [draw(), draw()] == data


@pytest.mark.parametrize(("name", "text"), [("a.csv", ""), ("a.csv", "user\n"), ("a.csv", "\n\n"), ("a.json", "[]")])
def test_a_file_without_rows_is_an_error(tmp_path, name, text):
    with pytest.raises(ValueError, match=rf"{re.escape(name)} has no rows"):
        rows(csv_file(tmp_path, text, name=name))


@pytest.mark.parametrize("row", ["ann", "ann,1,2"])
def test_a_ragged_row_is_an_error_and_not_repeated(tmp_path, row):
    with pytest.raises(ValueError, match=r"values in row 3, and 2 columns") as caught:
        rows(csv_file(tmp_path, f"user,password\nbob,1\n{row}\n"))
    assert "ann" not in str(caught.value).replace(str(tmp_path), "")


def test_every_source_is_exported():
    from perfgate import runtime

    for name in ("always", "between", "choice", "env", "environment", "rows", "sequence", "url_env", "uuid"):
        assert getattr(runtime, name) is getattr(values, name)
