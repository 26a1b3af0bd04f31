"""Profiles of Node: a recorded one of V8, and the profiler beside real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from processes import wait_for
from projects import free_port
from services.needs import program

from perfgate.diagnose import profile, profilers, rules
from perfgate.diagnose.facts import PassFacts
from perfgate.diagnose.profile import FunctionBytes, FunctionTime, LoopBlocker
from perfgate.diagnose.profilers import cpuprofile, inspector, node
from perfgate.diagnose.profilers.node import NodeRecording
from perfgate.loadtest.service.ports import is_free
from perfgate.model.errors import DiagnosisError

SOUND = PassFacts(samples=300, alone=0.010, loaded=0.012, canary_idle=0.001, canary_loaded=0.002, cpu=0.004)
REPLY = json.loads(Path(__file__).with_name("node_profile.json").read_text(encoding="utf-8"))
REQUESTS = 20  # beside which it was recorded


def recorded(reply: dict[str, Any] = REPLY, beside: float = 0.1) -> profile.SampledProfile:
    one = cpuprofile.ProcessProfile(reply, ["/srv/shop"], lambda path, line: f"line {line}")
    return cpuprofile.merged([one], computed=1.0, computed_beside=beside)


def call(function: str, url: str, line: int = 11) -> dict[str, Any]:
    return {"functionName": function, "url": url, "lineNumber": line}


@pytest.mark.parametrize(
    ("frame", "key", "shown"),
    [
        (call("rank", "file:///srv/shop/routes/my%20search.js"), "rank (routes/my search.js)", ":12)"),
        (call("rank", "/elsewhere/search.js"), "rank (search.js)", "rank (search.js:12)"),
        (call("json", "file:///srv/shop/node_modules/express/lib/response.js"), "~json (express/lib/response.js)", ""),
        (call("sign", "/x/node_modules/.pnpm/a@1/node_modules/@b/c/d.js"), "~sign (@b/c/d.js)", "sign (@b/c/d.js:12)"),
        (call("readFileSync", "node:fs"), "~readFileSync (node:fs)", "readFileSync (node:fs)"),
        (call("writev", ""), "~writev", "writev"),
        (call("parse", "perfgate:profile"), "~JSON.parse", "JSON.parse"),
        (call("`", "/srv/shop/a.js"), "' (a.js)", "' (a.js:12)"),
    ],
)
def test_functions_are_named_with_their_file_and_shown_with_their_line(frame: dict[str, Any], key: str, shown: str):
    found = cpuprofile.named(frame, ["/srv/shop"])

    assert (found.frame, shown in found.shown) == (key, True)


def test_a_function_without_a_name_is_known_by_the_text_of_its_line():
    here, there = (cpuprofile.named(call("", "/srv/a.js", line), ["/srv"], " app.get(...)") for line in (3, 9))
    other = cpuprofile.named(call("", "/srv/a.js", 9), ["/srv"], "rows.map(...)")

    assert here.frame == there.frame != other.frame
    assert there.shown == "anonymous (a.js:10)"


def test_a_recorded_profile_names_what_computes_and_what_serialises():
    facts = profile.facts(recorded(), cpu=0.010, requests=REQUESTS)
    times = {item.name: item for item in facts.functions}

    assert times["report (shop.js:9)"].share > times["rank (shop.js:4)"].share > 0.1
    assert times["JSON.parse"].is_library
    assert times["(garbage collector)"].share > 0
    assert facts.serialising == pytest.approx(0.0018, abs=0.0005)
    assert not [name for name in times if "idle" in name or "perfgate" in name or "root" in name]


def test_what_stays_on_the_heap_is_named_by_the_function_that_allocated_it():
    facts = profile.facts(recorded(), cpu=0.010, requests=REQUESTS)

    assert facts.retained == pytest.approx(REPLY["retained"] / REQUESTS)
    assert facts.retained_noise == pytest.approx(1_000_000 / REQUESTS)
    assert facts.retainers[0].name == "anonymous (shop.js:10)"


def test_the_end_of_the_profile_is_the_profiler_s_own_work():
    whole = recorded({**REPLY, "tail": 0})

    assert sum(recorded().samples.values()) < sum(whole.samples.values())


def test_a_profile_without_samples_is_one_of_nothing():
    assert sampled([], []).samples == {}


def test_threads_that_compute_more_than_the_event_loop_are_not_blamed_on_its_functions():
    facts = profile.facts(recorded(beside=0.9), cpu=0.010, requests=REQUESTS)

    assert facts.functions[0].name.startswith("threads beside the event loop")
    assert facts.functions[0].share == pytest.approx(0.9)


def sampled(samples: list[int], deltas: list[int]) -> profile.SampledProfile:
    """100 us of idle (2), `quote` (3), `spawn` that it has called (5) and the garbage collector (6)."""
    nodes = [
        {"id": 1, "callFrame": call("(root)", ""), "children": [2, 3, 6]},
        {"id": 2, "callFrame": call("(idle)", "")},
        {"id": 3, "callFrame": call("quote", "/srv/shop/app.js"), "children": [4]},
        {"id": 4, "callFrame": call("execSync", "node:child_process"), "children": [5]},
        {"id": 5, "callFrame": call("spawn", "")},
        {"id": 6, "callFrame": call("(garbage collector)", "")},
    ]
    times = {"startTime": 0, "endTime": 100, "samples": samples, "timeDeltas": deltas}
    return recorded({"profile": {"nodes": nodes, **times}, "tail": 0, "retained": 0, "allocated": []})


def test_garbage_is_that_of_the_function_which_ran_before():
    found = sampled([3, 6, 6, 2, 6], [0, 10, 20, 20, 20])

    assert found.samples == {
        ("quote (app.js)",): 10,
        ("quote (app.js)", profile.COLLECTOR): 40,
        (profile.COLLECTOR,): 30,
    }


def test_what_blocks_the_loop_is_the_application_s_function_and_what_it_calls():
    found = sampled([2, 5, 2], [0, 10, 80])

    assert profile.blockers(found.loop or {}, found.names) == (
        LoopBlocker(name="quote (app.js:12)", call="execSync (node:child_process)", share=0.8),
    )
    assert found.samples == {("quote (app.js)", "~execSync (node:child_process)", "~spawn"): 80}


def test_a_line_that_moved_is_the_same_function():
    before = [FunctionTime(name="rank (a.js:3)", key="rank (a.js)", seconds=0.002, share=0.2)]
    now = [FunctionTime(name="rank (a.js:9)", key="rank (a.js)", seconds=0.014, share=0.7)]

    [found] = profile.grown(before, now, least=0.001)

    assert (found.function.name, found.change) == ("rank (a.js:9)", pytest.approx(0.012))


@pytest.mark.parametrize(
    "frame",
    ["~JSON.parse", "~JSON.stringify", "~main (fast-json-stringify/index.js)", "~pack (msgpackr/pack.js)"],
)
def test_json_and_its_like_serialise(frame: str):
    assert profile.serialising({("report (a.js)", frame, "~x"): 3, ("report (a.js)",): 1}, 0.004) == pytest.approx(
        0.003
    )


def test_slow_json_is_serialisation_and_no_computing():
    base = replace(SOUND, cpu_loaded=0.004, serialising=0.0002)
    head = replace(SOUND, alone=0.030, loaded=0.040, cpu=0.024, cpu_loaded=0.024)
    samples = {("report (a.js)", "~JSON.parse"): 8, ("report (a.js)",): 2}
    known = profile.facts(profile.SampledProfile(samples=samples, rate=1e6), 0.024, 100)

    cause, *others = rules.explain(rules.Case(base=base, head=replace(head, **vars(known)), language="node"))

    assert (cause.code, cause.layer, others) == ("serialisation", "serialisation", [])


def test_more_garbage_is_evidence():
    own = FunctionTime(name="rank (a.js:3)", key="rank (a.js)", seconds=0.016, share=0.8)
    collector = FunctionTime(
        name="(garbage collector)", key=profile.COLLECTOR, seconds=0.006, share=0.3, is_library=True
    )
    head = replace(SOUND, alone=0.026, loaded=0.030, cpu=0.020, functions=(own, collector))

    cause, *_ = rules.explain(rules.Case(base=SOUND, head=head, language="node"))

    assert cause.sentence.endswith("`rank (a.js:3)` 80% of the CPU, +16 ms per request")
    assert list(cause.evidence) == ["the garbage collector takes 6 ms per request instead of 0 ms: more is allocated"]


def leak(**known: Any) -> rules.Case:
    return rules.Case(base=replace(SOUND, retained=0.0), head=replace(SOUND, **known), language="node")


def test_a_leak_is_named_by_what_stays_after_the_heap_was_collected():
    kept = FunctionBytes(name="remember (app.js:5)", size=90_000, key="remember (app.js)")

    [cause] = rules.explain(leak(memory=60_000, retained=94_000, retainers=(kept,)))

    assert (cause.code, cause.confidence) == ("memory-growth", "confirmed")
    assert cause.sentence == ("94 kB per request stay in memory instead of 0 kB, allocated in `remember (app.js:5)`")
    assert "`remember (app.js:5)`" in cause.remedy
    assert "Two heap snapshots" not in cause.remedy  # said in the words of the language where it is told


def test_buffers_that_stay_are_not_blamed_on_a_function_that_keeps_little():
    [cause] = rules.explain(
        leak(retained=94_000, retainers=(FunctionBytes(name="parse (app.js:5)", size=2000, key="parse (app.js)"),))
    )

    assert cause.sentence == "94 kB per request stay in memory instead of 0 kB"


def test_garbage_is_no_leak_however_much_the_process_has_grown():
    [cause] = rules.explain(leak(memory=900_000, retained=300))

    assert cause.code == "healthy"


@pytest.mark.parametrize(
    ("before", "now", "requests", "said"),
    [
        (990_000, 1_300_000, 14, ""),
        (300_000, 2_400_000, 14, "171 kB per request stay in memory instead of 21.4 kB"),
        (990_000, 9_500_000, 300, "31.7 kB per request stay in memory instead of 3.3 kB"),
        (990_000, 6_900_000, 300, ""),
        (9_000_000, 30_000_000, 300, ""),  # five times as much as on the base is none of noise
    ],
)
def test_a_heap_that_keeps_almost_as_much_before_does_not_leak(before: int, now: int, requests: int, said: str):
    """What an idle heap keeps is part of both sides."""
    base, head = (
        replace(SOUND, **vars(profile.facts(recorded({**REPLY, "retained": size}), 0.010, requests)))
        for size in (before, now)
    )

    [cause] = rules.explain(rules.Case(base=base, head=head, language="node"))

    assert (cause.code, cause.sentence) == (("memory-growth", said) if said else ("healthy", cause.sentence))


def test_a_blocking_call_has_a_remedy_of_node():
    base = replace(SOUND, canary_idle=0.001, canary_loaded=0.002)
    head = replace(SOUND, alone=0.050, loaded=0.200, canary_loaded=0.150)
    worst = LoopBlocker(name="quote (app.js:12)", call="execSync (node:child_process)", share=0.9)

    cause, *_ = rules.explain(rules.Case(base=base, head=replace(head, blockers=(worst,)), language="node"))

    assert cause.code == "blocking-call"
    assert "in `execSync (node:child_process)`" in cause.sentence
    assert "asyncio" not in cause.remedy


SERVER = """
const http = require("http");
const text = JSON.stringify(Array.from({ length: 30000 }, (_, id) => ({ id, name: "x" })));
const parse = JSON.parse;
const kept = [];
function burn() { let sum = 0; for (let at = 0; at < 4e6; at++) sum += Math.sqrt(at); return sum; }
function report() { return JSON.parse(text).length; }
function remember() { kept.push(Array.from({ length: 5000 }, (_, at) => "row " + at)); }
const routes = { "/burn": burn, "/report": report, "/remember": remember, "/same": () => JSON.parse === parse };
http.createServer((request, response) => {
  response.end(String((routes[request.url] ?? (() => "ok"))()));
}).listen(Number(process.argv[2]), "127.0.0.1");
"""
HANDLING = SERVER + 'process.on("SIGUSR1", () => kept.push(1));'


class Service:
    """A server in Node, below a shell as services of perfgate are below its keeper."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid, self.port = pid, port

    @property
    def node(self) -> psutil.Process:
        [process] = psutil.Process(self.pid).children()
        return process

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as answer:
            return str(answer.read(), "utf-8")

    def profiled(self, path: str, folder: Path) -> profile.ProfileFacts:
        recording = NodeRecording(self.pid, 1.0, folder)
        requests, end = 0, time.monotonic() + 0.4
        while time.monotonic() < end or requests < 20:
            self.get(path)
            requests += 1
        return profile.facts(recording.profile(), 0.010, requests)


