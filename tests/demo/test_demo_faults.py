"""Each fault does what it says: seen from outside, by counting and by what cannot be quicker than it is."""

from __future__ import annotations

import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from perfgate.demo.errors import UnknownFaultError
from perfgate.demo.faults import ACCEPTED, Faults, parse

FAULTS = """products:n+1, basket:n+1, search:no-index, product:big, home:big, home:no-cache,
            login:block, orders:errors=50%, exports:slow=20"""


@pytest.fixture(scope="module")
def broken(start_shop):
    with start_shop(FAULTS) as running:
        yield running


def total(answer: httpx.Response) -> float:
    """Seconds, as the server measured them."""
    return float(re.search(r"total;dur=([\d.]+)", answer.headers["Server-Timing"])[1]) / 1000


def queries(answer: httpx.Response) -> int:
    return int(answer.headers["X-Query-Count"])


def test_n_plus_one_takes_a_query_for_every_row(broken):
    client = broken.client()
    client.get("/products")  # fills the cache
    assert [queries(client.get("/products", params={"size": size})) for size in (1, 20)] == [2, 21]


def test_n_plus_one_takes_a_query_for_every_line_of_a_basket(broken):
    client = broken.signed_in()
    counts = [queries(client.post("/basket", json={"product": product})) for product in (1, 2, 3)]
    assert counts[2] - counts[1] == counts[1] - counts[0] == 1


def test_no_index_means_that_there_is_none_and_is_announced(start_shop, tmp_path):
    def indexes() -> set[str]:
        with sqlite3.connect(tmp_path / "kept.db") as connection:
            return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}

    arguments = ["--database", str(tmp_path / "kept.db")]
    with start_shop("search:no-index", arguments) as shop:
        assert "faults on purpose: search:no-index\n" in shop.said
        unindexed = shop.client().get("/search?q=oak").json()
        assert "name_parts_part" not in indexes()
    with start_shop("", arguments) as shop:
        assert shop.client().get("/search?q=oak").json() == unindexed
        assert "name_parts_part" in indexes()


@pytest.mark.parametrize("path", ["/", "/products/7"])
def test_big_is_twenty_times_as_large_and_still_the_same(shop, broken, path):
    sound, big = shop.client().get(path), broken.client().get(path)
    assert len(big.content) == pytest.approx(20 * len(sound.content), rel=0.01)
    if path == "/":
        assert big.text.startswith(sound.text)
    else:
        assert {**sound.json(), "debug": big.json()["debug"]} == big.json()


def test_no_cache_asks_the_database_every_time(broken):
    answers = [broken.client().get("/") for _ in range(3)]
    assert [queries(answer) for answer in answers] == [3, 3, 3]
    assert all("cache;desc=miss" in answer.headers["Server-Timing"] for answer in answers)


def test_errors_hit_about_the_share_asked_for_and_say_so(broken):
    client = broken.signed_in()
    answers = [client.post("/orders", json={"product": 7}) for _ in range(60)]
    failed = [answer for answer in answers if answer.status_code == 500]
    assert 10 <= len(failed) <= 50
    assert failed[0].json() == {"error": "orders:errors=50% is on"}


def test_slow_takes_at_least_as_many_times_the_base_time(broken):
    answer = broken.client().post("/exports")
    assert answer.status_code == 202
    assert total(answer) >= 20 * 0.001 / 2.5  # the base time of exports, at its least likely


def test_block_makes_everybody_wait(broken):
    """Ten visitors who block the event loop for 20 ms each cannot be served side by side."""

    def log_in(number: int) -> int:
        return broken.client().post("/login", json={"user": f"user{number}", "password": "demo"}).status_code

    started = time.perf_counter()
    with ThreadPoolExecutor(10) as visitors:
        assert set(visitors.map(log_in, range(1, 11))) == {200}
    assert time.perf_counter() - started >= 10 * 0.02


def test_no_faults_is_the_default():
    assert set(parse("").values()) == {Faults()}
    assert parse(" , ") == parse("")


def test_each_fault_is_read():
    read = parse(
        "search:slow=2.5, search:n+1,search:no-index, search:errors=0.5%, search:block,search:big,search:no-cache"
    )
    assert read["search"] == Faults(
        slow=2.5, errors=0.005, n_plus_one=True, no_index=True, block=True, big=True, no_cache=True
    )
    assert read["products"] == Faults()


def test_a_star_stands_for_every_endpoint_the_fault_applies_to():
    read = parse("*:no-index,*:slow=2")
    assert {endpoint for endpoint, faults in read.items() if faults.no_index} == {"search"}
    assert {endpoint for endpoint, faults in read.items() if faults.slow == 2} == set(ACCEPTED)


def test_a_named_endpoint_wins_over_the_star_in_any_order():
    assert parse("search:slow=5,*:slow=2") == parse("*:slow=2,search:slow=5")
    assert parse("search:slow=5,*:slow=2")["search"].slow == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("serch:slow=3", "no endpoint 'serch'"),
        ("search", "no fault ''"),
        ("slow=3", "no endpoint 'slow=3'"),
        ("search:slower=3", "no fault 'slower'"),
        ("login:n+1", "changes nothing about login, which accepts slow, errors, block, big"),
        ("search:slow", "write slow=FACTOR"),
        ("search:slow=0.5", "write slow=FACTOR"),
        ("search:slow=nan", "write slow=FACTOR"),
        ("orders:errors=20", "write errors=RATE%"),
        ("orders:errors=0%", "write errors=RATE%"),
        ("orders:errors=120%", "write errors=RATE%"),
        ("login:block=3", "write block"),
    ],
)
def test_what_is_not_understood_is_named_with_what_would_be(text, message):
    with pytest.raises(UnknownFaultError, match=re.escape(message)) as caught:
        parse(text)
    assert f"endpoints: {', '.join(ACCEPTED)}" in str(caught.value)


def test_all_mistakes_are_told_at_once():
    with pytest.raises(UnknownFaultError) as caught:
        parse("serch:slow=3,products:n+1,login:n+1")
    assert str(caught.value).splitlines()[1:3] == [
        "  serch:slow=3: there is no endpoint 'serch'",
        "  login:n+1: n+1 changes nothing about login, which accepts slow, errors, block, big",
    ]
