"""curl commands as people paste them: every way to quote, to continue a line, to give a body."""

from __future__ import annotations

from typing import Any

import pytest

from perfgate import init
from perfgate.init.proposal import FileProposal
from perfgate.model.errors import UsageError

HOST = "http://127.0.0.1:9000"


def converted(text: str) -> FileProposal:
    return init.convert(init.source("stdin", text.replace("HOST", HOST)), init.ProposalOptions(), "curl")


@pytest.mark.parametrize(
    ("command", "request_", "body"),
    [
        ("curl -G HOST/s --data-urlencode 'q=a b&c' -d x=1", "GET /s?q=a%20b%26c&x=1", ("", None)),
        ("curl HOST/s --url-query 'q=a b'", "GET /s?q=a%20b", ("", None)),
        ("curl HOST/s --data-urlencode 'raw text'", "POST /s", ("body", "raw+text")),
        ("curl -F a=1 --form-string b=@c HOST/u", "POST /u", ("multipart", {"a": "1", "b": "@c"})),
        ("""curl --json '{"p": "{x}"}' HOST/j""", "POST /j", ("json", {"p": "{{x}}"})),
        ("""curl -d '{"a": 1}' HOST/j""", "POST /j", ("body", '{{"a": 1}}')),
        ("curl 'HOST/x' \\\n  -H 'a: b' \\\n  --data-raw 'a=1' --compressed", "POST /x", ("form", {"a": "1"})),
        (
            'curl ^"HOST/x?a=1^&b=2^" ^\r\n  -H ^"content-type: application/json^" ^\r\n  --data-raw ^"^{^\\^"a^\\^":1^}^"',
            "POST /x?a=1&b=2",
            ("json", {"a": 1}),
        ),
        ("curl HOST/x -H 'content-type: text/plain' -d $'it\\'s \\u00e9\\n'", "POST /x", ("body", "it's é\n")),
        ("sudo curl HOST/x", "GET /x", ("", None)),
        ("TOKEN=x time curl HOST/x # all of it", "GET /x", ("", None)),
        ("ann@host:~$ curl HOST/x && echo well", "GET /x", ("", None)),
        (
            'curl HOST/x -H \'content-type: application/json\' -d \'{"a": "^", "b ^": 1}\'',
            "POST /x",
            ("json", {"a": "^", "b ^": 1}),
        ),
        ("curl HOST/x -H 'content-type: text/plain' -d ';'", "POST /x", ("body", ";")),
        ("curl HOST/x >/dev/null 2>&1 -d a=1", "POST /x", ("form", {"a": "1"})),
        ("curl HOST/x -d a=1 > out.txt\nIt isn't more", "POST /x", ("form", {"a": "1"})),
        ("$ curl HOST/x \\\n> -d a=1", "POST /x", ("form", {"a": "1"})),
        ("$ curl --json '{\n>   \"a\": 1\n> }' HOST/x", "POST /x", ("json", {"a": 1})),
        ("curl 'HOST/x?re=a$' -d 'a=1'", "POST /x?re=a$", ("form", {"a": "1"})),
        ("curl HOST/x?a=1&b=2", "GET /x?a=1&b=2", ("", None)),
        ("curl -sSLk -o /dev/null -m 3 --resolve a:1:b -w '%{http_code}' HOST/x | jq .", "GET /x", ("", None)),
    ],
)
def test_a_command_is_sent_as_curl_sends_it(command: str, request_: str, body: tuple[str, Any]):
    [endpoint] = converted(command).endpoints

    assert (endpoint.request, (endpoint.body_key, endpoint.body)) == (request_, body)


@pytest.mark.parametrize(
    ("command", "headers"),
    [
        ("curl http://ann:secret@127.0.0.1:9000/x", {"Authorization": "Basic ${BASIC_AUTH}"}),
        ("curl -H 'Accept:' -H 'X-Empty;' HOST/x", {"X-Empty": ""}),
        ("curl -r 0-99 HOST/x", {"Range": "bytes=0-99"}),
        ("curl -b cookies.txt -c jar HOST/x", {}),
        ("curl -b 'sid=secret' HOST/x", {"Cookie": "${COOKIE}"}),
    ],
)
def test_headers(command: str, headers: dict[str, str]):
    proposal = converted(command)

    assert proposal.target == HOST
    assert dict(proposal.endpoints[0].headers) == headers