ANY_PORT = "--inspect-port=0"  # of the inspector, so that tests may run side by side


@contextmanager
def serving(folder: Path, source: str, options: str = ANY_PORT) -> Iterator[Service]:
    (folder / "server.js").write_text(source, encoding="utf-8")
    port = free_port()
    shell = subprocess.Popen(
        ["/bin/sh", "-c", f"{program('node')} server.js {port}; true"],
        cwd=folder,
        env={**os.environ, "NODE_OPTIONS": options},
        stderr=subprocess.DEVNULL,
    )
    service = Service(shell.pid, port)
    try:
        wait_for(lambda: not is_free(port), "Node")
        yield service
    finally:
        for process in psutil.Process(shell.pid).children(recursive=True):
            process.kill()
        shell.wait()


@pytest.mark.needs("node")
@pytest.mark.parametrize(("path", "name"), [("/burn", "burn (server.js:6)"), ("/report", "report (server.js:7)")])
def test_the_function_that_computes_is_named(tmp_path: Path, path: str, name: str):
    with serving(tmp_path, SERVER) as service:
        facts = service.profiled(path, tmp_path)

        assert {item.name: item.share for item in facts.functions}[name] > 0.1
        assert (facts.serialising or 0.0) > 0.001 if path == "/report" else facts.serialising == 0


