"""Insomnia exports: environments, folders, templates, authentication, bodies; formats 4 and 5."""

from __future__ import annotations

import json
from typing import Any

import pytest
from init.sources import EXAMPLES

from perfgate import init
from perfgate.init.proposal import Endpoint, FileProposal
from perfgate.model.errors import UsageError

SHOP = "http://shop.test"


def item(name: str = "a", url: str = f"{SHOP}/x", method: str = "GET", **others: Any) -> dict[str, Any]:
    return {"name": name, "url": url, "method": method, **others}


def folder(*items: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"name": "f", "children": list(items), **others}


def converted(*items: dict[str, Any], data: Any = None, target: str = "", unsafe: bool = True) -> FileProposal:
    document = {
        "type": "collection.insomnia.rest/5.0",
        "collection": list(items),
        "environments": {"name": "Base Environment", "data": data or {}},
    }
    options = init.ProposalOptions(target=target, unsafe=unsafe)
    return init.convert(init.source("shop.yaml", json.dumps(document)), options)


def only(*items: dict[str, Any], **others: Any) -> Endpoint:
    [endpoint] = converted(*items, **others).endpoints
    return endpoint


def why_not(*items: dict[str, Any], **others: Any) -> list[str]:
    return [omission.why for omission in converted(*items, item("b"), **others).omissions]


def body(kind: str, **others: Any) -> dict[str, Any]:
    return item(method="POST", body={"mimeType": kind, **others})


def test_variables_of_environments_and_folders_are_filled_in_the_inner_ones_first():
    proposal = init.convert(init.source(*EXAMPLES["insomnia"]), init.ProposalOptions(unsafe=True))

    assert {one.name: one.request for one in proposal.endpoints} == {
        "Products: List": "GET /api/products?page=1",
        "Products: Show": "GET /api/products/7",
        "Products: Add": "POST /api/products",
    }
    assert proposal.target == "http://127.0.0.1:9000"
    assert proposal.notes == ("Values are those of the environment local; not taken: production.",)
    assert proposal.endpoints[0].headers == {"Authorization": "Bearer ${SHOPTOKEN}"}
    assert proposal.endpoints[2].body == {"name": "${PRODUCTNAME}", "password": "${PASSWORD}"}
    assert set(proposal.variables) == {"SHOPTOKEN", "PRODUCTNAME", "PASSWORD"}
    [omission] = proposal.omissions
    assert omission.what == "GET Products: Chained"
    assert omission.why == "the template tag `response` has no equivalent: write a `capture`"


@pytest.mark.parametrize(
    ("url", "data", "path"),
    [
        ("{{ _.base }}/x", {"base": SHOP}, "/x"),
        ("{{base}}/x", {"base": SHOP}, "/x"),
        ("{{- _['base-url'] -}}/x", {"base-url": SHOP}, "/x"),
        ("{{ _.api.base }}/{{ _.api.ids[1] }}", {"api": {"base": SHOP, "ids": [7, 8]}}, "/8"),
        ("{{ _.base }}/x{# a comment #}", {"base": f"{SHOP}/v1"}, "/v1/x"),
        ("{{ _.unset }}/x?a={{ _.b }}", {}, "/x?a=${B}"),
        (f"{SHOP}/:id/y", {}, "/${ID}/y"),
        ("shop.test/x", {}, "/x"),
    ],
)
def test_urls(url: str, data: dict[str, Any], path: str):
    assert only(item(url=url), data=data).path == path


def test_a_folder_may_build_upon_the_value_further_out():
    inner = folder(item(url="{{ _.base }}/x"), environment={"base": "{{ _.base }}/inner"})

    assert only(folder(inner, environment={"base": "{{ _.base }}/outer"}), data={"base": SHOP}).path == "/outer/inner/x"


@pytest.mark.parametrize("data", [{"a": "{{ _.b }}", "b": "{{ _.a }}"}, {"a": "{{ _.a }}"}])
def test_variables_that_refer_to_each_other_come_to_an_end(data: dict[str, Any]):
    endpoint = only(item(url=f"{SHOP}/{{{{ _.a }}}}"), data=data)

    assert endpoint.path in ("/${A}", "/${B}")


@pytest.mark.parametrize(
    ("auth", "headers"),
    [
        ({"type": "basic", "username": "ann", "password": "s3cret"}, {"Authorization": "Basic ${BASIC_AUTH}"}),
        ({"type": "bearer", "token": "s3cret"}, {"Authorization": "Bearer ${API_TOKEN}"}),
        ({"type": "bearer", "token": "s3cret", "prefix": "Token"}, {"Authorization": "Token ${API_TOKEN}"}),
        ({"type": "bearer", "token": "{% response 'a' %}"}, {"Authorization": "Bearer ${API_TOKEN}"}),
        ({"type": "oauth2", "grantType": "implicit"}, {"Authorization": "Bearer ${API_TOKEN}"}),
        ({"type": "apikey", "key": "X-Client", "value": "s3cret", "addTo": "header"}, {"X-Client": "${X_CLIENT}"}),
        ({"type": "apikey", "key": "sid", "value": "s3cret", "addTo": "cookie"}, {"Cookie": "sid=${SID}"}),
        ({"type": "bearer", "token": "s3cret", "disabled": True}, {}),
        ({"type": "none"}, {}),
        ({}, {}),
    ],
)
def test_what_lets_a_request_in(auth: dict[str, Any], headers: dict[str, str]):
    assert dict(only(item(authentication=auth)).headers) == headers


