"""`perfgate run --base-ref auto`: each side started in its own way, and the history where there is no base."""

from __future__ import annotations

from pathlib import Path

import pytest
from projects import Project, free_port
from test_side_by_side import Repository, results

# How it is started changed from `old.py PORT` to `new.py --listen PORT`, and the new one has one more path.
APP = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        known = self.path in PATHS
        time.sleep(SLEEP)
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 100
"""
OLD = (
    APP
    + """
PATHS, SLEEP = ("/", "/items"), 0.002
if sys.argv[1:2] == ["--listen"]:
    sys.exit("what is --listen?")
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
)
NEW = (
    APP
    + """
PATHS, SLEEP = ("/", "/items", "/new"), 0.030
Server(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
"""
)
BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "exec python3 {command}", port: {port}}}
load: {{rate: 60/s, duration: 2s}}
gate: {{probe: false}}
endpoints:
  items: {{request: GET /items, budget: {{p50: 2s +50%}}}}
"""
NEW_ENDPOINT = """
  new: {request: GET /new, weight: 0, budget: {p50: 2s +50%, errors: +5pp}}
journeys:
  look: {steps: [items, new], budget: {p95: 5s +50%}}
"""


def budgets(command: str) -> str:
    return BUDGETS.format(port=free_port(), command=command)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """On `topic`, whose start command differs from that of `master`."""
    project = Repository(tmp_path / "shop")
    project.folder.mkdir()
    project.git("init", "--quiet", "--initial-branch", "master")
    project.write(OLD, "old.py")
    project.write(budgets("old.py ${PORT}"))
    project.write(".perfgate\n", ".gitignore")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "old")
    project.git("switch", "--quiet", "--create", "topic")
    project.git("rm", "--quiet", "old.py")
    project.write(NEW, "new.py")
    project.write(budgets("new.py --listen ${PORT}") + NEW_ENDPOINT)
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "new")
    return project


def test_each_side_starts_in_its_own_way_and_new_endpoints_are_told(repository: Repository):
    done = repository.perfgate("run", "--base-ref", "auto")

    run, verdict = repository.run(), repository.verdict()
    master = repository.git("rev-parse", "master")
    assert f"base {master[:7]} (merge base with master)" in done.stderr
    assert [arm["commit"] for arm in run["arms"]] == [master, repository.git("rev-parse", "topic")]
    assert run["arms"][0]["absent"] == ["look", "new"]
    assert results(run, "base")["items"]["failures"] == 0 < results(run, "base")["items"]["requests"]
    assert results(run, "base")["items"]["metrics"]["p50"] < results(run, "head")["items"]["metrics"]["p50"]
    found = {(one["endpoint"], one["metric"]): one for one in verdict["findings"]}
    assert found["items", "p50"]["compared"] == "base"
    for key in (("new", "p50"), ("new", "errors"), ("look", "p95")):
        assert (found[key]["outcome"], found[key]["reason"]) == ("no-baseline", "new-in-this-branch")
    assert "new in this branch" in found["new", "p50"]["sentence"]
    assert f"--base-ref {master}" in (repository.runs[-1] / "report.md").read_text()


def test_a_base_that_does_not_start_leaves_the_history_and_a_note(repository: Repository):
    repository.git("switch", "--quiet", "master")
    repository.write("raise SystemExit('the base is broken')", "old.py")
    repository.git("commit", "--quiet", "--all", "--message", "broken")
    repository.git("switch", "--quiet", "--create", "next")
    repository.write(NEW, "new.py")
    repository.write(budgets("new.py --listen ${PORT}"))
    repository.git("add", ".")
    repository.git("commit", "--quiet", "--message", "new")

    done = repository.perfgate("run", "--base-ref", "auto")

    assert done.returncode == 0, done.stderr
    assert repository.run()["arms"] == []
    assert repository.verdict()["notes"][0].startswith(
        "Compared with the history, not with the base: The base's service ended at once, with exit code 1."
    )
    assert "the base is broken" in done.stderr


def test_a_base_without_a_service_leaves_the_history_and_a_note(repository: Repository):
    repository.git("switch", "--quiet", "--create", "bare", "master")
    repository.git("rm", "--quiet", "budgets.yaml")
    repository.git("commit", "--quiet", "--message", "none")
    repository.git("branch", "--quiet", "--force", "master", "bare")
    repository.git("switch", "--quiet", "--create", "next")
    repository.write(NEW, "new.py")
    repository.write(budgets("new.py --listen ${PORT}"))
    repository.git("add", ".")
    repository.git("commit", "--quiet", "--message", "first budgets")

    done = repository.perfgate("run", "--base-ref", "auto")

    assert done.returncode == 0, done.stderr
    assert "has no `service` in its budget file" in repository.verdict()["notes"][0]


def test_the_base_itself_is_compared_with_the_history(repository: Repository):
    repository.git("switch", "--quiet", "master")

    done = repository.perfgate("run", "--base-ref", "auto")

    assert done.returncode == 0, done.stderr
    assert "this checkout is the base itself" in done.stderr
    assert (repository.run()["arms"], repository.run()["branch"]) == ([], "master")
    assert not any("base" in note for note in repository.verdict()["notes"])


def test_without_a_service_there_is_nothing_to_start(project: Project):
    project.write(budgets("none").replace("service:", "# service:"))

    done = project.perfgate("run", "--base-ref", "auto")

    assert done.returncode == 3
    assert "without a `service` to start, there is no base to measure" in done.stderr


def test_what_was_said_in_so_many_words_comes_before_auto(project: Project):
    project.write(budgets("none"))

    done = project.perfgate("run", "--target", "http://127.0.0.1:1", PERFGATE_BASE_REF="auto")

    assert done.returncode == 3
    assert "--target (PERFGATE_TARGET) has no say" not in done.stderr


def test_node_modules_that_a_checkout_lacks_are_hinted_at(repository: Repository):
    repository.git("switch", "--quiet", "--create", "node", "topic")
    repository.git("branch", "--quiet", "--force", "master", "topic")
    repository.write("{}", "package.json")
    repository.write("raise SystemExit('Cannot find module express')", "new.py")
    repository.git("add", ".")
    repository.git("commit", "--quiet", "--message", "node")
    repository.git("branch", "--quiet", "--force", "master", "node")
    repository.write(NEW, "new.py")

    done = repository.perfgate("run", "--base-ref", "HEAD")
    auto = repository.perfgate("run", "--base-ref", "auto")

    advice = "The base's checkout has no node_modules: `service: {setup: npm ci}` installs them in each arm."
    assert done.returncode == 3
    assert advice in done.stderr
    assert auto.returncode == 0
    assert repository.verdict()["notes"][0].startswith("Compared with the history, not with the base: ")
    assert advice in repository.verdict()["notes"][0]
