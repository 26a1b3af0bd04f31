"""HAR recordings with all that a browser writes into them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perfgate import init
from perfgate.init.proposal import FileProposal
from perfgate.model.errors import UsageError

SHOP = "https://shop.test"
REST = "GET /rest"


def entry(url: str, method: str = "GET", status: int = 200, mime: str = "text/html", **others: Any) -> dict[str, Any]:
    headers = [{"name": name, "value": value} for name, value in others.pop("headers", {}).items()]
    data = {"postData": others.pop("data")} if "data" in others else {}
    return {
        "request": {
            "method": method,
            "url": url if "://" in url or ":" in url else SHOP + url,
            "headers": headers,
            **data,
        },
        "response": {"status": status, "content": {"mimeType": mime}},
        **others,
    }


def converted(*entries: dict[str, Any], target: str = "") -> FileProposal:
    document = {"log": {"entries": [*entries, entry("/rest")]}}
    return init.convert(init.source("shop.har", json.dumps(document)), init.ProposalOptions(target=target))


PREFLIGHT = {"Access-Control-Request-Method": "POST"}
FILES = {"mimeType": "multipart/form-data; boundary=X", "params": [{"name": "f", "fileName": "cat.png"}]}


CHROME_FILES = {
    "mimeType": "multipart/form-data; boundary=X",
    "params": [{"name": "f", "value": "(binary)"}],
    "text": '--X\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n\x89PNG\r\n--X--\r\n',
}
TAGS = {"mimeType": "multipart/form-data; boundary=X", "params": [{"name": "tag", "value": "1"}] * 2}


@pytest.mark.parametrize(
    ("item", "what", "why"),
    [
        (entry("/x", "OPTIONS", 204, headers=PREFLIGHT), "OPTIONS /x", "a preflight"),
        (entry("/ws", status=101), "GET /ws", "a WebSocket"),
        (entry("wss://shop.test/ws", status=101), "GET wss://shop.test/ws", "no HTTP request"),
        (entry("/live", mime="text/event-stream"), "GET /live", "a stream without an end"),
        (entry("/ad", status=0), "GET /ad", "it had no answer"),
        (entry("/gone", status=404), "GET /gone", "it was answered 404"),
        (entry("/photo", "POST", data=FILES), "POST /photo", "its form has files"),
        (
            entry("http://u:pw@shop.test/by/ghp_abcdefghijklmnopqrstuvwxyz0123", "PROPFIND"),
            "PROPFIND http://shop.test/by/{secret}",
            "no HTTP request",
        ),
        (entry("/x", "options", 204, headers=PREFLIGHT), "OPTIONS /x", "a preflight"),
        (entry("/photo", "POST", data=CHROME_FILES), "POST /photo", "its form has files"),
        (entry("/tags", "POST", data=TAGS), "POST /tags", "several parts of a name"),
        (entry("data:image/png;base64,AAAA"), "GET data:image/png;base64,AAAA", "no HTTP request"),
        (entry("/by/eyJhbGciOiJI.eyJzdWIiOiIx.abc", status=500), "GET /by/{secret}", "it was answered 500"),
        (entry("https://cdn.test/x"), "1 request to https://cdn.test", "another host"),
    ],
)
def test_what_is_no_load_is_left_out_with_the_reason(item: dict[str, Any], what: str, why: str):
    proposal = converted(item, target=SHOP)

    assert [endpoint.name for endpoint in proposal.endpoints] == [REST]
    [omission] = proposal.omissions
    assert omission.what == what
    assert why in omission.why


def test_nothing_but_errors_says_so():
    document = {"log": {"entries": [entry("/gone", status=404)]}}

    with pytest.raises(UsageError, match="no request that could be sent: it was answered 404"):
        init.convert(init.source("shop.har", json.dumps(document)), init.ProposalOptions())


def test_a_redirect_is_expected():
    first, _ = converted(entry("/old", status=302)).endpoints

    assert first.expect == {"status": 302}


def test_what_the_cache_answered_is_sent():
    first, second, _ = converted(entry("/a", status=304), entry("/b", _fetchedViaServiceWorker=True)).endpoints

    assert (first.expect, second.expect) == ({}, {})


def test_the_target_chooses_the_host():
    api = [entry("https://api.test/1"), entry("https://api.test/2")]

    assert [endpoint.path for endpoint in converted(*api).endpoints] == ["/1", "/2"]
    assert [endpoint.path for endpoint in converted(*api, target=SHOP).endpoints] == ["/rest"]
    assert [endpoint.path for endpoint in converted(*api, target="http://127.0.0.1:8000").endpoints] == ["/1", "/2"]


def test_parts_of_a_form():
    params = [{"name": "title", "value": "Tea"}, {"name": "password", "value": "secret"}]
    form, _ = converted(
        entry("/u", "POST", data={"mimeType": "multipart/form-data; boundary=X", "params": params})
    ).endpoints

    assert (form.body_key, form.body) == ("multipart", {"title": "Tea", "password": "${PASSWORD}"})


def graphql(query: str, **others: Any) -> dict[str, Any]:
    body = json.dumps({"query": query, **others})
    return entry("/graphql", "POST", data={"mimeType": "application/json", "text": body})


def test_graphql_operations_go_by_their_names():
    search = "query Search($q: String!) { search(q: $q) { id } }"
    proposal = converted(
        graphql(search, operationName="Search", variables={"q": "{tea}"}), graphql("mutation Buy { buy { id } }")
    )

    found, bought, _ = proposal.endpoints
    assert (found.name, found.body_key, found.body) == ("query Search", "graphql", search)
    assert found.variables == {"q": "{{tea}}"}
    assert (bought.name, bought.variables) == ("mutation Buy", None)


@pytest.mark.parametrize(
    "body",
    [
        {"query": "tea"},  # a search
        {"query": "mutation rates in humans"},
        {"query": "query optimisation {1}, and more"},
        {"query": "query A { a } query B { b }", "operationName": "A"},
        {"query": "{ a }", "extensions": {"persistedQuery": {"version": 1}}},
        {"query": "subscription News { news }"},
        {"query": "{ a }", "variables": [1]},
    ],
)
def test_what_cannot_stand_under_graphql_stays_json(body: dict[str, Any]):
    sent, _ = converted(graphql(**body)).endpoints

    assert sent.body_key == "json"