def test_a_key_in_the_query_and_an_inherited_token():
    key = {"type": "apikey", "key": "key", "value": "s3cret", "addTo": "queryParams"}
    token = {"type": "bearer", "token": "s3cret"}

    assert only(item(authentication=key)).path == "/x?key=${KEY}"
    assert dict(only(folder(item(), authentication=token)).headers) == {"Authorization": "Bearer ${API_TOKEN}"}
    assert dict(only(folder(item(authentication={"type": "none"}), authentication=token)).headers) == {}


@pytest.mark.parametrize(
    ("sent", "key", "value"),
    [
        (body("application/json", text='{"a": "{{ _.v }}", "n": [1]}'), "json", {"a": "${V}", "n": [1]}),
        (body("text/plain", text="x {{ _.v }}"), "body", "x ${V}"),
        (
            body(
                "application/x-www-form-urlencoded",
                params=[{"name": "a", "value": "1&2"}, {"name": "b", "value": "3", "disabled": True}],
            ),
            "form",
            {"a": "1&2"},
        ),
        (body("multipart/form-data", params=[{"name": "a", "value": "{{ _.v }}"}]), "multipart", {"a": "${V}"}),
        (body("application/graphql", text='{"query": "{ a }"}'), "graphql", "{ a }"),
        (item(method="POST", body={}), "", None),
    ],
)
def test_bodies(sent: dict[str, Any], key: str, value: Any):
    endpoint = only(sent)

    assert (endpoint.body_key, endpoint.body) == (key, value)


@pytest.mark.parametrize("variables", [{"q": "{{ _.w }}"}, '{"q": "{{ _.w }}"}'])
def test_graphql_variables(variables: Any):
    text = json.dumps(
        {"query": "query S($q: String) { s(q: $q) { id } }", "variables": variables, "operationName": "S"}
    )

    assert only(body("application/graphql", text=text)).variables == {"q": "${W}"}


def test_a_body_that_is_not_rendered_keeps_its_braces():
    sent = item(
        method="POST", body={"mimeType": "text/plain", "text": "{{ x }}"}, settings={"renderRequestBody": False}
    )

    assert only(sent).body == "{{{{ x }}}}"


def test_headers_and_parameters_that_are_switched_off_stay_out():
    off = [{"name": "A", "value": "1", "disabled": True}, {"name": "B", "value": "{{ _.b }}"}]

    endpoint = only(item(parameters=off, headers=off), data={"b": 2})

    assert (endpoint.path, dict(endpoint.headers)) == ("/x?B=2", {"B": "2"})


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (item(url="{{ _.a | upper }}"), "`{{ _.a | upper }}` is no variable"),
        (item(url=f"{SHOP}/{{% uuid 'v4' %}}"), "the template tag `uuid` has no equivalent"),
        (item(authentication={"type": "digest"}), "its authentication (digest) has no equivalent"),
        (
            body("multipart/form-data", params=[{"name": "a", "type": "file"}]),
            "its body has files: write it by hand under `multipart`",
        ),
        (
            body("application/octet-stream", fileName="/cat.png"),
            "its body has files: write it by hand under `multipart`",
        ),
        (
            body("multipart/form-data", params=[{"name": "a"}, {"name": "a"}]),
            "its form has several parts of a name: write it by hand under `body`",
        ),
        (item(url="ws://shop.test/x"), "a WebSocket: write it by hand under `websocket`"),
        (item(meta={"id": "ws-req_1"}), "a WebSocket: write it by hand under `websocket`"),
        (item(meta={"id": "greq_1"}), "a gRPC call: write it by hand under `grpc`"),
        (item(method="PROPFIND"), "PROPFIND is not sent by perfgate"),
        (item(url=""), "its URL cannot be read"),
        (item(scripts={"preRequest": "x()"}), "it is code: what it sets, set by hand"),
        (item(scripts={"afterResponse": "x()"}), "it is code: write `expect` or `capture`"),
    ],
)
def test_what_cannot_be_converted_says_why(sent: dict[str, Any], why: str):
    assert why_not(sent) == [why]


def test_a_variable_that_a_script_sets_says_where():
    login = item("log in", method="POST", scripts={"afterResponse": "insomnia.environment.set('sid', 1)"})

    assert converted(login, item(url=f"{SHOP}/{{{{ _.sid }}}}")).variables == {
        "SID": "the collection's variable sid, set by a script of log in: write a `capture` there"
    }