@pytest.mark.needs("node")
def test_what_leaks_is_named(tmp_path: Path):
    with serving(tmp_path, SERVER) as service:
        facts = service.profiled("/remember", tmp_path)

    assert (facts.retained or 0.0) > 50_000
    assert facts.retainers[0].name.endswith("(server.js:8)")


@pytest.mark.needs("node")
def test_nothing_is_left_behind(tmp_path: Path):
    with serving(tmp_path, SERVER) as service:
        before = service.node.net_connections(kind="tcp")
        recording = NodeRecording(service.pid, 1.0, tmp_path)
        during = [item.laddr.port for item in service.node.net_connections(kind="tcp") if item.status == "LISTEN"]
        was_wrapped = service.get("/same")
        recording.close()
        after = [item.laddr.port for item in service.node.net_connections(kind="tcp") if item.status == "LISTEN"]

        assert (was_wrapped, service.get("/same")) == ("false", "true")
        assert during == after == [item.laddr.port for item in before if item.status == "LISTEN"]


@pytest.mark.needs("node")
def test_an_application_with_a_handler_of_its_own_is_no_worse_for_it(tmp_path: Path):
    with serving(tmp_path, HANDLING) as service:
        with pytest.raises(DiagnosisError, match="did not open") as refusal:
            NodeRecording(service.pid, 1.0, tmp_path)

        assert "handles SIGUSR1 itself" in (refusal.value.hint or "")
        assert service.get("/") == "ok"