@pytest.mark.parametrize(
    ("command", "request_", "name"),
    [
        ('curl "$BASE_URL/items"', "GET /items", "GET /items"),
        ("curl ${BASE_URL}/items?a=$A", "GET /items?a=${A}", "GET /items"),
        ("curl http://localhost:$PORT/items/${ID}", "GET /items/${ID}", "GET /items/{ID}"),
        ("curl HOST/items/$ID '-HX-A: ${B}$C'", "GET /items/${ID}", "GET /items/{ID}"),
        ("curl 'HOST/items/$ID'", "GET /items/$ID", "GET /items/$ID"),
    ],
)
def test_variables_of_the_shell_become_those_of_the_file(command: str, request_: str, name: str):
    proposal = converted(command)
    [endpoint] = proposal.endpoints

    assert (endpoint.request, endpoint.name, proposal.target) == (request_, name, HOST if "HOST" in command else "")
    assert dict(endpoint.headers) == ({"X-A": "${{B}}$C"} if "X-A" in command else {})
    assert set(proposal.variables) == {name for name in ("ID", "A") if f"${{{name}}}" in request_}


def test_variables_of_the_shell_in_headers_and_bodies():
    command = 'curl HOST/x -H "Authorization: Bearer $TOKEN" -H "content-type: application/json" -d "{\\"a\\": $ID}"'
    proposal = converted(command)
    [endpoint] = proposal.endpoints

    assert endpoint.headers["Authorization"] == "Bearer ${TOKEN}"
    assert endpoint.body == '{{"a": ${ID}}}'
    assert set(proposal.variables) == {"TOKEN", "ID"}


def test_cookies_of_a_file_are_said_to_be_left_out():
    [omission] = converted("curl -b cookies.txt HOST/x").omissions

    assert (omission.what, omission.why) == (f"cookies of curl {HOST}/x", "they are in a file")


@pytest.mark.parametrize(
    "text",
    [
        "curl HOST/1 && curl HOST/2",
        "curl HOST/1; sudo curl HOST/2",
        "cd folder && curl HOST/1 | jq . && curl HOST/2",
        "for i in 1 2; do curl HOST/1; curl HOST/2; done",
        "curl HOST/1\ncurl HOST/2",
    ],
)
def test_each_command_of_a_line_is_a_request(text: str):
    assert [endpoint.request for endpoint in converted(text).endpoints] == ["GET /1", "GET /2"]


def test_next_begins_another_request():
    first, second = converted("curl -d a=1 HOST/1 --next HOST/2").endpoints

    assert (first.request, second.request, second.body) == ("POST /1", "GET /2", None)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("curl", "has no curl command"),
        ("wget HOST/x", "has no curl command"),
        ("curl 'HOST/x", "No closing quotation"),
        ("curl HOST/items/<id>", "<id> in it is to be replaced"),
        ("curl HOST/x?at=$(date +%s)", r"\$\(date \+%s\) in it is to be replaced"),
        ("curl -T file.bin HOST/x", "in a file"),
        ("curl -d@file HOST/x", "in a file"),
        ("curl --data-urlencode name@file HOST/x", "in a file"),
        ("curl -F f=@cat.png HOST/x", "has files"),
        ("curl -F 'meta={};type=application/json' HOST/x", "part meta has a type of its own"),
        ("curl -H @headers.txt HOST/x", "headers are in a file"),
        ("curl --digest -u a:b HOST/x", "digest"),
        ("curl --unix-socket /run/app HOST/x", "Unix socket"),
    ],
)
def test_what_has_no_equivalent_says_why(command: str, why: str):
    with pytest.raises(UsageError, match=why):
        converted(command)
