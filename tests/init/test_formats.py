"""What each format makes of its example."""

from __future__ import annotations

import json

import pytest
from init.sources import DOCUMENTS, EXAMPLES, POSTMAN

from perfgate import init
from perfgate.init.proposal import Endpoint, FileProposal


def converted(name: str, *, unsafe: bool = True, text: str = "") -> FileProposal:
    file, example = EXAMPLES[name]
    return init.convert(init.source(file, text or example), init.ProposalOptions(unsafe=unsafe), name)


def by_name(proposal: FileProposal) -> dict[str, Endpoint]:
    return {endpoint.name: endpoint for endpoint in proposal.endpoints}


def test_openapi_takes_ids_from_lists():
    proposal = converted("openapi")
    endpoints = by_name(proposal)

    assert endpoints["List products"].captures == {"productId": "$.items[0].id"}
    assert endpoints["List reviews"].path == "/products/{productId}/reviews"
    assert endpoints["List reviews"].captures == {"review_id": "$[0].id"}
    assert endpoints["Show a review"].path == "/products/{productId}/reviews/{review_id}"
    steps = [journey.steps for journey in proposal.journeys]
    assert ("List products", "Show a product", "Remove a product") in steps
    assert ("List products", "List reviews", "Show a review") in steps


def test_openapi_fills_parameters_of_every_place():
    endpoints = by_name(converted("openapi"))

    assert endpoints["List products"].path.startswith("/products?page=2&since=2024-01-31&tags=")
    assert endpoints["List products"].path.count("tags=") == 2
    coupon = endpoints["Show a coupon"]
    assert coupon.values == {"code": "AAA-11"}
    assert coupon.headers == {"X-Trace": "123e4567-e89b-42d3-a456-426614174000", "Cookie": "flavour=mint"}


def test_openapi_bodies_keep_to_their_schema_and_braces_are_no_values():
    body = by_name(converted("openapi"))["Add a product"].body

    assert body == {
        "name": "a{{b}}c",
        "price": 0.5,
        "kind": "tea",
    }  # the example 7 of `note` is no text, `id` read only


def test_openapi_names_the_variable_of_its_authentication():
    proposal = converted("openapi")

    assert by_name(proposal)["Show a product"].headers == {"Authorization": "Bearer ${BEARER}"}
    assert "BEARER" in proposal.variables


def test_openapi_lists_what_it_leaves_out():
    omissions = {omission.what: omission.why for omission in converted("openapi", unsafe=False).omissions}

    assert "--unsafe" in omissions["POST /products"]
    assert "`thing`" in omissions["GET /odd/{thing}"]


def test_openapi_goes_to_this_machine_and_names_the_server_of_the_document():
    proposal = converted("openapi")

    assert proposal.target == "http://127.0.0.1:8000/v1"
    assert "https://eu.shop.example/v1" in proposal.notes[0]


def test_swagger_2():
    proposal = converted("openapi", text=(DOCUMENTS / "pets.json").read_text())
    endpoints = by_name(proposal)

    assert proposal.target == "http://127.0.0.1:9000/api"
    assert endpoints["listPets"].path == "/pets?status=free&api_key=${KEY}"
    assert endpoints["listPets"].captures == {"petId": "$[0].id"}
    assert endpoints["addPet"].body == {"name": "rex"}
    assert (endpoints["renamePet"].body_key, endpoints["renamePet"].path) == ("form", "/pets/{petId}")


def test_har_has_a_journey_per_page_with_think_times_and_static_files_apart():
    proposal = converted("har")

    assert {journey.name: journey.steps for journey in proposal.journeys} == {
        "/home": ("GET /", 3.0, "GET /api/search"),
        "/home: static files": ("GET /app.js",),
        "Sign in": ("POST /login", 2.0, "GET /"),
    }


def test_har_puts_variables_in_the_place_of_secrets():
    proposal = converted("har")
    endpoints = by_name(proposal)

    assert endpoints["GET /api/search"].path == "/api/search?q=a%20b&token=${TOKEN}"
    assert endpoints["GET /api/search"].headers == {"Authorization": "Bearer ${API_TOKEN}"}
    assert endpoints["POST /login"].body == {"user": "ann", "password": "${PASSWORD}"}
    assert set(proposal.variables) == {"TOKEN", "API_TOKEN", "PASSWORD"}


def test_a_log_becomes_patterns_with_weights_values_and_the_rate():
    proposal = converted("access-log")
    endpoints = by_name(proposal)

    items = endpoints["GET /items/{item}"]
    assert (items.path, items.weight) == ("/items/{item}", 60)
    assert sorted(items.values["item"]["choice"]) == [1, 2, 3, 4, 5, 6, 7]
    search = endpoints["GET /search"]
    assert search.path == "/search?q={q}&page=1"
    assert search.values == {"q": {"choice": ["tea", "pot"]}}
    assert proposal.rate == 90 / 59