def listening(service: Service) -> set[int]:
    return {item.laddr.port for item in service.node.net_connections(kind="tcp") if item.status == "LISTEN"}


@pytest.mark.needs("node")
@pytest.mark.parametrize("port", ["0", "{free}"])
def test_an_inspector_that_is_open_already_is_used_and_stays_open(tmp_path: Path, port: str):
    options = f"--inspect=127.0.0.1:{port.format(free=free_port())}"
    with serving(tmp_path, SERVER, options) as service:
        before = listening(service)
        facts = service.profiled("/report", tmp_path)

        assert (facts.serialising or 0.0) > 0.001
        assert len(before) == 2
        assert listening(service) == before


@pytest.mark.needs("node")
def test_an_inspector_that_the_application_opened_is_used_where_its_options_say_where(tmp_path: Path):
    opening = 'require("inspector").open(undefined, "127.0.0.1");'
    with serving(tmp_path, opening + SERVER, f"--inspect-port={free_port()}") as service:
        before = listening(service)

        assert "burn (server.js:6)" in [item.name for item in service.profiled("/burn", tmp_path).functions]
        assert listening(service) == before


@pytest.mark.parametrize(
    ("options", "tried"),
    [
        ("--inspect", [9229]),
        ("--inspect-port=5", []),
        ("--inspect-port=8000", [8000]),
        ("--inspect=127.0.0.1:8000 --inspect-port=9229", [9229]),
        ("--inspect=7000", []),
        ("--inspect=0", [8000, 9229]),
        ("", [9229]),
    ],
)
def test_only_what_may_be_an_inspector_is_sent_a_request(options: str, tried: list[int]):
    assert inspector.candidates(options.split(), {8000, 9229}) == tried


