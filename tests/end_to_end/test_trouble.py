"""What goes wrong: each trouble has a clear message and the right exit code, and nothing is lost."""

from __future__ import annotations

import signal

import pytest
import servers
from processes import alive, command, descendants, wait_for
from projects import Project, free_port

ONE = """
version: 1
target: {target}
load: {{rate: 20/s, duration: 1s}}
defaults: {{timeout: 60s}}
endpoints:
  home: {{request: GET /, budget: {{p95: 9s, errors: 1%}}}}
"""


def outcomes(project: Project) -> dict[str, str]:
    return {one["metric"]: one["outcome"] for one in project.verdict()["findings"]}


def test_a_target_that_is_down_is_no_measurement(project: Project):
    port = free_port()
    project.write(ONE.format(target=f"http://127.0.0.1:{port}"))

    done = project.perfgate("run")

    assert done.returncode == 3
    assert f"cannot connect to 127.0.0.1 port {port} (connection refused)" in done.stderr
    assert "--target" in done.stderr


def test_a_target_that_hangs_counts_at_the_timeout(project: Project):
    with servers.serving(servers.hangs) as (url, server):
        text = ONE.format(target=url).replace("timeout: 60s", "timeout: 2s")  # in which a busy machine connects
        project.write(text.replace("p95: 9s", "p95: 200ms"))
        done = project.perfgate("run")

    home = project.run()["endpoints"][0]
    assert done.returncode == 1, done.stderr
    assert home["failures_by_kind"] == {"timeout": 20} == {"timeout": server.requests}
    assert home["metrics"]["p95"] >= 1.98
    assert outcomes(project) == {"p95": "fail", "errors": "fail"}
    assert "no complete answer within 2 s" in done.stdout


def test_a_target_that_resets_connections_fails_by_errors_and_has_no_latency(project: Project):
    with servers.serving(servers.resets) as (url, _):
        project.write(ONE.format(target=url))
        done = project.perfgate("run")

    assert done.returncode == 1, done.stderr
    assert project.run()["endpoints"][0]["failures_by_kind"] == {"connection": 20}
    assert outcomes(project) == {"p95": "no-data", "errors": "fail"}
    assert "connection reset" in done.stdout


def test_all_errors_never_pass_a_latency_budget(project: Project):
    with servers.serving(servers.answering(503)) as (url, _):
        project.write(ONE.format(target=url).replace(", errors: 1%", ""))
        done = project.perfgate("run")

    assert done.returncode == 3, done.stderr
    assert outcomes(project) == {"p95": "no-data"}
    assert "all 20 requests failed (20 unexpected status; for example status: 503)" in " ".join(done.stdout.split())


def test_fast_errors_do_not_improve_the_percentile(project: Project):
    def half(behaviour: servers.Behaviour, connection: object) -> None:
        while behaviour.read(connection):
            bad = behaviour.requests % 2
            behaviour.over.wait(0.0 if bad else 0.1)
            connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % (500 if bad else 200))

    with servers.serving(half) as (url, _):
        project.write(ONE.format(target=url))
        done = project.perfgate("run")

    home = project.run()["endpoints"][0]
    assert done.returncode == 1
    assert home["failures_by_kind"] == {"status": 10}
    assert home["samples"] == 10
    assert home["metrics"]["p50"] >= 0.098


@pytest.mark.parametrize("name", ["budgets.yaml", "missing/elsewhere.yaml"])
def test_a_missing_budget_file_is_a_wrong_argument(project: Project, name: str):
    done = project.perfgate("run", "--budget", name)

    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr


def test_all_mistakes_of_a_budget_file_are_told_at_once(project: Project):
    project.write("""version: 1
target: http://127.0.0.1:1
load: {rate: 200, duration: 1:30}
endpoints:
  home:
    request: GET /
    wieght: 3
    budget: {p59: 300ms, p95: 300}
  home: {request: GET /}
  search: {request: "GET /search?q={word}", expect: {status: on}}
journeys:
  buy: {steps: [homme]}
""")

    done = project.perfgate("check")

    assert done.returncode == 2
    for line, word in ((3, "200"), (3, "1:30"), (7, "wieght"), (8, "p59"), (8, "300"), (9, "home"), (10, "on")):
        assert f"budgets.yaml:{line}:" in done.stderr
        assert word in done.stderr
    assert "did you mean `weight`" in done.stderr
    assert done.stderr.count("budgets.yaml:") >= 7


def test_an_unset_secret_is_named(project: Project):
    project.write(ONE.format(target="http://127.0.0.1:1").replace("GET /,", 'GET /, headers: {X-Key: "${MY_TOKEN}"},'))

    done = project.perfgate("run")

    assert done.returncode == 2
    assert "MY_TOKEN" in done.stderr


def test_a_run_folder_that_cannot_be_written(project: Project):
    project.write(ONE.format(target="http://127.0.0.1:1"))
    project.write("a file, not a folder", "taken")

    done = project.perfgate("run", "--out", "taken/run")

    assert done.returncode == 3
    assert "Cannot write into the run folder taken/run" in done.stderr
    assert "--out" in done.stderr


def test_a_corrupt_history_is_an_error_and_not_an_empty_history(project: Project):
    project.write(ONE.format(target="http://127.0.0.1:1"))
    project.write("not a database at all " * 100, ".perfgate/history.db")

    for verb in (["run"], ["history", "list"], ["trend"]):
        done = project.perfgate(*verb)

        assert done.returncode == 3, done.stderr
        assert "history.db" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_remote_target_is_refused_unless_allowed(project: Project):
    budgets = ONE.format(target="http://192.0.2.1")
    project.write(budgets)

    done = project.perfgate("run")

    assert done.returncode == 3
    assert "192.0.2.1 is not this machine" in done.stderr
    assert "--allow-remote" in done.stderr


def test_a_service_that_ends_at_once_or_never_gets_ready(project: Project):
    port = free_port()
    text = ONE.format(target=f"http://127.0.0.1:{port}")
    for broken, patience, said in (
        ("echo broken; exit 7", 60, "exit code 7"),
        ("sleep 600", 1, "not ready within 1 s"),
    ):
        project.write(f"{text}service: {{command: '{broken}', port: {port}, ready_timeout: {patience}s}}\n")

        done = project.perfgate("run")

        assert done.returncode == 3
        assert said in done.stderr


