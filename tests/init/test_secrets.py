"""Secrets of recordings, logs and commands: they get neither into the file nor into what is said beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perfgate import init
from perfgate.init.proposal import Endpoint, FileProposal
from perfgate.init.secrets import Secrets

HOST = "http://127.0.0.1:9000"
KEY = "ghp_abcdefghijklmnopqrstuvwxyz0123"
JWT = "eyJhbGciOiJI.eyJzdWIiOiIx.abc"
LINK = "4f3a9c0b1d2e4f3a9c0b1d2e"


def converted(text: str, name: str) -> FileProposal:
    return init.convert(init.source("source", text), init.ProposalOptions(unsafe=True), name)


def log_of(*paths: str) -> str:
    return "".join(f'10.0.0.1 - - [01/Jan/2026:10:00:01 +0000] "GET {path} HTTP/1.1" 200 5 "-" "-"\n' for path in paths)


def har_of(title: str = "", **request: Any) -> str:
    entry = {"pageref": "p", "request": {"method": "GET", "url": f"{HOST}/", **request}, "response": {"status": 200}}
    return json.dumps({"log": {"pages": [{"id": "p", "title": title}], "entries": [entry]}})


def multipart(name: str) -> dict[str, Any]:
    part = f'--X\r\nContent-Disposition: form-data; name="{name}"\r\n\r\nhunter2secret\r\n--X--\r\n'
    return {"mimeType": "multipart/form-data; boundary=X", "text": part}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (log_of(f"/verify/{KEY}"), "access-log"),
        (log_of(f"/verify/{JWT}", "/items/1"), "access-log"),
        (log_of(f"/reset-password/{LINK}", f"/reset-password/{LINK[::-1]}"), "access-log"),
        (log_of(*(f"/n{number}" for number in range(30) for _ in "ab"), f"/verify/{JWT}"), "access-log"),
        (f"curl {HOST}/hook/{KEY}", "curl"),
        (f"curl {HOST}/reset/{LINK}", "curl"),
        (f"curl {HOST}/ok\ncurl -T x {HOST}/hook/{KEY}", "curl"),
        (f"curl {HOST}/?key=AIza{LINK}12345678901", "curl"),
        (f"curl {HOST}/?sig=hunter2secret", "curl"),
        (f"""curl {HOST}/login -d '{{"password":"hunter2secret"}}'""", "curl"),
        (f"curl {HOST}/login -d 'a=1&a=2&password=hunter2secret'", "curl"),
        (f"curl {HOST}/login -H 'content-type: text/xml' -d '<a><password>hunter2secret</password></a>'", "curl"),
        (
            f"""curl {HOST}/q --json '{{"query": "mutation {{ in(password: \\"hunter2secret\\") {{ id }} }}"}}'""",
            "curl",
        ),
        (har_of(url=f"{HOST}/hook/{KEY}"), "har"),
        (har_of(f"{HOST}/verify/{KEY}"), "har"),
        (har_of(f"/verify/{KEY}"), "har"),
        (har_of("shop.test/x?token=hunter2secret"), "har"),
        (har_of(method="POST", postData=multipart("password")), "har"),
    ],
)
def test_a_secret_stays_out(text: str, name: str):
    proposal = converted(text, name)
    written = init.write(proposal, init.Context(source="source")) + str(proposal)

    for secret in (KEY, JWT, LINK, LINK[::-1], "hunter2secret"):
        assert secret not in written, written


def only(text: str, name: str) -> Endpoint:
    [endpoint] = converted(text, name).endpoints
    return endpoint


def test_what_is_no_secret_stays_in():
    ids = [f"/invitations/123e4567-e89b-42d3-a456-42661417400{number}" for number in range(3)]
    logged = only(log_of(*ids), "access-log")

    assert len(logged.values["invitation"]["choice"]) == 3
    assert converted(har_of("Reset your password"), "har").journeys[0].name == "Reset your password"
    assert only(f"curl {HOST}/reset/how-to-reset-your-password", "curl").name == "GET /reset/how-to-reset-your-password"


def test_a_text_keeps_all_but_its_secrets():
    secrets = Secrets()

    made = secrets.template("", '{"user": "ann", "password": "x\\"y", "pin": 12, "note": "{a}"}')

    assert made == '{{"user": "ann", "password": "${PASSWORD}", "pin": ${PIN}, "note": "{{a}}"}}'
    assert secrets.template("", f"a {KEY} b {JWT}") == "a ${VALUE} b ${VALUE_2}"