@pytest.mark.needs("node")
def test_an_inspector_of_another_process_is_not_used(tmp_path: Path):
    """npm has the port that NODE_OPTIONS names, and the service cannot listen there."""
    with serving(tmp_path, SERVER, f"--inspect=127.0.0.1:{free_port()}") as npm:
        [inspected] = listening(npm) - {npm.port}
        with (
            serving(tmp_path, SERVER, f"--inspect=127.0.0.1:{inspected}") as service,
            pytest.raises(DiagnosisError, match="was started with --inspect") as refusal,
        ):
            inspector.evaluate(service.node, "1")

    assert "another process has the port" in (refusal.value.hint or "")


@pytest.mark.needs("node")
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("throw 'no way'", "Node's inspector: no way"),
        ("throw undefined", "Node's inspector: Uncaught"),
        ("throw new Error('no way')", "Node's inspector: Error: no way"),
        ("return {}", "Node's inspector: its answer is no text"),
    ],
)
def test_a_script_that_fails_says_why(tmp_path: Path, script: str, words: str):
    with serving(tmp_path, SERVER) as service:
        with pytest.raises(DiagnosisError, match=words):
            inspector.evaluate(service.node, f"(async () => {{ {script} }})()")

        assert listening(service) == {service.port}


def test_what_would_die_of_the_signal_never_gets_it(tmp_path: Path):
    sleep = shutil.copy(shutil.which("sleep") or "sleep", tmp_path / "node")
    shell = subprocess.Popen(["/bin/sh", "-c", f"{sleep} 600; true"])
    try:
        shown = psutil.Process(shell.pid)
        wait_for(lambda: [Path(item.exe()).name for item in shown.children()] == ["node"], "the program")
        [program] = shown.children()
        with pytest.raises(DiagnosisError, match="no Node process"):
            NodeRecording(shell.pid, 1.0, tmp_path)
        with pytest.raises(DiagnosisError, match="does not take SIGUSR1"):
            inspector.evaluate(program, "1")
        assert program.is_running()
    finally:
        for process in psutil.Process(shell.pid).children():
            process.kill()
        shell.wait()


def test_a_process_that_has_ended_leaves_the_others_to_be_sampled():
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    child = subprocess.Popen(["sleep", "60"])
    ended, own = psutil.Process(child.pid), psutil.Process()
    child.kill()
    child.wait()
    try:
        assert node._working([ended, own]) == [own]
    finally:
        signal.signal(signal.SIGUSR1, before)


CLUSTER = (
    """
const cluster = require("cluster");
if (cluster.isPrimary) { cluster.setupPrimary({ inspectPort: 0 }); cluster.fork(); cluster.fork(); }
else {"""
    + f"{SERVER} }}"
)


@pytest.mark.needs("node")
def test_the_workers_of_a_cluster_are_sampled_and_their_primary_is_left_alone(tmp_path: Path):
    with serving(tmp_path, CLUSTER) as service:
        facts = service.profiled("/report", tmp_path)
        ports = [item.net_connections(kind="tcp") for item in psutil.Process(service.pid).children(recursive=True)]

    assert (facts.serialising or 0.0) > 0.001
    assert {item.laddr.port for each in ports for item in each if item.status == "LISTEN"} <= {service.port}


@pytest.mark.needs("node")
def test_the_profiler_is_that_of_the_program_which_works(tmp_path: Path):
    with serving(tmp_path, SERVER) as service:
        assert profilers.profiler_of(service.pid) == "node"
