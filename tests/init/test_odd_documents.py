"""Documents that say odd things: the file is valid all the same, and what cannot be sent is listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from perfgate import budgets, init
from perfgate.model.errors import UsageError

ODD = "Ünï: #1 {x} ${Y} 'q' \"w\"\nline"


def operation(**more: Any) -> dict[str, Any]:
    return {"responses": {"200": {"description": "it"}}, **more}


def parameter(name: str, place: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "required": True, "schema": {"type": "string", **schema}}


def body(schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema}}}}


CASES: dict[str, tuple[dict[str, Any], int]] = {  # paths, and how many operations can be sent
    "names": ({path: {"get": operation(summary=path[1:])} for path in ("/yes", "/null", "/0123", "/" + ODD[:6])}, 4),
    "the same name twice": ({f"/{n}": {"get": operation(summary="it")} for n in range(3)}, 3),
    "odd path": ({"/ä b/{naïve id}/{from}{x.y}": {"get": operation(summary=ODD)}, "no-slash": {"get": operation()}}, 2),
    "query": ({"/a": {"get": operation(parameters=[parameter("q{x}", "query", example="${HOME} {a} &=#ü")])}}, 1),
    "header names": (
        {
            "/a": {"get": operation(parameters=[parameter("X Foo", "header")])},
            "/b": {"get": operation(parameters=[parameter("X-Ü", "header")])},
            "/c": {"get": operation(parameters=[parameter("Content-Length", "header")])},
            "/d": {"get": operation(parameters=[parameter("X-A", "header"), parameter("x-a", "header")])},
            "/e": {"get": operation(parameters=[parameter("X-A", "header", example="a\nb")])},
        },
        2,
    ),
    "braces": ({"/a": {"post": body({"type": "object", "example": {"${A}": "${{b}} }{", "{n}": None}})}}, 1),
    "huge number": ({"/a": {"post": body({"enum": [1e300]})}, "/b": {"post": body({"enum": [1e-300]})}}, 0),
    "form": ({"/a": {"post": body({"required": ['a"b'], "properties": {'a"b': {}}}, "multipart/form-data")}}, 0),
    "endless": ({"/a": {"post": body({"$ref": "#/components/schemas/R"})}, "/b": {"get": operation()}}, 1),
    "to itself": ({"/a": {"post": body({"$ref": "#/components/schemas/L"})}}, 1),
    "lost reference": ({"/a": {"post": body({"$ref": "other.yaml#/X"})}, "/b": {"$ref": "#/nowhere"}}, 1),
    "unknown type": ({"/a/{n}": {"get": operation(parameters=[parameter("n", "path", type="int")])}}, 1),
    "stream": ({"/a": {"get": {"responses": {"200": {"content": {"text/event-stream": {}}}}}}, "/b": {"get": {}}}, 1),
}
SCHEMAS = {
    "R": {"type": "object", "required": ["r"], "properties": {"r": {"$ref": "#/components/schemas/R"}}},
    "L": {"$ref": "#/components/schemas/L"},
}


@pytest.mark.parametrize("case", CASES)
def test_the_file_is_valid_all_the_same(case: str, tmp_path: Path):
    paths, number = CASES[case]
    document = {"openapi": "3.0.0", "info": {}, "paths": paths, "components": {"schemas": SCHEMAS}}
    source = init.source("x.json", json.dumps(document))

    proposal = init.convert(source, init.ProposalOptions(unsafe=True))
    (tmp_path / "budgets.yaml").write_text(init.write(proposal, init.Context(source=ODD)), encoding="utf-8")

    assert len(proposal.endpoints) == number
    operations = sum(method in ("get", "post") for item in paths.values() for method in item)
    assert len(proposal.omissions) == operations - number
    if number:
        budgets.check(tmp_path / "budgets.yaml", {})


def converted(text: str, **options: Any) -> init.FileProposal:
    return init.convert(init.source("openapi.yaml", text), init.ProposalOptions(unsafe=True, **options))


HEAD = "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\n"


def test_yaml_is_that_of_version_1_2():
    parameters = "[{name: on, in: query, required: true, schema: {type: string, enum: [NO, yes]}}]"
    text = f"{HEAD}paths: {{/items: {{get: {{parameters: {parameters}, responses: {{}}}}}}}}\n"

    assert converted(text).endpoints[0].path == "/items?on=NO"


def test_webhooks_alone_are_no_load():
    with pytest.raises(UsageError, match=r"describes no operation \(webhooks are sent by the service, not to it\)"):
        converted(f"{HEAD}webhooks: {{paid: {{post: {{responses: {{}}}}}}}}\n")


def test_a_path_in_another_file_is_left_out_with_what_to_do():
    [omission] = converted(f"{HEAD}paths: {{/a: {{$ref: './a.yaml'}}, /b: {{get: {{responses: {{}}}}}}}}\n").omissions

    assert omission.what == "/a"
    assert "bundle the document first" in omission.why


@pytest.mark.parametrize(
    ("servers", "target"),
    [
        ("[{url: 'https://shop.test'}, {url: 'http://localhost:9000/x/'}]", "http://localhost:9000/x"),
        ("[{url: v1/}]", "http://127.0.0.1:8000/v1"),
        (
            "[{url: 'http://{host}:{port}/v2', variables: {host: {default: localhost}, port: {default: '81'}}}]",
            "http://localhost:81/v2",
        ),
        ("[{url: 'https://{tenant}.shop.test'}]", "http://127.0.0.1:8000"),
        ("5", "http://127.0.0.1:8000"),
        ("[{url: 'http://[host]/v1'}]", "http://127.0.0.1:8000"),
        ("[{url: 'http://localhost:port/v1'}]", "http://127.0.0.1:8000"),
        ("[{url: null}]", "http://127.0.0.1:8000"),
        ("[{url: 'http://ann:secret@localhost:3000/v1'}]", "http://localhost:3000/v1"),
    ],
)
def test_the_target_is_a_server_of_this_machine(servers: str, target: str):
    assert converted(f"{HEAD}servers: {servers}\npaths: {{/a: {{get: {{responses: {{}}}}}}}}\n").target == target


@pytest.mark.parametrize(("mapping", "kind"), [("{cat: '#/components/schemas/Cat'}", "cat"), ("{}", "Cat")])
def test_a_discriminator_names_the_alternative(mapping: str, kind: str):
    pet = (
        f"{{oneOf: [{{$ref: '#/components/schemas/Cat'}}], discriminator: {{propertyName: kind, mapping: {mapping}}}}}"
    )
    cat = "{type: object, required: [kind, lives], properties: {kind: {type: string}, lives: {type: integer}}}"
    content = f"{{application/json: {{schema: {pet}}}}}"
    text = f"paths: {{/a: {{post: {{requestBody: {{required: true, content: {content}}}, responses: {{}}}}}}}}\n"

    assert converted(f"{HEAD}{text}components: {{schemas: {{Cat: {cat}}}}}\n").endpoints[0].body == {
        "kind": kind,
        "lives": 1,
    }


def test_a_list_in_a_form_is_sent_as_forms_have_it():
    schema = {"type": "object", "required": ["tags"], "properties": {"tags": {"type": "array", "items": {}}}}
    form = body(schema, "application/x-www-form-urlencoded")
    document = {"openapi": "3.0.3", "paths": {"/a": {"post": form}}}

    assert converted(json.dumps(document)).endpoints[0].body == {"tags": "perfgate"}


def test_lines_of_json_that_are_not_known_are_not_called_broken():
    with pytest.raises(UsageError, match=r"is in no format that perfgate knows\nName it with"):
        converted('{"level": "info", "msg": "up"}\n{"level": "info", "msg": "ready"}\n')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"openapi": "3.0.0", "paths": {},}', "it is not JSON: .* line 1 column 34"),
        ("openapi: 3.0.0\npaths:\n\t/a: {}\n", "it is not YAML: .* in line 3"),
        ("  openapi: 3.0.0\n  paths:\n\t/a: {}\n", "it is not YAML: .* in line 3"),
    ],
)
def test_a_broken_document_says_where(text: str, why: str):
    with pytest.raises(UsageError, match=why):
        converted(text)


@pytest.mark.parametrize("above", ["", "\ufeff", "\n", "  # of the shop\n", "---\n"])
def test_an_indented_document_is_one(above: str):
    text = f"{above}  openapi: 3.0.3\n  paths: {{/a: {{get: {{responses: {{}}}}}}}}\n"

    assert [endpoint.path for endpoint in converted(text).endpoints] == ["/a"]
