"""gRPC calls of a real server (grpcio): measured by unary and streaming methods, and what goes wrong is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import grpc_service
import pytest
import servers
from projects import Project

HEAD = """
version: 1
target: {target}
load: {{users: 2, warmup: 500ms, duration: 3s}}
gate: {{probe: false}}
defaults: {{budget: {{errors: 1%}}}}
"""
CALLS = """
endpoints:
  search:
    request: POST /shop.Catalog/Search
    json: {text: "{q}", page: "{n}", options: {exact: true}}
    with: {q: {choice: [tea, mug]}, n: {between: [1, 9]}}
    headers: {X-Team: "shop {q}"}
    grpc: {proto: shop.proto}
    expect: {json: {"$.products[0].name": pot, "$.products[0].id": "7"}, header: {content-type: application/grpc}}
    capture: {token: $.token}
    weight: 0
  again: {request: POST /shop.Catalog/Search, json: {text: "{token}"}, grpc: {proto: shop.proto}, weight: 0}
  absent: {request: POST /shop.Catalog/Search, json: {text: gone}, grpc: {proto: shop.proto, status: NOT_FOUND}}
  gone: {request: POST /shop.Catalog/Search, json: {text: gone}, grpc: {proto: shop.proto}}
  hang: {request: POST /shop.Catalog/Search, json: {text: hang}, grpc: {proto: shop.proto}, timeout: 300ms}
  log in: {request: POST /shop.Catalog/Search, json: {text: log in}, grpc: {proto: shop.proto}, capture: {session: $.token}}
  private:
    request: POST /shop.Catalog/Search
    json: {text: private}
    headers: {x-session: "{session}"}
    login: {as: sign in, every: 10m}            # good for one call: each further one is UNAUTHENTICATED at first
    grpc: {proto: shop.proto}
  unread: {request: POST /shop.Catalog/Search, json: {text: tea, page: "{none}"}, with: {none: {choice: [many]}}, grpc: {proto: shop.proto}}
journeys:
  visit: {steps: [search, again]}
  sign in: {steps: [log in]}
"""
STREAMS = """
endpoints:
  watch:
    request: POST /shop.Catalog/Watch
    json: {text: tea}
    grpc: {proto: shop.proto, sent: $.sent_at}
    budget: {completion_p95: 5s, first_message_p95: 5s, gap_p95: 5s, message_p95: 5s}
  three: {request: POST /shop.Catalog/Watch, json: {text: for ever}, grpc: {proto: shop.proto, count: 3}}
  a while: {request: POST /shop.Catalog/Watch, json: {text: for ever}, grpc: {proto: shop.proto, for: 300ms}}
  break: {request: POST /shop.Catalog/Watch, json: {text: break}, grpc: {proto: shop.proto}}
