"""Every endpoint of the sound shop, asked over HTTP."""

from __future__ import annotations

import csv
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import pytest


def test_the_shop_is_ready_when_it_says_where_it_is(shop):
    assert shop.client().get("/healthz").json() == {"status": "ok"}


def test_home_page_needs_nothing_from_elsewhere_and_has_a_button_to_buy(shop):
    page = shop.client().get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert 'id="buy"' in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    links = re.findall(r'href="(/[^"]*)"', page.text)
    assert len(links) == 12
    assert shop.client().get(links[0]).status_code == 200


def test_products_come_in_pages(shop):
    page = shop.client().get("/products", params={"page": 3, "size": 5}).json()
    assert (page["page"], page["pages"]) == (3, 800)
    assert [item["id"] for item in page["items"]] == [11, 12, 13, 14, 15]
    assert set(page["items"][0]) == {"id", "name", "price", "category", "rating"}


def test_a_page_past_the_last_is_empty(shop):
    assert shop.client().get("/products?page=9999").json()["items"] == []


def test_a_page_takes_the_same_number_of_queries_whatever_its_size(shop):
    client = shop.client()
    client.get("/products")  # fills the cache
    queries = {client.get("/products", params={"size": size}).headers["X-Query-Count"] for size in (1, 20, 100)}
    assert queries == {"2"}


def test_a_product_comes_with_its_reviews_and_then_from_the_cache(shop):
    client = shop.client()
    first, second = client.get("/products/77"), client.get("/products/77")
    assert first.json() == second.json()
    assert {"author", "stars", "text"} == set(first.json()["reviews"][0])
    assert "cache;desc=miss" in first.headers["Server-Timing"]
    assert "cache;desc=hit" in second.headers["Server-Timing"]
    assert second.headers["X-Query-Count"] == "0"


def test_server_timing_is_measured_and_database_time_is_a_part_of_the_total(shop):
    timing = shop.client().get("/search?q=pot").headers["Server-Timing"]
    database, total = re.fullmatch(r'db;dur=([\d.]+);desc="n=\d+", cache;desc=\w+, total;dur=([\d.]+)', timing).groups()
    assert 0 < float(database) < float(total)


@pytest.mark.parametrize("text", ["pot", "POT", "pot blu", "  teapot "])
def test_search_finds_words_inside_of_words(shop, text):
    found = shop.client().get("/search", params={"q": text}).json()
    assert found["found"] >= len(found["items"]) > 0
    for item in found["items"]:
        assert all(word in item["name"].lower() for word in text.lower().split())


@pytest.mark.parametrize("text", ["zzz", "%", "'", "\U0010ffff"])
def test_search_may_find_nothing(shop, text):
    assert shop.client().get("/search", params={"q": text}).json() == {"query": text, "items": [], "found": 0}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/products/4001", 404),
        ("/products/tea", 400),
        ("/products/99999999999999999999", 400),
        ("/products?size=1000", 400),
        ("/search", 400),
        ("/exports/999999", 404),
    ],
)
def test_what_cannot_be_answered_is_refused_in_json(shop, path, status):
    answer = shop.client().get(path)
    assert answer.status_code == status
    assert answer.json()["error"]


def test_login_gives_a_token_and_a_cookie_and_either_opens_the_basket(shop):
    client = shop.client()
    answer = client.post("/login", json={"user": "user200", "password": "demo"})
    assert client.get("/basket").status_code == 200  # the client kept the cookie
    token = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert shop.client().get("/basket", headers=token).status_code == 200


@pytest.mark.parametrize(("user", "password"), [("user1", "wrong"), ("user201", "demo"), ("", "")])
def test_login_refuses_strangers(shop, user, password):
    assert shop.client().post("/login", json={"user": user, "password": password}).status_code == 401


@pytest.mark.parametrize(("method", "path"), [("GET", "/basket"), ("DELETE", "/basket"), ("POST", "/orders")])
def test_baskets_and_orders_need_a_token(shop, method, path):
    assert shop.client().request(method, path).status_code == 401
    assert shop.client().request(method, path, headers={"Authorization": "Bearer guessed"}).status_code == 401


