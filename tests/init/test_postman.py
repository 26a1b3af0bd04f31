"""Postman collections as they are exported: variables, scripts, authentication, bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perfgate import init
from perfgate.init.proposal import Endpoint, FileProposal
from perfgate.model.errors import UsageError

SHOP = "http://shop.test"


def item(name: str = "a", url: Any = f"{SHOP}/x", method: str = "GET", **request: Any) -> dict[str, Any]:
    return {"name": name, "request": {"method": method, "url": url, **request}}


def converted(*items: dict[str, Any], target: str = "", **others: Any) -> FileProposal:
    document = {"info": {"name": "Shop"}, "item": list(items), **others}
    return init.convert(
        init.source("shop.json", json.dumps(document)), init.ProposalOptions(target=target, unsafe=True)
    )


def only(*items: dict[str, Any], **others: Any) -> Endpoint:
    [endpoint] = converted(*items, **others).endpoints
    return endpoint


def body(mode: str, written: Any, **others: Any) -> dict[str, Any]:
    return item(method="POST", body={"mode": mode, mode: written, **others})


def test_a_url_without_raw_is_that_of_its_parts():
    url = {
        "protocol": "https",
        "host": ["shop", "test"],
        "port": "8443",
        "path": ["items", ":id"],
        "query": [{"key": "q", "value": "1"}, {"key": "z", "value": "2", "disabled": True}],
        "variable": [{"key": "id", "value": "9"}],
    }

    assert converted(item(url=url)).target == "https://shop.test:8443"
    assert only(item(url=url)).path == "/items/9?q=1"


@pytest.mark.parametrize(
    ("sent", "key", "value"),
    [
        (body("formdata", [{"key": "a", "value": "1"}, {"key": "b", "disabled": True}]), "multipart", {"a": "1"}),
        (body("urlencoded", [{"key": "a", "value": "x {{v}}"}]), "form", {"a": "x ${V}"}),
        (
            body("urlencoded", [{"key": "a", "value": "x&{{v}}"}, {"key": "a", "value": "2"}]),
            "body",
            "a=x%26${V}&a=2",
        ),
        (body("raw", "x", disabled=True), "", None),
    ],
)
def test_bodies(sent: dict[str, Any], key: str, value: Any):
    endpoint = only(sent)

    assert (endpoint.body_key, endpoint.body) == (key, value)


def test_graphql_takes_values_by_its_variables():
    query = "query Search($q: String!) { search(q: $q) { id } }"
    sent = only(body("graphql", {"query": query, "variables": '{"q": "{{word}}"}'}))
    inside = only(body("graphql", {"query": "{ item(id: {{id}}) { id } }", "variables": ""}))

    assert (sent.body_key, sent.body, sent.variables) == ("graphql", query, {"q": "${WORD}"})
    number = only(body("graphql", {"query": query, "variables": '{"q": {{id}}}'}))
    assert number.body_key == "body"
    assert number.body.endswith(', "variables": {{"q": ${ID}}}}}')
    assert number.headers["Content-Type"] == "application/json"
    assert only(body("graphql", {"query": query, "variables": {"q": "{{word}}"}})).variables == {"q": "${WORD}"}
    [omission] = converted(body("graphql", {"query": query, "variables": "{q: 1}"}), item()).omissions
    assert "its GraphQL variables are not JSON" in omission.why
    assert inside.body == {"query": "{{ item(id: ${ID}) {{ id }} }}", "variables": {}}


def test_what_lets_a_request_in():
    key = [{"key": "key", "value": "api_key"}, {"key": "value", "value": "s3cret"}, {"key": "in", "value": "query"}]

    assert only(item(auth={"type": "apikey", "apikey": key})).path == "/x?api_key=${API_KEY}"
    old = only(item(auth={"type": "apikey", "apikey": {"key": "X-Shop-Token", "value": "s3cret"}}))
    assert dict(old.headers) == {"X-Shop-Token": "${X_SHOP_TOKEN}"}


def test_headers_may_be_one_text():
    assert dict(only(item(header="A: b\nC: d")).headers) == {"A": "b", "C": "d"}


def test_a_variable_that_a_script_sets_says_where():
    script = {"listen": "test", "script": {"exec": ['pm.environment.set("token", pm.response.json().token)']}}
    login = {**item("log in", method="POST"), "event": [script]}
    use = item("me", header=[{"key": "Authorization", "value": "Bearer {{token}}"}])

    assert converted(login, use).variables == {
        "TOKEN": "the collection's variable token, set by a script of log in: write a `capture` there"
    }


def test_values_that_postman_makes_up():
    path = only(item(url=f"{SHOP}/{{{{$randomUUID}}}}?e={{{{$randomEmail}}}}&n={{{{$randomFirstName}}}}")).path

    assert path == "/123e4567-e89b-42d3-a456-426614174000?e=ann@example.com&n=FirstName"


def test_the_target_chooses_the_host():
    items = [item("a", "{{unset}}/1"), item("b", f"{SHOP}/2"), item("c", "http://api.test/3")]

    assert [one.path for one in converted(*items).endpoints] == ["/2"]
    assert [one.path for one in converted(*items, target="http://api.test").endpoints] == ["/1", "/3"]
    assert [omission.why for omission in converted(*items).omissions] == [
        "another host: that of a variable",
        "another host: http://api.test",
    ]


@pytest.mark.parametrize("target", ["", "http://127.0.0.1:8000"])
def test_requests_below_a_base_url_that_is_not_set_are_not_given_up_for_a_login_elsewhere(target: str):
    login = item("log in", "https://auth.test/token", "POST")
    proposal = converted(login, item("a", "{{baseUrl}}/a"), item("b", "{{baseUrl}}/b"), target=target)

    assert ([one.path for one in proposal.endpoints], proposal.target) == (["/a", "/b"], target)
    assert [omission.why for omission in proposal.omissions] == ["another host: https://auth.test"]


@pytest.mark.parametrize("odd", [{"type": ["x"]}, {"type": "bearer", "bearer": 5}])
def test_odd_authentication_is_no_crash(odd: Any):
    assert len([*converted(item(auth=odd), item("b")).endpoints]) >= 1


@pytest.mark.parametrize(
    "odd",
    [
        item(url={"raw": f"{SHOP}/x", "variable": ["x"]}),
        body("raw", "x", options={"raw": None}),
        body("graphql", "{ a }"),
    ],
)
def test_odd_parts_of_a_request_are_no_crash(odd: dict[str, Any]):
    assert only(odd).path == "/x"


def test_a_variable_of_type_secret_and_the_value_of_an_api_key_stay_out():
    key = {
        "type": "apikey",
        "apikey": [{"key": "key", "value": "X-Client"}, {"key": "value", "value": "hunter2secret"}],
    }
    variable = {"key": "adminLogin", "value": "hunter3secret", "type": "secret"}
    proposal = converted(item(auth=key, header=[{"key": "X-Db", "value": "{{adminLogin}}"}]), variable=[variable])

    assert dict(proposal.endpoints[0].headers) == {"X-Client": "${X_CLIENT}", "X-Db": "${ADMINLOGIN}"}


def test_a_collection_of_version_1_says_what_to_do():
    document = json.dumps({"id": "1", "name": "old", "requests": [{"url": SHOP}], "order": []})

    with pytest.raises(UsageError) as caught:
        init.convert(init.source("old.json", document), init.ProposalOptions())
    assert caught.value.hint == "export the collection as version 2.1"
