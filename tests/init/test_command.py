"""`perfgate init` and `perfgate doctor` as they are called, against a service that really runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import forked
import pytest
from init.sources import CURL, DOCUMENTS, EXAMPLES

ROOT = Path(__file__).parent.parent.parent


class _Pets(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        document = with_more((DOCUMENTS / "pets.json").read_text())
        answers = {"/swagger.json": document, "/api/pets": '[{"id": 7}]', "/api/pets/7": '{"id": 7}', "/": "{}"}
        body = answers.get(self.path.partition("?")[0])
        content = (body or "{}").encode()
        self.send_response(200 if body else 302 if self.path == "/api/moved" else 404)
        self.send_header("Location", "/api/pets")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def with_more(document: str) -> str:
    """The document with a request that fails, and one that is sent elsewhere."""
    described = json.loads(document)
    described["paths"] |= {path: {"get": {"responses": {}}} for path in ("/missing", "/moved")}
    return json.dumps(described)


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pets)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def perfgate(folder: Path, *arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PERFGATE", "GITHUB", "CI"))}
    return forked.perfgate(*arguments, cwd=folder, env={**inherited, "KEY": "test-key", **environ}, stdin=stdin)


def test_a_service_that_runs_is_asked_for_its_document_measured_and_examined(service: str, tmp_path: Path):
    done = perfgate(tmp_path, "init", service, "--measure")

    assert done.returncode == 0, done.stderr
    text = (tmp_path / "budgets.yaml").read_text()
    assert f"target: ${{PERFGATE_TARGET:-{service}/api}}" in text
    assert text.count("to propose: budget: {p50: ") == 3, text
    assert "# # answered 404: put values in that exist\n  # GET /missing:\n  #   request: GET /missing\n" in text
    assert "GET /moved:\n    request: GET /moved\n    expect: {status: 302}\n" in text
    assert "left out: GET /missing: answered 404" in done.stderr
    assert perfgate(tmp_path, "check").returncode == 0

    examined = perfgate(tmp_path, "doctor", "--json")

    checks = {check["name"]: check for check in json.loads(examined.stdout)["checks"]}
    assert examined.returncode == 0, examined.stdout
    assert checks["target"] == {
        "name": "target",
        "state": "ok",
        "message": f"{service}/api answers 404",
        "cure": "",
        "code": "",
    }
    assert checks["history"]["message"] == f"readable, 0 runs of {tmp_path.name}"  # the file's name is its folder's
    assert (checks["baseline"]["state"], "no runs yet, 5 are needed" in checks["baseline"]["message"]) == (
        "warning",
        True,
    )


def test_a_file_that_is_there_is_never_written_over_unless_asked(tmp_path: Path):
    (tmp_path / "budgets.yaml").write_text("mine")

    refused = perfgate(tmp_path, "init", "-", stdin=CURL)

    assert (refused.returncode, (tmp_path / "budgets.yaml").read_text()) == (2, "mine")
    assert "--force" in refused.stderr
    assert perfgate(tmp_path, "init", "-", "--force", stdin=CURL).returncode == 0
    assert "GET /search" in (tmp_path / "budgets.yaml").read_text()


def test_a_dry_run_writes_nothing(tmp_path: Path):
    done = perfgate(tmp_path, "init", "-", "--dry-run", "--ci", "gitlab", stdin=CURL)

    assert done.returncode == 0
    assert "GET /search" in done.stdout
    assert "CI_PIPELINE_SOURCE" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_without_a_source_the_folder_is_looked_at(tmp_path: Path):
    (tmp_path / "locustfile.py").write_text(EXAMPLES["locustfile"][1])

    assert perfgate(tmp_path, "init").returncode == 0
    assert "scenarios: [locustfile.py]" in (tmp_path / "budgets.yaml").read_text()


def test_a_target_that_nothing_names_is_said_to_be_assumed(tmp_path: Path):
    (tmp_path / "access.log").write_text(EXAMPLES["access-log"][1])

    assumed, named = perfgate(tmp_path, "init"), perfgate(tmp_path, "init", "--force", "--target", "http://127.0.0.1:9")

    assert "http://127.0.0.1:8000, is assumed; --target" in assumed.stderr
    assert "assumed" not in named.stderr


@pytest.mark.parametrize(
    ("operations", "why"),
    [
        ({"post": {"responses": {}}, "put": {"responses": {}}}, "2 requests may change data"),
        ({"trace": {"responses": {}}}, "TRACE /a: TRACE is not sent by perfgate"),
    ],
)
def test_a_document_of_which_nothing_can_be_sent_makes_no_file(operations: dict[str, object], why: str, tmp_path: Path):
    (tmp_path / "openapi.json").write_text(json.dumps({"openapi": "3.0.0", "paths": {"/a": operations}}))

    done = perfgate(tmp_path, "init", "openapi.json")

    assert done.returncode == 2
    assert f"openapi.json has no request that can be sent: {why}" in done.stderr
    assert ("--unsafe" in done.stderr) is ("may change data" in why)
    assert not (tmp_path / "budgets.yaml").exists()


def test_an_empty_folder_says_what_to_name(tmp_path: Path):
    done = perfgate(tmp_path, "init")

    assert done.returncode == 2
    assert "perfgate init http://127.0.0.1:8000" in done.stderr


def test_a_folder_with_an_application_says_how_to_start_it(tmp_path: Path):
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")

    done = perfgate(tmp_path, "init")

    assert done.returncode == 2
    assert "Start it:  uvicorn main:app --host 127.0.0.1 --port 8000\n" in done.stderr
    assert "perfgate init http://127.0.0.1:8000 --service" in done.stderr


def test_another_file_than_budgets_yaml_keeps_its_own_name(tmp_path: Path):
    assert perfgate(tmp_path, "init", "-", "--budget", "smoke.yaml", stdin=CURL).returncode == 0

    assert "\nname:" not in (tmp_path / "smoke.yaml").read_text()


def test_a_url_elsewhere_is_not_fetched(tmp_path: Path):
    done = perfgate(tmp_path, "init", "http://192.0.2.1/")

    assert (done.returncode, "not this machine" in done.stderr) == (3, True)


def test_a_service_that_is_down_is_said(tmp_path: Path):
    done = perfgate(tmp_path, "init", "http://127.0.0.1:9/")

    assert done.returncode == 2
    assert "does not answer" in done.stderr


@pytest.mark.parametrize(
    ("kind", "path"), [("github", ".github/workflows/performance.yml"), ("gitlab", ".gitlab-ci.yml")]
)
def test_the_workflow_file_is_that_of_the_documentation(kind: str, path: str, tmp_path: Path):
    assert perfgate(tmp_path, "init", "-", "--ci", kind, stdin=CURL).returncode == 0

    written = (tmp_path / path).read_text()
    page = (
        ROOT / "docs" / "workflows" / "performance.yml" if kind == "github" else ROOT / "docs" / "gitlab.md"
    ).read_text()
    assert written in page


def test_the_workflow_remembers_the_branch_that_the_repository_has(tmp_path: Path):
    """Plain `git init` calls it master; a workflow for pushes to main would never remember a run."""
    subprocess.run(["git", "init", "-q", "-b", "master", str(tmp_path)], check=True)
    budget = tmp_path / "budgets.yaml"

    assert perfgate(tmp_path, "init", "-", "--ci", "github", "--service", stdin=CURL).returncode == 2  # nothing seen
    assert perfgate(tmp_path, "init", "-", "--ci", "github", stdin=CURL).returncode == 0

    written = (tmp_path / ".github" / "workflows" / "performance.yml").read_text()
    assert 'branches: ["master"]' in written
    assert "main" not in written.replace("remain", "")
    assert "setup:" not in budget.read_text()


def test_the_service_is_written_with_what_a_fresh_checkout_needs(tmp_path: Path):
    (tmp_path / "package.json").write_text('{"scripts": {"start": "serve --port 3000"}}')

    assert perfgate(tmp_path, "init", "-", "--service", stdin=CURL).returncode == 0

    text = (tmp_path / "budgets.yaml").read_text()
    assert "setup: npm install # with --base-ref" in text
    assert "command: \"npm exec -c 'serve --port ${PORT}'\"" in text


def test_a_gitlab_file_that_is_there_stays_as_it_is(tmp_path: Path):
    (tmp_path / ".gitlab-ci.yml").write_text("mine")

    done = perfgate(tmp_path, "init", "-", "--ci", "gitlab", stdin=CURL)

    assert (tmp_path / ".gitlab-ci.yml").read_text() == "mine"
    assert (tmp_path / ".gitlab" / "perfgate.yml").exists()
    assert "include" in done.stdout


def test_where_no_start_command_is_seen_the_file_shows_how_to_write_one(tmp_path: Path):
    perfgate(tmp_path, "init", "-", stdin="curl http://127.0.0.1:8001/items")
    budgets = tmp_path / "budgets.yaml"
    lines = budgets.read_text().splitlines()
    start = lines.index("# service:")
    lines[start : start + 3] = [line.removeprefix("# ") for line in lines[start : start + 3]]
    budgets.write_text("\n".join(lines))
    assert lines[start + 1 : start + 3] == ["  command: HOW-IT-IS-STARTED --port ${PORT}", "  port: 8001"]
    assert perfgate(tmp_path, "check").returncode == 0

    perfgate(tmp_path, "init", "-", "--force", stdin="curl https://shop.example.org/items")
    assert "service" not in budgets.read_text()  # perfgate starts nothing elsewhere


def test_a_service_is_written_where_it_is_asked_for_and_started_by_doctor(tmp_path: Path):
    (tmp_path / "Procfile").write_text(f"web: exec {sys.executable} -m http.server --bind 127.0.0.1 $PORT\n")

    perfgate(tmp_path, "init", "-", "--target", "http://127.0.0.1:18099", stdin="curl http://localhost/Procfile")
    assert "# service:" in (tmp_path / "budgets.yaml").read_text()
    perfgate(
        tmp_path,
        "init",
        "-",
        "--force",
        "--service",
        "--target",
        "http://127.0.0.1:18099",
        stdin="curl http://x/Procfile",
    )
    done = perfgate(tmp_path, "doctor", "--start")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "service: starts, and /Procfile answers" in done.stdout


def test_doctor_says_what_is_broken_with_its_cure(tmp_path: Path):
    (tmp_path / "budgets.yaml").write_text(
        "version: 1\ntarget: http://127.0.0.1:9\nload: {rate: 1/s, duration: 1s}\n"
        'endpoints: {home: {request: GET /, headers: {Authorization: "Bearer ${NOBODY_SETS_THIS}"}}}\n'
        "history: postgresql://127.0.0.1:9/none\n"
    )

    done = perfgate(tmp_path, "doctor")

    assert done.returncode == 1
    for name in ("variables", "target", "history"):
        assert f"BROKEN  {name}: " in done.stdout, done.stdout
    assert done.stdout.count("BROKEN") == 3
    assert "NOBODY_SETS_THIS" in done.stdout


def test_doctor_without_a_budget_file(tmp_path: Path):
    done = perfgate(tmp_path, "doctor")

    assert done.returncode == 1
    assert "write one: perfgate init" in done.stdout


def test_doctor_in_a_job_of_github_never_shows_the_token_and_knows_that_its_folder_goes(tmp_path: Path):
    (tmp_path / "budgets.yaml").write_text(
        "version: 1\ntarget: http://127.0.0.1:9\nload: {rate: 1/s, duration: 1s}\nendpoints: {home: GET /}\n"
    )
    done = perfgate(
        tmp_path,
        "doctor",
        CI="true",
        GITHUB_ACTIONS="true",
        GITHUB_TOKEN="ghs_secret_token_of_the_job",
        GITHUB_API_URL="http://127.0.0.1:9",
        GITHUB_REPOSITORY="o/r",
        GITHUB_EVENT_NAME="pull_request",
    )

    assert "warning token: http://127.0.0.1:9 does not answer" in done.stdout
    assert "event: pull_request" in done.stdout
    assert "warning history write: .perfgate/history.db is in this job's folder" in done.stdout
    assert "ghs_secret" not in done.stdout + done.stderr
