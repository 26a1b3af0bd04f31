"""What becomes of a new budget file once each of its requests was tried."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from processes import alive

from perfgate import init
from perfgate.init.proposal import Endpoint, FileProposal, ProposedJourney
from perfgate.loadtest import Attempt
from perfgate.model.errors import ServiceError
from perfgate.workflows.steps import trial

LIST = Endpoint(name="list", method="GET", path="/items", captures={"item": "$[0].id"})
ITEM = Endpoint(name="item", method="GET", path="/items/{item}", captures={"author": "$.author"})
AUTHOR = Endpoint(name="author", method="GET", path="/authors/{author}")
HOME = Endpoint(name="home", method="GET", path="/")
PROPOSAL = FileProposal(
    endpoints=(HOME, LIST, ITEM, AUTHOR),
    journeys=(ProposedJourney(name="look", steps=("list", "item", 0.5, "author")),),
)


def tried(proposal: FileProposal, *attempts: Attempt) -> FileProposal:
    quick = {endpoint.name: Attempt(endpoint=endpoint.name, seconds=0.004) for endpoint in proposal.endpoints}
    return trial.set_failures_aside(proposal, quick | {attempt.endpoint: attempt for attempt in attempts})


def aside(proposal: FileProposal) -> dict[str, str]:
    return {item.endpoint.name: item.why for item in proposal.set_aside}


def test_what_is_well_stays_as_it_is():
    assert tried(PROPOSAL) == replace(PROPOSAL, seconds=0.004)


def test_a_failure_is_set_aside_with_its_reason_and_what_to_do():
    sifted = tried(PROPOSAL, Attempt(endpoint="home", seconds=0.01, kind="status", failure="status: 401", status=401))

    assert aside(sifted) == {"home": "answered 401: it needs credentials"}
    assert HOME not in sifted.endpoints


def test_what_takes_long_is_set_aside_with_a_small_weight_and_limits_of_its_own():
    sifted = tried(PROPOSAL, Attempt(endpoint="home", seconds=2.0))
    text = init.write(sifted, init.Context(source="here"))

    assert aside(sifted) == {"home": "takes 2 s, and would hold up the rest: give it a small weight"}
    assert "  # home:\n  #   request: GET /\n  #   weight: 0.01\n  #   budget: {p50: 3s, p95: 6s}\n" in text


def test_what_leads_to_a_login_keeps_its_weight():
    sifted = tried(PROPOSAL, Attempt(endpoint="home", seconds=0.002, status=302, location="/login"))

    assert aside(sifted) == {"home": "sends to /login: it needs credentials"}
    assert sifted.set_aside[0].endpoint.weight == HOME.weight


def test_what_needs_a_value_of_it_goes_as_well():
    sifted = tried(PROPOSAL, Attempt(endpoint="list", seconds=0.01, kind="status", failure="status: 500", status=500))

    assert list(aside(sifted)) == ["list", "item", "author"]
    assert aside(sifted)["author"] == "needs {author} from the answer of item, which has none"
    assert (sifted.endpoints, sifted.journeys) == ((HOME,), ())


def test_an_empty_list_is_no_failure_but_gives_no_value():
    empty = Attempt(endpoint="list", seconds=0.01, kind="expectation", failure="capture item: nothing", status=200)

    sifted = tried(PROPOSAL, empty)

    assert sifted.endpoints == (HOME, replace(LIST, captures={}))
    assert list(aside(sifted)) == ["item", "author"]


def test_a_redirect_is_expected_unless_it_leads_to_a_login():
    moved, login = (
        tried(PROPOSAL, Attempt(endpoint="home", seconds=0.01, status=302, location=where))
        for where in ("/new", "/accounts/login/?next=/")
    )

    assert moved.endpoints[0].expect == {"status": 302}
    assert aside(login) == {"home": "sends to /accounts/login/: it needs credentials"}


def test_limits_and_rate_fit_what_takes_its_time():
    busy = replace(PROPOSAL, endpoints=(HOME,), journeys=())
    text = init.write(tried(busy, Attempt(endpoint="home", seconds=0.5)), init.Context(source="here"))

    assert "  # took 500 ms, sent alone\n  home:\n    request: GET /\n    budget: {p50: 750ms, p95: 1.5s}\n" in text
    assert "  rate: 1/s" in text


def test_a_hostile_reason_stays_a_comment():
    failure = "capture x: \n  evil: {request: GET /}\u2028  evil:"
    sifted = tried(PROPOSAL, Attempt(endpoint="home", seconds=0.1, kind="protocol", failure=failure))
    text = init.write(sifted, init.Context(source="here"))

    assert [line for line in text.splitlines() if "evil" in line and not line.startswith("  # # ")] == []


# ---- with a service that is started for it

SERVICE = """
import http.server, os, sys
from pathlib import Path

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        Path("asked").open("a").write(self.path + "\\n")
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_): pass

Path("pid").write_text(str(os.getpid()))
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
FILE = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "{python} {command}", port: {port}, ready: /}}
load: {{rate: 10/s, duration: 10s}}
endpoints: {{home: GET /, lost: GET /lost}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def service_file(port: int, command: str = "service.py ${PORT}") -> str:
    return FILE.format(port=port, python=sys.executable, command=command)


def test_the_service_is_started_in_the_folder_of_the_file_and_stopped(tmp_path: Path):
    (tmp_path / "service.py").write_text(SERVICE)

    made = trial.attempts(service_file(free_port()), tmp_path, dict(os.environ))

    assert (made["home"].status, made["home"].failure) == (200, "")
    assert (made["lost"].status, made["lost"].kind) == (404, "status")
    assert set((tmp_path / "asked").read_text().split()) == {"/", "/lost"}
    assert not alive(int((tmp_path / "pid").read_text()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["asked", "pid", "service.py"]


def test_a_service_that_does_not_start_is_named_with_its_last_words(tmp_path: Path):
    text = service_file(free_port(), "-c 'print(1); raise SystemExit(3)'")

    with pytest.raises(ServiceError, match="exit code 3"):
        trial.attempts(text, tmp_path, dict(os.environ))
    assert list(tmp_path.iterdir()) == []