def test_basket_adds_up_and_can_be_emptied(shop):
    client = shop.signed_in()
    client.post("/basket", json={"product": 5, "quantity": 2})
    client.post("/basket", json={"product": 5})
    basket = client.get("/basket").json()
    assert [(item["product"], item["quantity"]) for item in basket["items"]] == [(5, 3)]
    assert basket["total"] == pytest.approx(3 * client.get("/products/5").json()["price"])
    assert client.delete("/basket").status_code == 204
    assert client.get("/basket").json() == {"items": [], "total": 0}


def test_basket_keeps_the_products_added_last(shop):
    client = shop.signed_in()
    for product in range(1, 23):
        basket = client.post("/basket", json={"product": product}).json()
    assert [item["product"] for item in basket["items"]] == list(range(3, 23))


def test_sessions_of_one_user_do_not_share_a_basket(shop):
    shop.signed_in().post("/basket", json={"product": 5})
    assert shop.signed_in().get("/basket").json()["items"] == []


def test_order_of_one_product(shop):
    client = shop.signed_in()
    answer = client.post("/orders", json={"product": 7})
    assert answer.status_code == 201
    assert answer.json()["total"] == client.get("/products/7").json()["price"]
    assert client.post("/orders", json={"product": 7}).json()["id"] > answer.json()["id"]


def test_order_of_the_basket_empties_it(shop):
    client = shop.signed_in()
    total = client.post("/basket", json={"product": 7, "quantity": 3}).json()["total"]
    assert client.post("/orders").json()["total"] == total
    assert client.post("/orders").status_code == 409


@pytest.mark.parametrize(
    "wanted", [{"product": 4001}, {"product": -1}, {"product": "tea"}, {"product": 7, "quantity": 0}]
)
def test_order_of_something_impossible_is_a_bad_request(shop, wanted):
    assert shop.signed_in().post("/orders", json=wanted).status_code == 400


def test_export_is_accepted_at_once_and_done_later(shop):
    client = shop.client()
    accepted = client.post("/exports")
    assert accepted.status_code == 202
    location = accepted.headers["Location"]
    assert client.get(f"{location}/file").status_code == 409
    states = []
    deadline = time.monotonic() + 60
    while "done" not in states and time.monotonic() < deadline:
        states.append((answer := client.get(location).json())["state"])
    assert [state for state in states if state not in ("pending", "running")] == ["done"]
    assert states[0] != "done"
    lines = client.get(answer["url"]).text.splitlines()
    assert answer["rows"] == len(lines) - 1 == 4000
    assert next(islice(csv.DictReader(lines), 1, None))["id"] == "2"


def test_the_server_counts_what_its_clients_have_seen(shop):
    """Several hundred requests at once, good and bad: the same number by route and by status, to the last one."""
    paths = {
        "/products?page=2": "GET /products",
        "/products/7": "GET /products/{product_id}",
        "/products/9999": "GET /products/{product_id}",
        "/products/tea": "GET /products/{product_id}",
        "/search?q=oak": "GET /search",
        "/": "GET /",
        "/nowhere": "GET (other)",
        "/basket": "GET /basket",
    }

    def visit(_: int) -> list[tuple[str, int]]:
        with shop.client() as client:
            return [(route, client.get(path).status_code) for path, route in paths.items() for _ in range(6)]

    with shop.client() as client:
        client.post("/stats/reset")
        with ThreadPoolExecutor(8) as visitors:
            seen = [answer for answers in visitors.map(visit, range(8)) for answer in answers]
        client.get("/healthz")
        stats = client.get("/stats").json()
    assert stats["started"] == stats["total"] == len(seen) == 384
    assert stats["failed"] == 0
    assert stats["routes"] == Counter(route for route, _ in seen)
    assert stats["statuses"] == Counter(str(status) for _, status in seen)