def test_a_log_of_json_lines():
    caddy = [
        json.dumps({"ts": 100.0 + n, "request": {"method": "GET", "uri": f"/a/{n}", "host": "x"}, "status": 200})
        for n in range(5)
    ]
    traefik = [
        json.dumps(
            {"RequestMethod": "GET", "RequestPath": "/b", "DownstreamStatus": 200, "time": f"2026-01-01T00:00:0{n}Z"}
        )
        for n in range(5)
    ]

    assert converted("access-log", text="\n".join(caddy)).endpoints[0].path == "/a/{a}"
    assert converted("access-log", text="\n".join(caddy)).rate == 5 / 4
    assert converted("access-log", text="\n".join(traefik)).endpoints[0].path == "/b"


def test_a_place_with_many_rare_texts_is_a_value():
    log = "\n".join(
        f'1.1.1.1 - - [01/Jan/2026:10:00:00 +0000] "GET /users/{name}/posts HTTP/1.1" 200 5'
        for name in ("ann bob cay dan eve fay gus hal ivy jon kim leo mia ned oda").split()
    )

    assert [endpoint.path for endpoint in converted("access-log", text=log).endpoints] == ["/users/{user}/posts"]


def test_postman_resolves_variables_and_leaves_secrets_to_the_environment():
    proposal = converted("postman")
    endpoints = by_name(proposal)

    assert proposal.target == "http://127.0.0.1:9000"
    assert endpoints["Products: Show"].path == "/api/products/7"
    assert endpoints["Products: List"].headers == {"Authorization": "Bearer ${APITOKEN}"}
    assert endpoints["Products: Add"].body == {"name": "${PRODUCTNAME}"}
    assert set(proposal.variables) == {"APITOKEN", "PRODUCTNAME"}


def test_postman_with_a_base_url_that_it_does_not_say():
    text = json.dumps({**POSTMAN, "variable": []})

    assert by_name(converted("postman", text=text))["Products: List"].path == "/products?page=1"


def test_an_accept_header_that_says_nothing_is_left_out():
    proposal = converted("curl", text="curl http://127.0.0.1:9000/a -H 'Accept: */*' -H 'X-Shop: 1'")

    assert proposal.endpoints[0].headers == {"X-Shop": "1"}


def test_curl_commands():
    proposal = converted("curl")
    endpoints = by_name(proposal)

    assert endpoints["GET /search"].headers == {"Accept": "application/json", "Authorization": "Bearer ${API_TOKEN}"}
    assert endpoints["POST /orders"].body == {"product": 7, "note": "a{{b}}"}
    assert endpoints["GET /me"].headers == {"Authorization": "Basic ${BASIC_AUTH}"}
    assert [omission.why for omission in proposal.omissions] == [
        "its form has files: write it by hand under `multipart`"
    ]
    assert "ann" not in str(proposal)


def test_a_locustfile_runs_as_it_is():
    proposal = converted("locustfile")

    assert proposal.scenarios == ("locustfile.py",)
    assert proposal.target == "http://127.0.0.1:9000"
    assert any("/: {budget" in note for note in proposal.notes)
    assert any("show item: {budget" in note for note in proposal.notes)
    assert [omission.what for omission in proposal.omissions] == ["a request in line 12"]


def test_requests_for_one_path_are_told_apart_by_what_their_query_sets():
    paths = ["/posts", "/posts?_page=2&_limit=20", "/posts?q=a", "/posts?q=b", "/posts?a=1&b=2&c=3&d=4"]
    text = "\n".join(f"curl 'http://127.0.0.1:3000{path}'" for path in paths)

    assert list(by_name(converted("curl", text=text))) == [
        "GET /posts",
        "GET /posts (_page, _limit)",
        "GET /posts (q)",
        "GET /posts (q) 2",
        "GET /posts (a, b, c, ...)",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "\x1b[0mGET /posts?q=tea \x1b[32m200\x1b[0m 9.861 ms - 80786\x1b[0m",  # morgan "dev", on a terminal
        "GET /posts?q=tea 200 80786 - 9.861 ms",  # morgan "tiny"
        '[28/Nov/2026 15:56:48] "GET /posts?q=tea HTTP/1.1" 200 6798',  # Django's own server
    ],
)
def test_a_log_as_development_servers_write_it(line: str):
    [endpoint] = converted("access-log", text=f"{line}\n{line}\n").endpoints

    assert (endpoint.name, endpoint.path, endpoint.weight) == ("GET /posts", "/posts?q=tea", 2)


def test_a_log_is_recognized_after_the_first_lines_of_its_server():
    text = "Watching for changes\n" * 25 + "GET /posts 200 9.861 ms - 80786\n" * 40

    [endpoint] = init.convert(init.source("server.log", text), init.ProposalOptions()).endpoints

    assert endpoint.request == "GET /posts"