def test_what_may_change_data_is_left_out_unless_it_is_asked_for():
    assert [one.name for one in converted(item(), item("b", method="POST"), unsafe=False).endpoints] == ["a"]


def test_a_request_named_by_its_url_shows_no_secret():
    url = f"{SHOP}/hook/ghp_abcdefghijklmnopqrstuvwxyz0123?token=s3cret"
    text = init.write(converted(item(name=url, url=url)), init.Context(source="x"))

    assert "GET /hook/${SECRET_IN_PATH}?token=${TOKEN}" in text
    assert "ghp_" not in text
    assert "s3cret" not in text


def of_format_4(*resources: dict[str, Any]) -> FileProposal:
    document = {"_type": "export", "__export_format": 4, "resources": list(resources)}
    return init.convert(init.source("Insomnia.json", json.dumps(document)), init.ProposalOptions(unsafe=True))


def test_format_4_is_a_flat_list():
    proposal = of_format_4(
        {
            "_id": "req_1",
            "_type": "request",
            "parentId": "fld_1",
            "name": "Show",
            "method": "GET",
            "url": "{{ base }}/x",
        },
        {"_id": "fld_1", "_type": "request_group", "parentId": "wrk_1", "name": "Shop", "environment": {"a": "1"}},
        {"_id": "env_2", "_type": "environment", "parentId": "env_1", "name": "local", "data": {"host": SHOP}},
        {
            "_id": "env_1",
            "_type": "environment",
            "parentId": "wrk_1",
            "name": "Base",
            "data": {"base": "{{ host }}/{{ a }}"},
        },
        {"_id": "wrk_1", "_type": "workspace", "parentId": None, "name": "Shop"},
        {"_id": "greq_1", "_type": "grpc_request", "parentId": "wrk_1", "name": "Call", "url": "x"},
        {"_id": "spc_1", "_type": "api_spec", "parentId": "wrk_1"},
    )

    assert [(one.name, one.request) for one in proposal.endpoints] == [("Shop: Show", "GET /1/x")]
    assert [omission.what for omission in proposal.omissions] == ["Call"]


def test_a_folder_that_was_exported_alone():
    request = {"_id": "r", "_type": "request", "parentId": "lost", "name": "a", "method": "GET", "url": f"{SHOP}/x"}

    assert [one.path for one in of_format_4(request).endpoints] == ["/x"]


def test_folders_within_each_other_come_to_an_end():
    resources = [
        {"_id": "a", "_type": "request_group", "parentId": "b"},
        {"_id": "b", "_type": "request_group", "parentId": "a"},
        {"_id": "r", "_type": "request", "parentId": "w", "name": "a", "method": "GET", "url": SHOP},
    ]

    assert len(of_format_4(*resources).endpoints) == 1


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            {"_type": "export", "__export_format": 3, "resources": []},
            "an Insomnia export of format 3; read are 4 and 5",
        ),
        ({"type": "collection.insomnia.rest/6.0"}, "an Insomnia export of format 6"),
        ({"type": "environment.insomnia.rest/5.0", "environments": {}}, "has no request"),
        ({"_type": "export", "__export_format": 4}, "has no request"),
        ({"type": "collection.insomnia.rest/5.0", "collection": "x", "environments": [5]}, "has no request"),
    ],
)
def test_an_export_without_requests_says_what_to_do(document: dict[str, Any], message: str):
    with pytest.raises(UsageError, match=message) as caught:
        init.convert(init.source("x.json", json.dumps(document)), init.ProposalOptions())
    assert "Insomnia v5" in caught.value.hint


ODD = (None, 5, "x", [], ["x"], {}, {"type": []}, [{"name": ["x"], "value": {}}], True)


@pytest.mark.parametrize(
    "key", ["url", "method", "name", "headers", "parameters", "authentication", "body", "meta", "scripts"]
)
@pytest.mark.parametrize("odd", ODD)
def test_odd_parts_of_a_request_are_no_crash(key: str, odd: Any):
    proposal = converted(item(**{key: odd}), item("b"), data={"a": odd})

    init.write(proposal, init.Context(source="x"))


def test_halves_of_characters_are_no_crash():
    form = body("application/x-www-form-urlencoded", params=[{"name": "a", "value": "x\ud83d"}])

    assert only(form).body == {"a": "x\ufffd"}
    assert dict(only(body("text/\U0001f600", text="x")).headers) == {"Content-Type": "text/plain"}


def test_aliases_that_multiply_are_no_document():
    layers = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))
    text = f"type: collection.insomnia.rest/5.0\na0: &a0 [x, x, x, x, x, x, x, x, x]\n{layers}\n"

    with pytest.raises(UsageError, match="no format"):
        init.convert(init.source("x.yaml", text), init.ProposalOptions())


def test_a_broken_export_says_where():
    with pytest.raises(UsageError, match=r"it is not YAML: .* in line 3"):
        init.convert(
            init.source("x.yaml", "type: collection.insomnia.rest/5.0\ncollection:\n\t- a\n"), init.ProposalOptions()
        )