"""


GOOD = {"search", "again", "absent", "visit", "log in", "sign in", "private"}


def results(project: Project) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in project.run()["endpoints"]}


def test_unary_calls(project: Project):
    with grpc_service.serving(project.folder) as (url, catalog):
        project.write(HEAD.format(target=url) + CALLS)
        done = project.perfgate("run", "--no-save")

    assert done.returncode == 1, done.stderr
    by_name = results(project)
    assert {name for name, one in by_name.items() if one["failures"] == 0} == GOOD
    for name in ("gone", "hang", "unread"):
        assert by_name[name]["failures"] == by_name[name]["requests"] > 0
    assert set(by_name["gone"]["failures_by_kind"]) == {"status"}
    assert by_name["gone"]["failure_examples"] == ["gRPC status NOT_FOUND: no such product: 100 % gone"]
    assert set(by_name["hang"]["failures_by_kind"]) == {"timeout"}
    assert set(by_name["unread"]["failures_by_kind"]) == {"expectation"}
    assert by_name["unread"]["failure_examples"][0].startswith("not a shop.Query: ")
    assert by_name["search"]["metrics"]["p50"] >= 0.0198
    assert {"tea", "mug", "t-1", "gone", "hang", "log in", "private"} == set(catalog.texts)
    assert {one["x-team"] for one in catalog.metadata if "x-team" in one} == {"shop tea", "shop mug"}
    assert all(one["user-agent"].startswith("perfgate/") for one in catalog.metadata)
    new = sum(sum(one["phases"].get("connect", {}).get("buckets", {}).values()) for one in by_name.values())
    assert new <= by_name["hang"]["requests"] + by_name["unread"]["requests"] + 2  # others go on with theirs


def test_streaming_calls(project: Project):
    with grpc_service.serving(project.folder) as (url, _):
        project.write(HEAD.format(target=url) + STREAMS)
        done = project.perfgate("run", "--no-save")

    assert done.returncode == 1, done.stderr
    by_name = results(project)
    assert {name: one["failures"] > 0 for name, one in by_name.items()} == {
        "watch": False,
        "three": False,
        "a while": False,
        "break": True,
    }
    watch = by_name["watch"]["metrics"]
    assert 0.05 <= watch["first_message_p50"] < watch["completion_p50"]
    assert watch["completion_p50"] >= 0.24  # five messages
    assert watch["gap_p50"] > 0.03
    assert watch["message_p50"] > 0
    assert by_name["three"]["phases"].get("completion", {}).get("total", 0) == 0  # perfgate ended it
    assert by_name["break"]["failure_examples"] == ["gRPC status UNAVAILABLE: restarting"]


AGED = (("grpc.max_connection_age_ms", 100), ("grpc.max_connection_age_grace_ms", 60_000))


def test_a_call_goes_on_after_the_server_has_said_goodbye(project: Project):
    """A server that restarts, or limits the age of connections, lets calls that have begun come to their end."""
    with grpc_service.serving(project.folder, options=AGED) as (url, _):
        project.write(
            HEAD.format(target=url)
            + "endpoints:\n  watch: {request: POST /shop.Catalog/Watch, json: {text: tea}, grpc: {proto: shop.proto}}\n"
        )
        done = project.perfgate("run", "--no-save")

    watch = results(project)["watch"]
    assert (watch["failures"], watch["failure_examples"]) == (0, []), done.stderr
    assert watch["metrics"]["completion_p50"] >= 0.24  # of five messages, the goodbye among them


@pytest.mark.needs("openssl")
def test_what_a_server_declares_of_itself_over_tls(project: Project, tmp_path: Path):
    certificate, key = servers.self_signed(tmp_path)
    pair = key.read_bytes(), certificate.read_bytes()
    with grpc_service.serving(project.folder, reflects=True, credentials=grpc.ssl_server_credentials([pair])) as (
        url,
        catalog,
    ):
        project.write(
            HEAD.format(target=url) + f"tls: {{ca: {certificate}}}\n"
            "endpoints:\n"
            "  search: {request: POST /shop.Catalog/Search, json: {text: tea}, grpc: {}}\n"
            "  typo: {request: POST /shop.Catalog/Serach, json: {text: tea}, grpc: {}}\n"
        )
        done = project.perfgate("run", "--no-save")

    assert done.returncode == 1, done.stderr
    by_name = results(project)
    assert (by_name["search"]["failures"], by_name["search"]["failures_by_kind"]) == (0, {})
    assert set(catalog.texts) == {"tea"}
    assert by_name["typo"]["failure_examples"] == ["shop.Catalog has no method Serach: known: Search, Watch"]


def test_a_server_without_reflection_is_not_measured(project: Project):
    with grpc_service.serving(project.folder) as (url, catalog):
        project.write(
            HEAD.format(target=url).replace("duration: 3s", "duration: 500ms")
            + "endpoints:\n  search: {request: POST /shop.Catalog/Search, json: {text: tea}, grpc: {}}\n"
        )
        done = project.perfgate("run", "--no-save")

    assert done.returncode == 3, done.stderr
    assert "has no reflection" in done.stderr
    assert "`grpc: {proto: FILE}`" in done.stderr
    assert catalog.texts == []


MISTAKES = [
    ("POST /shop.Catalog/Serach", "{text: tea}", "shop.Catalog has no method Serach", "known: Search"),
    ("POST /shop.Katalog/Search", "{text: tea}", "there is no service shop.Katalog", "known: shop.Catalog"),
    ("POST /shop.Catalog/Upload", "{text: tea}", "takes a stream of messages", "perfgate sends one message"),
    ("POST /shop.Catalog/Search", "{txt: tea}", "shop.Query has no field txt", "known: text"),
    ("POST /shop.Catalog/Search", "{options: {exct: true}}", "shop.Options has no field exct", "known: exact"),
    (
        "GET /shop.Catalog/Search",
        "{text: tea}",
        "a gRPC call is a POST, not a GET",
        "write `POST /shop.Catalog/Search`",
    ),
    ("POST /search", "{text: tea}", "/search is not the path of a gRPC method", "write `POST /package.Service/Method`"),
]


@pytest.mark.parametrize(("request_line", "message", "expected", "hint"), MISTAKES, ids=[one[2] for one in MISTAKES])
def test_mistakes_are_named(project: Project, request_line: str, message: str, expected: str, hint: str):
    (project.folder / "shop.proto").write_text(grpc_service.PROTO, encoding="utf-8")
    project.write(
        HEAD.format(target="http://127.0.0.1:1")
        + f"endpoints:\n  call: {{request: {request_line}, json: {message}, grpc: {{proto: shop.proto}}}}\n"
    )
    done = project.perfgate("check")

    assert done.returncode == 2
    assert expected in done.stderr
    assert hint in done.stderr
    assert "[PG-B050]" in done.stderr


def test_a_file_that_does_not_compile_is_named_with_its_line(project: Project):
    project.write("syntax = 'proto3';\nmessage Query { strin text = 1; }\n", "broken.proto")
    project.write(
        HEAD.format(target="http://127.0.0.1:1")
        + "endpoints:\n"
        + "  call: {request: POST /shop.Catalog/Search, grpc: {proto: broken.proto}}\n"
        + "  lost: {request: POST /shop.Catalog/Search, grpc: {proto: lost.proto}}\n"
    )
    done = project.perfgate("check")

    assert done.returncode == 2
    assert 'broken.proto, line 2: "strin" is not defined.' in done.stderr
    assert "lost.proto does not exist" in done.stderr
