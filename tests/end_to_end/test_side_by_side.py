"""`perfgate run --base-ref` and `--base`: base and head beside each other, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import servers
from hosts import workers
from processes import alive, descendants, wait_for
from projects import ENVIRONMENT, Project, free_port

# What it serves it writes down, a byte per request and a file per arm. A repository says how slow `/slow` is.
SERVICE = """
import os, signal, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ARM = os.environ.get("PERFGATE_ARM", "alone")
SLOW = float(Path("slow.txt").read_text())
COUNTS = os.open(Path(os.environ["COUNTS"]) / ARM, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path == "/ready":
            return self.answer(b"ready")
        os.write(COUNTS, b".")
        if self.path == "/slow":
            time.sleep(SLOW)
        if self.path == "/login":
            return self.answer(b"{}", cookie=f"arm={ARM}")
        if self.path == "/mine" and f"arm={ARM}" not in self.headers.get("Cookie", ""):
            return self.answer(b"whose?", status=403)
        self.answer(b'{"arm": "%s"}' % ARM.encode())

    def answer(self, body, status=200, cookie=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

class Server(ThreadingHTTPServer):
    request_queue_size = 100

def end(*_):
    time.sleep(float(os.environ.get("LINGER", "0")))
    os._exit(0)

signal.signal(signal.SIGTERM, end)
print("serving as", ARM, flush=True)
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

BUDGETS = """
version: 1
target: http://127.0.0.1:{port}
service: {{command: "exec python3 app.py ${{PORT}}", port: {port}, ready: /ready{service}}}
load: {{{load}}}
endpoints:
  quick: {{request: GET /quick, budget: {{p95: 2s +50%, errors: 1%}}}}
  slow: {{request: GET /slow, budget: {{p50: 2s +50%}}}}
"""
LOAD = "rate: 100/s, warmup: 500ms, duration: 2s"


class Repository(Project):
    """A project in a git repository, its `main` with a fast `/slow`, its work tree with a slower one."""

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        command = ["git", *identity, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def budgets(self, load: str = LOAD, service: str = "", more: str = "") -> None:
        self.write(BUDGETS.format(port=free_port(), load=load, service=service) + more)

    def served(self, arm: str) -> int:
        path = self.counts / arm
        return path.stat().st_size if path.exists() else 0

    @property
    def counts(self) -> Path:
        return self.folder.parent / "counts"

    def compare(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.perfgate("run", "--base-ref", "main", *arguments, COUNTS=str(self.counts), TMPDIR=str(self.scratch))

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        where = {"COUNTS": str(self.counts), "TMPDIR": str(self.scratch)}
        return self.start("run", "--base-ref", "main", *arguments, **where)

    @property
    def scratch(self) -> Path:
        return self.folder.parent / "scratch"

    def untouched(self) -> bool:
        """No worktree, no temporary file, and index, branches and files as they were."""
        assert self.git("worktree", "list").count("\n") == 0
        assert not (self.folder / ".git" / "worktrees").exists()
        assert list(self.scratch.iterdir()) == []
        return self.git("status", "--porcelain") == self.before


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    project = Repository(tmp_path / "shop")
    project.folder.mkdir()
    for folder in (project.counts, project.scratch):
        folder.mkdir()
    project.git("init", "--quiet", "--initial-branch", "main")
    project.write(SERVICE, "app.py")
    project.write("0.002", "slow.txt")
    project.write(".perfgate\n", ".gitignore")
    project.git("add", ".")
    project.git("commit", "--quiet", "--message", "fast")
    project.write("0.030", "slow.txt")
    project.budgets()
    project.before = project.git("status", "--porcelain")
    return project


def results(run: dict[str, Any], arm: str) -> dict[str, dict[str, Any]]:
    endpoints = run["endpoints"] if arm == "head" else run["arms"][0]["endpoints"]
    return {one["name"]: one for one in endpoints}


def requests(run: dict[str, Any], arm: str) -> int:
    return sum(one["requests"] for one in results(run, arm).values() if one["kind"] == "endpoint")


@pytest.mark.load
@pytest.mark.parametrize(("load", "processes"), [(LOAD, "1"), ("users: 4, warmup: 500ms, duration: 2s", "2")])
def test_base_and_head_get_every_request_at_random(repository: Repository, load: str, processes: str):
    repository.budgets(load)

    done = repository.compare("--processes", processes)

    assert done.returncode in (0, 1), done.stderr  # 0: a machine too busy to decide in two seconds
    run = repository.run()
    commit = repository.git("rev-parse", "main")
    assert f"base {commit[:7]} (main) and head {commit[:7]} (work tree) beside each other, 2.5 s" in done.stderr
    assert [(one["name"], one["ref"], one["commit"]) for one in run["arms"]] == [
        ("base", "main", commit),
        ("head", "work tree", commit),
    ]
    assert run["arms"][1]["target"] == run["target"] != run["arms"][0]["target"]
    both = {arm: requests(run, arm) for arm in ("base", "head")}
    served = repository.served("base") + repository.served("head")
    assert sum(both.values()) + run["warmup_requests"] + run["after_requests"] == served
    share = both["base"] / sum(both.values())
    assert abs(share - 0.5) < 5 * (0.25 / sum(both.values())) ** 0.5
    medians = {arm: results(run, arm)["slow"]["metrics"]["p50"] for arm in both}
    assert medians["head"] > max(0.030, medians["base"])
    found = {(one["endpoint"], one["metric"]): one for one in repository.verdict()["findings"]}
    assert found["slow", "p50"]["compared"] == "base"
    assert found["slow", "p50"]["outcome"] == ("fail" if done.returncode else "inconclusive")
    assert found["slow", "p50"]["baseline"] == medians["base"]
    assert f"base {commit[:7]} (main) and head {commit[:7]} (work tree)" in " ".join(done.stdout.split())
    assert all(one["failures"] == 0 for arm in both for one in results(run, arm).values())
    for arm in both:
        log = (repository.runs[-1] / f"service-{arm}.log").read_text()
        assert log.startswith(f"serving as {arm}\n")  # and, where the end of the load cut a request off, that
    assert repository.untouched()


def test_without_warm_up_recorded_is_served_in_each_arm(repository: Repository):
    repository.budgets("rate: 100/s, duration: 2s")

    repository.compare()

    run = repository.run()
    for arm in ("base", "head"):
        assert requests(run, arm) == repository.served(arm) > 60


def test_logins_and_captures_stay_in_their_arm(repository: Repository):
    text = """
  log in: {request: GET /login, weight: 0}
  mine: {request: GET /mine, login: log in, expect: {json: {"$.arm": {exists: true}}}}
  first: {request: GET /first, weight: 0, capture: {arm: $.arm}}
  second: {request: "GET /second?{arm}", weight: 0, capture: {again: $.arm}}
journeys:
  walk: {steps: [first, second, {think: 20ms}, second], budget: {errors: 1%}}
"""
    repository.budgets("users: 3, duration: 2s", more=text)

    done = repository.compare()

    assert done.returncode in (0, 1), done.stderr
    run = repository.run()
    for arm in ("base", "head"):
        found = results(run, arm)
        assert found["log in"]["requests"] <= 3
        assert found["mine"]["requests"] > 0
        inside = found["walk"]["requests"] - 3  # each user's last walk may end after the measured time
        assert found["second"]["requests"] in range(2 * inside, 2 * found["first"]["requests"] + 1)
        assert found["walk"]["requests"] > 0
        assert sum(one["failures"] for one in found.values()) == 0


def test_restarts_make_one_run_of_several_parts(repository: Repository):
    repository.budgets("rate: 100/s, warmup: 300ms, duration: 3s")

    done = repository.compare("--restarts", "2")

    assert done.returncode in (0, 1), done.stderr
    run = repository.run()
    assert "restarted 2 times, 3.9 s" in done.stderr
    assert run["duration"] == 3.0
    assert run["generator"]["due"] == 300
    assert 0 < run["warmup_requests"] <= 90
    assert requests(run, "base") + requests(run, "head") == run["generator"]["sent"] > 100
    assert repository.served("base") + repository.served("head") == run["generator"]["sent"] + run["warmup_requests"]
    for arm in ("base", "head"):
        logs = sorted(path.name for path in repository.runs[-1].glob(f"service-{arm}*"))
        assert logs == [f"service-{arm}-{part}.log" for part in (1, 2, 3)]
    assert repository.untouched()


@pytest.mark.load
@pytest.mark.parametrize("mode", ["history", "base and head"])
def test_an_inconclusive_run_is_prolonged_until_it_is_decided(repository: Repository, mode: str):
    """That less than 3 % fail takes 134 requests without a failure where there may be three looks. 2 s have 100."""
    arms = 2 if mode == "base and head" else 1
    load = f"rate: {50 * arms}/s, warmup: 500ms, duration: 2s"
    repository.budgets(load, more="gate: {extend: 8s, sensitivity: limit}\n")
    path = repository.folder / "budgets.yaml"
    path.write_text(path.read_text().replace("{p95: 2s +50%, errors: 1%}", "{errors: 3%}"))

    if arms == 2:
        done = repository.compare("--only", "quick")
    else:
        done = repository.perfgate("run", "--only", "quick", COUNTS=str(repository.counts))

    assert done.returncode == 0, done.stderr
    run, verdict = repository.run(), repository.verdict()
    assert "After 2 s not decided: quick errors. The load goes on for 2 s" in done.stderr
    assert (run["duration"], run["looks"], run["prolonged"]) == (4, 3, 2)
    assert run["restarts"] == 1
    assert run["generator"]["sent"] <= run["generator"]["due"] == 200 * arms
    assert [one["outcome"] for one in verdict["findings"]] == ["pass"]
    assert "Not decided after 2 s, so the load was prolonged to 4 s" in verdict["notes"][0]
    assert (repository.runs[-1] / "windows.jsonl.gz").exists()


@pytest.mark.load
def test_a_range_of_time_ends_when_everything_is_decided(repository: Repository):
    """That less than 3 % fail takes 134 requests without a failure where there may be three looks. 2 s have 100."""
    repository.budgets("rate: 50/s, warmup: 500ms, duration: 2s..8s", more="gate: {sensitivity: limit}\n")
    path = repository.folder / "budgets.yaml"
    path.write_text(path.read_text().replace("{p95: 2s +50%, errors: 1%}", "{errors: 3%}"))

    done = repository.perfgate("run", "--only", "quick", COUNTS=str(repository.counts))

    assert done.returncode == 0, done.stderr
    assert "Ends when everything is decided, after 2 s to 8 s\n" in done.stderr
    assert "After 2 s not decided: quick errors. The load goes on for 2 s" in done.stderr
    run, verdict = repository.run(), repository.verdict()
    assert (run["duration"], run["looks"], run["prolonged"]) == (4, 3, 2)
    assert run["generator"]["sent"] <= run["generator"]["due"] == 200
    assert [one["outcome"] for one in verdict["findings"]] == ["pass"]
    assert any("prolonged to 4 s (`load.duration`)" in note for note in verdict["notes"])


def test_what_is_decided_at_once_or_never_is_not_prolonged(repository: Repository):
    repository.budgets("rate: 100/s, warmup: 500ms, duration: 2s", more="gate: {extend: 1m}\n")
    path = repository.folder / "budgets.yaml"
    path.write_text(path.read_text().replace("{p95: 2s +50%, errors: 1%}", "{errors: 40%}"))

    done = repository.compare("--only", "quick")

    assert done.returncode == 0, done.stderr
    assert "not decided" not in done.stderr
    assert (repository.run()["duration"], repository.run()["prolonged"]) == (2, 0)
    assert repository.untouched()


@pytest.mark.load
def test_blocks_load_one_arm_at_a_time(repository: Repository):
    repository.budgets("rate: 100/s, duration: 2s, arrivals: even")

    repository.compare("--blocks", "500ms")

    run = repository.run()
    assert {arm: requests(run, arm) for arm in ("base", "head")} == {"base": 100, "head": 100}


def test_setup_runs_in_a_virtual_environment_of_each_checkout(repository: Repository):
    tell = 'python -c "import sys; print(sys.prefix)" > prefix.txt; cp prefix.txt $COUNTS/prefix-$(cat slow.txt)'
    repository.budgets("rate: 50/s, duration: 1s", service=f", setup: '{tell}'")

    done = repository.compare()

    assert done.returncode in (0, 1), done.stderr
    prefixes = {(repository.counts / f"prefix-{slow}").read_text() for slow in ("0.002", "0.030")}
    assert len(prefixes) == 2
    assert all(Path(prefix).is_relative_to(repository.scratch) for prefix in prefixes)
    assert "Set up the base in" in done.stderr
    assert (repository.folder / "prefix.txt").exists()
    assert list(repository.scratch.iterdir()) == []


def test_a_setup_that_fails_shows_its_output(repository: Repository):
    repository.budgets(service=", setup: 'echo no such wheel; exit 3'")

    done = repository.compare()

    assert done.returncode == 3
    assert "`setup` of the base failed, with exit code 3" in done.stderr
    assert "| no such wheel" in done.stderr
    assert (repository.runs[-1] / "setup-base.log").read_text() == "no such wheel\n"
    assert repository.untouched()


def test_a_base_that_does_not_start_is_named(repository: Repository):
    repository.git("stash")
    repository.write("raise SystemExit('the base is broken')", "app.py")
    repository.git("commit", "--quiet", "--all", "--message", "broken")
    repository.write(SERVICE, "app.py")
    repository.budgets()
    repository.before = repository.git("status", "--porcelain")

    done = repository.compare()

    assert done.returncode == 3
    assert "The base's service ended at once, with exit code 1" in done.stderr
    assert "the base is broken" in done.stderr
    assert repository.served("head") == 0
    assert repository.untouched()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_stops_both_services_and_removes_the_worktree(
    repository: Repository, number: signal.Signals, code: int
):
    repository.budgets("rate: 50/s, duration: 60s")
    process = repository.begin()
    wait_for(lambda: repository.served("base") > 5 and repository.served("head") > 5, "load in both arms")
    children = descendants(process.pid)
    process.send_signal(number)
    _, errors = process.communicate(timeout=120)

    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert len(children) >= 3
    assert not [pid for pid in children if alive(pid)]
    assert repository.untouched()
    assert not list(repository.runs[-1].glob("verdict.json"))


def test_impatience_leaves_nothing_behind_either(repository: Repository):
    """CI systems send SIGINT, and SIGTERM soon after, while the services take their time to end."""
    repository.budgets("rate: 50/s, duration: 60s", service=", env: {LINGER: '1'}")
    process = repository.begin()
    wait_for(lambda: repository.served("base") > 5 and repository.served("head") > 5, "load in both arms")
    children = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    while process.poll() is None:
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=120)

    assert process.returncode in (130, 143, -signal.SIGTERM)  # the last: in the interpreter's last moments
    wait_for(lambda: not [pid for pid in children if alive(pid)], "the end of all children")
    assert repository.untouched()


def test_an_interrupted_setup_leaves_nothing_behind(repository: Repository):
    repository.budgets(service=", setup: 'touch $COUNTS/began; sleep 60'")
    process = repository.begin()
    wait_for(lambda: (repository.counts / "began").exists(), "the setup")
    children = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)

    assert process.returncode == 130, errors
    assert not [pid for pid in children if alive(pid)]
    assert repository.untouched()


def test_a_ref_that_is_not_there(repository: Repository):
    done = repository.perfgate("run", "--base-ref", "nowhere", COUNTS=str(repository.counts))

    assert done.returncode == 2
    assert "--base-ref nowhere: there is no such branch, tag or commit here, nor at origin" in done.stderr
    assert "fetch-depth: 0" in done.stderr


def test_a_shallow_clone_fetches_the_base(repository: Repository, tmp_path: Path):
    repository.git("switch", "--quiet", "--create", "faster")
    repository.git("commit", "--quiet", "--all", "--message", "slower")
    head = repository.git("rev-parse", "HEAD")
    clone = Repository(tmp_path / "clone")
    source = f"file://{repository.folder}"
    command = ["git", "clone", "--quiet", "--depth=1", "--single-branch", "--branch=faster", source, "clone"]
    subprocess.run(command, cwd=tmp_path, check=True)
    clone.git("checkout", "--quiet", "--detach")
    clone.budgets("rate: 50/s, duration: 1s")
    clone.before = clone.git("status", "--porcelain")

    done = clone.compare()

    assert done.returncode in (0, 1), done.stderr
    base, ours = clone.run()["arms"]
    assert base["commit"] == repository.git("rev-parse", "main")
    assert ours["commit"] == clone.git("rev-parse", "HEAD") == head
    assert clone.untouched()


@pytest.mark.parametrize(
    ("budgets", "arguments", "said"),
    [
        ("exec python3 app.py {port}", (), "Let the command take its port as ${PORT}"),
        ("", (), "has no `service` to start"),
        (None, ("--base", "http://127.0.0.1:1"), "two bases"),
        (None, ("--target", "http://127.0.0.1:1"), "--target URL --base URL"),
        (None, ("--restarts", "3"), "2 s of load cannot be split into 4 parts"),
        (None, ("--blocks", "5"), "--blocks 5:"),
    ],
)
def test_what_cannot_be_done_is_a_wrong_argument(
    repository: Repository, budgets: str | None, arguments: tuple[str, ...], said: str
):
    if budgets is not None:
        port = free_port()
        text = BUDGETS.format(port=port, load=LOAD, service="")
        service = next(line for line in text.splitlines() if line.startswith("service"))
        command = budgets.format(port=port)
        repository.write(text.replace(service, f"service: {{command: {command}, port: {port}}}" if command else ""))

    done = repository.compare(*arguments)

    assert done.returncode == 2, done.stderr
    assert said in done.stderr


def test_outside_a_repository(project: Project):
    port = free_port()
    project.write(BUDGETS.format(port=port, load=LOAD, service=""))

    done = project.perfgate("run", "--base-ref", "main", GIT_CEILING_DIRECTORIES=str(project.folder.parent))

    assert done.returncode == 2
    assert "--base-ref needs a git repository" in done.stderr
    assert "--base URL" in done.stderr


ONE = """
version: 1
target: {target}
load: {{rate: 100/s, duration: 2s}}
endpoints:
  home: {{request: GET /, budget: {{p50: 2s +50%}}}}
"""


def test_two_deployments_that_run_already(project: Project):
    with servers.serving(servers.answering(200)) as (base, one), servers.serving(servers.answering(200)) as (url, two):
        project.write(ONE.format(target=url))
        done = project.perfgate("run", "--base", base)

    assert done.returncode in (0, 1), done.stderr
    run = project.run()
    assert [arm["target"] for arm in run["arms"]] == [base, url]
    assert f"base {base} and head {url} beside each other, 2 s" in done.stderr
    assert requests(run, "base") == one.requests > 60
    assert requests(run, "head") == two.requests == 200 - one.requests


def test_load_on_the_base_must_be_allowed_too(project: Project):
    project.write(ONE.format(target="http://127.0.0.1:1"))

    done = project.perfgate("run", "--base", "http://192.0.2.1")

    assert done.returncode == 3
    assert "192.0.2.1 is not this machine" in done.stderr


def test_an_interrupted_test_of_deployments_keeps_both_arms(project: Project):
    with servers.serving(servers.answering(200)) as (base, one), servers.serving(servers.answering(200)) as (url, two):
        project.write(ONE.format(target=url).replace("duration: 2s", "duration: 60s"))
        process = project.start("run", "--base", base)
        wait_for(lambda: one.requests > 20 and two.requests > 20, "load")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)

    assert process.returncode == 130, errors
    run = project.run()
    assert run["interrupted"] is True
    assert requests(run, "base") + requests(run, "head") + run["unfinished"] == one.requests + two.requests
    assert requests(run, "base") > 0 < requests(run, "head")


PLAIN = """
from locust import HttpUser, task

class Plain(HttpUser):
    @task
    def home(self):
        self.client.get("/")
"""
OWN = """
from locust import task
from perfgate.runtime import Endpoint, Visitor

home = Endpoint("home", "GET", "/")

class Own(Visitor):
    def on_start(self):
        self.values["met"] = self._arm.name

    @task
    def at_home(self):
        assert self.values["met"] == self._arm.name
        self.send(home)
"""


@pytest.mark.parametrize("load", ["rate: 50/s", "users: 2"])
def test_hand_written_scenarios_take_part_as_visitors_only(project: Project, load: str):
    with servers.serving(servers.answering(200)) as (base, _), servers.serving(servers.answering(200)) as (url, _two):
        text = ONE.format(target=url).replace("rate: 100/s, duration: 2s", f"{load}, duration: 1s")
        project.write(text.replace("request: GET /, ", "") + "scenarios: [own.py]\n")
        project.write(PLAIN, "own.py")
        refused = project.perfgate("run", "--base", base)
        project.write(OWN, "own.py")
        done = project.perfgate("run", "--base", base)

    assert refused.returncode == 2
    assert "Plain is a user of Locust's own kind" in refused.stderr
    assert done.returncode in (0, 1), done.stdout + done.stderr
    run = project.run()
    assert all(requests(run, arm) > 0 for arm in ("base", "head"))
    assert not run["warnings"]


def test_an_a_b_run_is_kept_but_is_no_baseline(project: Project):
    with servers.serving(servers.answering(200)) as (base, _), servers.serving(servers.answering(200)) as (url, _two):
        project.write(
            ONE.format(target=url).replace("duration: 2s", "duration: 1s") + "gate: {baseline: {min_runs: 1}}\n"
        )
        project.perfgate("run", "--base", base)
        project.perfgate("run")

    assert len(project.perfgate("history", "list").stdout.split("budgets")) == 3
    [finding] = project.verdict()["findings"]
    assert finding["baseline_runs"] == 0


def test_the_workers_of_another_machine_serve_both_arms(project: Project):
    port = free_port()
    with (
        servers.serving(servers.answering(200)) as (base, one),
        servers.serving(servers.answering(200)) as (url, two),
        workers(2, port),
    ):
        project.write(ONE.format(target=url))
        fleet = ("--workers", "2", "--master-host", "127.0.0.1", "--master-port", str(port))
        done = project.perfgate("run", "--base", base, *fleet)

    assert done.returncode in (0, 1), done.stderr
    run = project.run()
    assert (requests(run, "base"), requests(run, "head")) == (one.requests, two.requests)
    assert one.requests + two.requests == run["generator"]["sent"] <= run["generator"]["due"] == 200
    assert os.path.exists(project.runs[-1] / "windows.jsonl.gz")