DYING = """
import http.server, itertools, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    requests = itertools.count(1)

    def do_GET(self):
        if self.path == "/" and next(self.requests) == 20:
            print("out of luck", flush=True)
            os._exit(3)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def test_a_service_that_ends_during_the_load_is_named_and_nothing_is_judged(project: Project):
    port = free_port()
    project.write(DYING, "dying.py")
    service = f"service: {{command: 'exec python3 dying.py {port}', port: {port}, ready: /ready}}\n"
    project.write(ONE.format(target=f"http://127.0.0.1:{port}").replace("duration: 1s", "duration: 60s") + service)

    done = project.perfgate("run")

    assert done.returncode == 3, done.stdout
    assert "The service ended during the load, with exit code 3. Its last lines:" in done.stderr
    assert "  | out of luck" in done.stderr
    assert not (project.runs[-1] / "verdict.json").exists()


def test_a_run_folder_may_have_any_name(project: Project):
    with servers.serving(servers.answering(200)) as (url, _):
        project.write(ONE.format(target=url).replace("p95: 9s, ", ""))
        done = project.perfgate("run", "--out", "runs, of 50% /first,second")

    assert done.returncode == 0, done.stderr
    assert (project.folder / "runs, of 50% " / "first,second" / "run.json").exists()


def test_a_taken_port_is_left_alone_and_another_one_used(project: Project):
    with servers.serving(servers.answering(200)) as (url, server):
        port = url.rpartition(":")[2]
        service = f"service: {{command: 'perfgate demo --port ${{PORT}}', port: {port}, ready: /healthz}}\n"
        project.write(ONE.format(target=url) + service)
        done = project.perfgate("run")
        project.write(ONE.format(target=url) + service.replace("${PORT}", port))
        fixed = project.perfgate("run")

    assert done.returncode == 0, done.stderr
    assert server.requests == 0
    assert fixed.returncode == 3
    assert f"Port {port} is taken" in fixed.stderr


def test_a_broken_handwritten_scenario_shows_locusts_own_words(project: Project):
    with servers.serving(servers.answering(200)) as (url, _):
        project.write(ONE.format(target=url) + "scenarios: [broken.py]\n")
        project.write("from locust import HttpUser\ndef broken(:\n", "broken.py")
        done = project.perfgate("run")

    assert done.returncode == 3
    assert "SyntaxError" in done.stderr
    assert "locust.log" in done.stderr


@pytest.mark.parametrize(
    ("number", "code", "processes"),
    [
        (signal.SIGINT, 130, "2"),
        (signal.SIGTERM, 143, "1"),
        pytest.param(signal.SIGINT, 130, "1", marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, 129, "1", marks=pytest.mark.slow),
    ],
)
def test_an_interrupted_run_ends_its_children_and_keeps_what_it_has(
    project: Project, number: signal.Signals, code: int, processes: str
):
    with servers.serving(servers.answering(200)) as (url, server):
        project.write(ONE.format(target=url).replace("duration: 1s", "duration: 60s"))
        process = project.start("run", "--processes", processes)
        wait_for(lambda: server.requests > 20, "load")
        children = descendants(process.pid)
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)

    assert process.returncode == code, errors
    assert "interrupted" in errors
    assert "Traceback" not in errors
    assert len(children) >= int(processes)
    assert not [pid for pid in children if alive(pid)]
    run = project.run()
    assert run["interrupted"] is True
    assert run["endpoints"][0]["requests"] + run["unfinished"] == server.requests
    assert not (project.runs[-1] / "verdict.json").exists()
    assert not (project.folder / ".perfgate" / "history.db").exists()


def test_the_service_is_stopped_when_the_run_is_interrupted(project: Project):
    port = free_port()
    project.write(
        ONE.format(target=f"http://127.0.0.1:{port}").replace("duration: 1s", "duration: 60s")
        + f"service: {{command: 'perfgate demo --port ${{PORT}}', port: {port}, ready: /healthz}}\n"
    )
    process = project.start("run")
    wait_for(lambda: any("perfgate.runtime" in command(pid) for pid in descendants(process.pid)), "load")
    children = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)

    assert process.returncode == 130
    assert len(children) >= 2
    wait_for(lambda: not any(map(alive, children)), "the end of what was killed")


def test_two_runs_at_once_are_both_remembered(project: Project):
    with servers.serving(servers.answering(200)) as (url, _):
        project.write(ONE.format(target=url))
        both = [project.start("run") for _ in range(2)]
        codes = [process.wait(120) for process in both]

    assert codes == [0, 0]
    assert len(project.perfgate("history", "list").stdout.split("budgets")) == 3


def test_a_request_that_cannot_be_written_leaves_the_load_its_time(project: Project):
    """A name that no header can hold: users of the closed model send nothing, and the load ends all the same."""
    with servers.serving(servers.answering(200)) as (url, server):
        project.write(
            f"version: 1\ntarget: {url}\nload: {{users: 2, duration: 1s}}\ngate: {{probe: false}}\n"
            "endpoints:\n  home: {request: GET /, with: {name: {choice: [Łódź]}}, headers: {X-Name: '{name}'}, "
            "budget: {errors: 1%}}\n"
        )
        done = project.perfgate("run", "--no-save")

    assert done.returncode == 1, done.stderr
    [home] = project.run()["endpoints"]
    assert home["failures"] == home["requests"] > 0
    assert home["failures_by_kind"] == {"expectation": home["failures"]}
    assert server.requests == 0
