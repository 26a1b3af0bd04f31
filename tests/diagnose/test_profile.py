"""Profiles: names of functions, what they take per request, what grew; and py-spy beside a real process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from perfgate.diagnose import profile, profiling, rules
from perfgate.diagnose.facts import PassFacts
from perfgate.diagnose.profile import FunctionTime, LoopBlocker
from perfgate.diagnose.profilers import collapsed, pyspy
from perfgate.diagnose.profilers.processes import source_line
from perfgate.diagnose.replaying import Replayer
from perfgate.model.diagnosis import Cause, Diagnosed, Diagnosis
from perfgate.model.errors import DiagnosisError

SOUND = PassFacts(samples=300, alone=0.010, loaded=0.012, canary_idle=0.001, canary_loaded=0.002, cpu=0.004)
EMPTY = profile.SampledProfile(samples={}, rate=100)
RAW = """\
<module> (/srv/base/app.py);search (/srv/base/shop/views.py);rank (/srv/base/shop/search.py);score (/srv/base/shop/search.py) 30
<module> (/srv/base/app.py);search (/srv/base/shop/views.py);dumps (/usr/lib/python3.11/json/__init__.py) 10
<module> (/srv/base/app.py);search (/srv/base/shop/views.py) 10
"""


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        ("rank (/srv/base/shop/search.py)", "shop.search.rank"),
        ("rank (/srv/base/shop/search.py:17)", "shop.search.rank"),
        ("__init__ (/srv/base/shop/__init__.py)", "shop.__init__"),
        ("dumps (/usr/lib/python3.11/json/__init__.py)", "~json.dumps"),
        ("execute (/x/.venv/lib/python3.12/site-packages/psycopg/cursor.py)", "~psycopg.cursor.execute"),
        ("elsewhere (/opt/tool.py)", "tool.elsewhere"),
        ("_find (<frozen importlib._bootstrap>)", "~frozen importlib._bootstrap._find"),
        ('process 17:"python app.py"', ""),
    ],
)
def test_functions_are_named_as_one_would_import_them(frame: str, name: str):
    assert collapsed.frame_name(frame, ["/srv/base"]) == name


def test_a_function_takes_its_share_of_the_cpu_with_all_that_it_calls():
    times = {item.name: item for item in profile.functions(collapsed.stacks(RAW, ["/srv/base"]), cpu=0.050)}

    assert times["app.<module>"].seconds == pytest.approx(0.050)
    assert times["shop.search.rank"].seconds == pytest.approx(0.030)
    assert times["shop.search.rank"].share == 0.6
    assert times["json.dumps"].is_library


@pytest.mark.parametrize(
    "frame",
    [
        "dumps (/usr/lib/python3.11/json/__init__.py)",
        "iterencode (/usr/lib/python3.11/json/encoder.py)",
        "JSONEncoder.encode (/usr/lib/python3.14/json/encoder.py)",
        "model_dump_json (/x/lib/python3.12/site-packages/pydantic/main.py)",
        "BaseModel.model_dump (/x/lib/python3.12/site-packages/pydantic/main.py)",
        "jsonable_encoder (/x/lib/python3.12/site-packages/fastapi/encoders.py)",
        "serialize_response (/x/lib/python3.12/site-packages/fastapi/routing.py)",
        "render (/x/lib/python3.12/site-packages/starlette/responses.py)",
        "dumps (/x/lib/python3.12/site-packages/flask/json/provider.py)",
        "to_representation (/x/lib/python3.12/site-packages/rest_framework/serializers.py)",
        "dump (/x/lib/python3.12/site-packages/marshmallow/schema.py)",
        "serialize (/x/lib/python3.12/site-packages/django/core/serializers/__init__.py)",
        "loads (/usr/lib/python3.11/json/__init__.py)",
        "raw_decode (/usr/lib/python3.11/json/decoder.py)",
        "JSONDecoder.decode (/usr/lib/python3.14/json/decoder.py)",
        "loads (/x/lib/python3.12/site-packages/simplejson/__init__.py)",
        "model_validate (/x/lib/python3.12/site-packages/pydantic/main.py)",
        "BaseModel.model_validate_json (/x/lib/python3.12/site-packages/pydantic/main.py)",
        "validate_json (/x/lib/python3.12/site-packages/pydantic/type_adapter.py)",
        "dict (/x/lib/python3.12/site-packages/pydantic/main.py)",
        "json (/x/lib/python3.12/site-packages/pydantic/v1/main.py)",
        "parse_raw (/x/lib/python3.12/site-packages/pydantic/main.py)",
        "safe_load (/x/lib/python3.12/site-packages/yaml/__init__.py)",
        "unpackb (/x/lib/python3.12/site-packages/msgpack/fallback.py)",
        "loads (/x/lib/python3.12/site-packages/flask/json/__init__.py)",
        "fromstring (/usr/lib/python3.11/xml/etree/ElementTree.py)",
        "_serialize_xml (/usr/lib/python3.11/xml/etree/ElementTree.py)",
        "Document.toprettyxml (/usr/lib/python3.11/xml/dom/minidom.py)",
        "_Pickler.dump (/usr/lib/python3.11/pickle.py)",
        "loads (/usr/lib/python3.11/pickle.py)",
        "RedisSerializer.loads (/x/lib/python3.12/site-packages/django/core/cache/backends/redis.py)",
        "DictWriter.writerow (/usr/lib/python3.12/csv.py)",
        "writerows (/usr/lib/python3.11/csv.py)",
        "asdict (/usr/lib/python3.11/dataclasses.py)",
        "_asdict_inner (/usr/lib/python3.11/dataclasses.py)",
        "asdict (/x/lib/python3.12/site-packages/attr/_funcs.py)",
        "BaseSerializer.data (/x/lib/python3.12/site-packages/rest_framework/serializers.py)",
        "DateTimeField.to_representation (/x/lib/python3.12/site-packages/rest_framework/fields.py)",
        "Schema._serialize (/x/lib/python3.12/site-packages/marshmallow/schema.py)",
        "Nested._serialize (/x/lib/python3.12/site-packages/marshmallow/fields.py)",
        "TypeAdapter.dump_json (/x/lib/python3.12/site-packages/pydantic/type_adapter.py)",
        "model_to_dict (/x/lib/python3.12/site-packages/django/forms/models.py)",
        "MessageToDict (/x/lib/python3.12/site-packages/google/protobuf/json_format.py)",
        "Template.render (/x/lib/python3.12/site-packages/jinja2/environment.py)",
        "NodeList.render (/x/lib/python3.12/site-packages/django/template/base.py)",
        "ForNode.render (/x/lib/python3.12/site-packages/django/template/defaulttags.py)",
    ],
)
def test_what_serialises_or_parses_counts_once_with_all_that_it_calls(frame: str):
    inner = collapsed.frame_name(frame)
    samples = {("app.view", inner, "~json.encoder.encode"): 30, ("app.view", inner): 10, ("app.view",): 10}

    assert profile.serialising(samples, cpu=0.050) == pytest.approx(0.040)


@pytest.mark.parametrize(
    "frame",
    [
        "dumps (/srv/shop/search.py)",
        "loads (/srv/shop/json/__init__.py)",
        "deepcopy (/usr/lib/python3.11/copy.py)",
        "get_template (/x/lib/python3.12/site-packages/jinja2/environment.py)",
        "load (/usr/lib/python3.11/json/__init__.py)",
        "validate (/x/lib/python3.12/site-packages/pydantic/main.py)",
        "decode (/usr/lib/python3.11/codecs.py)",
        "__init__ (/x/lib/python3.12/site-packages/django/http/response.py)",
    ],
)
def test_what_only_has_such_a_name_serialises_nothing(frame: str):
    assert profile.serialising({("app.view", collapsed.frame_name(frame, ["/srv"])): 30}, cpu=0.050) == 0


@pytest.mark.parametrize(
    ("line", "share"),
    [
        ("    return orjson.dumps(rows)", 1),
        ("    copy = pickle.loads(pickle.dumps(rows))", 1),
        ("    return etree.tostring(root)", 1),
        ("    return msgspec.json.encode(rows)", 1),
        ("    return my_orjson.dumps(rows)", 0),
        ("    return shop.pickle.dumps(rows)", 0),
        ("", 0),
    ],
)
def test_a_serialiser_in_c_is_known_by_the_line_that_calls_it(line: str, share: int):
    samples = collapsed.stacks("report (/srv/views.py:7) 9", ["/srv"], lambda path, at: line if at == 7 else "")

    assert profile.serialising(samples, cpu=1.0) == share


def in_threads(line: str, number: int) -> dict[profile.Stack, int]:
    """Samples of a server with a thread for each connection: `write` ends with that line, and 200 were of JSON."""
    raw = f"report (/srv/views.py:3);write (/srv/sockets.py:7) {number}\nreport (/srv/views.py:4);dumps (/srv/x.py) 200"
    return collapsed.stacks(raw, ["/srv"], lambda path, at: line if at == 7 else "")


@pytest.mark.parametrize(
    ("line", "most", "left"),
    [
        ("return self._sock.send(b)", 250.0, 50),
        ("return self._sock.recv_into(b)", 250.0, 50),
        ("results = yield from execute(self._pgconn)", 250.0, 50),
        ("self._pgconn.send_query_params(", 250.0, 50),
        ("gzip_data = zlib.compress(data, level=compresslevel, wbits=31)", 250.0, 50),
        ("x = int.from_bytes(_urandom(numbytes))", 250.0, 50),
        ("return self._sock.send(b)", 150.0, 0),
        ("return self._sock.send(b)", 700.0, 300),
        ("return self._sock.send(b)", None, 300),  # waiting was wanted as well
        ("return rank(b)", 250.0, 300),
    ],
)
def test_threads_that_are_ready_and_do_not_run_take_no_share_of_the_cpu(line: str, most: float | None, left: int):
    """They wait for the interpreter's lock where a call has just ended in which others may run."""
    found = collapsed.running(in_threads(line, 300), most)

    assert found.get(("views.report", "sockets.write"), 0) == left
    assert found["views.report", "x.dumps"] == 200
    assert set(found) <= {("views.report", "sockets.write"), ("views.report", "x.dumps")}


ROW = "~rest_framework.serializers.ListSerializer.to_representation"


@pytest.mark.parametrize(
    ("inner", "share"),
    [
        (("shop.serializers.OrderSerializer.get_total",), 0),
        (("shop.serializers.OrderSerializer.get_total", "~django.db.models.query.__iter__"), 0),
        (("~django.db.models.fields.related_descriptors.__get__",), 0),
        (("shop.serializers.OrderSerializer.to_representation",), 0),
        (("shop.serializers.OrderSerializer.to_representation", ROW), 1),
        (("shop.serializers.OrderSerializer.get_extra", "~json.dumps"), 1),
        (("~rest_framework.fields.get_attribute",), 1),
    ],
)
def test_what_a_serialiser_calls_of_the_application_is_computing(inner: tuple[str, ...], share: int):
    assert profile.serialising({("shop.views.orders", ROW, *inner): 9}, cpu=1.0) == share


def test_a_template_counts_with_its_own_code_and_not_with_the_application_s():
    frames = "view (/srv/views.py);Template.render (/x/site-packages/jinja2/environment.py);root (/srv/t/page.html)"
    samples = collapsed.stacks(f"{frames} 30\n{frames};price (/srv/prices.py) 10\n", ["/srv"])

    assert profile.serialising(samples, cpu=1.0) == 0.75


def test_samples_of_several_processes_count_by_the_cpu_that_each_takes():
    worker, server = {("worker.listen",): 60}, {("app.report", "~json.dumps"): 40}

    assert collapsed.weighed([(worker, 0.1), (server, 1.9)]) == {
        ("worker.listen",): 5,
        ("app.report", "~json.dumps"): 95,
    }
    assert collapsed.weighed([(worker, 0.0), (server, 0.0)]) == {**worker, **server}  # nobody knows
    assert collapsed.weighed([(worker, 0.5)]) == worker


def test_a_process_without_samples_takes_no_weight_from_others():
    assert collapsed.weighed([({}, 1.0), ({("b",): 90}, 0.001)]) == {("b",): 90}


def test_recursion_counts_once():
    [walk] = profile.functions({("tree.walk", "tree.walk", "tree.walk"): 5}, cpu=0.010)

    assert (walk.seconds, walk.share) == (0.010, 1.0)


def test_what_grew_is_the_innermost_function_of_the_application_that_explains_it():
    now = profile.functions(collapsed.stacks(RAW, ["/srv/base"]), cpu=0.050)
    before = profile.functions({("app.<module>", "shop.views.search"): 20}, cpu=0.020)

    names = [item.function.name for item in profile.grown(before, now, least=0.001)]

    assert names[:2] == ["shop.search.score", "shop.search.rank"]
    assert "json.dumps" not in names


def test_a_flame_graph_has_every_stack_with_its_time():
    graph = profile.speedscope(collapsed.stacks(RAW, ["/srv/base"]), "search (head)", rate=100)

    [shown] = graph["profiles"]
    names = [frame["name"] for frame in graph["shared"]["frames"]]
    assert shown["endValue"] == pytest.approx(0.5)
    assert {tuple(names[at] for at in stack) for stack in shown["samples"]} == {
        ("app.<module>", "shop.views.search", "shop.search.rank", "shop.search.score"),
        ("app.<module>", "shop.views.search", "json.dumps"),
        ("app.<module>", "shop.views.search"),
    }


def test_the_cause_names_the_function():
    rank = FunctionTime(name="shop.search.rank", seconds=0.014, share=0.41, depth=3)
    before = FunctionTime(name="shop.search.rank", seconds=0.002, share=0.2, depth=3)
    base = replace(SOUND, cpu=0.008, functions=(before,))
    head = replace(SOUND, alone=0.022, loaded=0.030, cpu=0.020, functions=(rank,))

    cause, *_ = rules.explain(rules.Case(base=base, head=head))

    assert cause.code == "cpu"
    assert cause.sentence == (
        "20 ms CPU per request instead of 8 ms: `shop.search.rank` 41% of the CPU, +12 ms per request"
    )
    assert "`shop.search.rank`" in cause.remedy


ROUND_TRIP = """\
<module> (/srv/app.py);report (/srv/views.py);dumps (/usr/lib/python3.11/json/__init__.py);encode (/usr/lib/python3.11/json/encoder.py) 40
<module> (/srv/app.py);report (/srv/views.py);loads (/usr/lib/python3.11/json/__init__.py);decode (/usr/lib/python3.11/json/decoder.py);raw_decode (/usr/lib/python3.11/json/decoder.py) 45
<module> (/srv/app.py);report (/srv/views.py) 15
"""  # of json.loads(json.dumps(rows)), as py-spy records it


def test_a_round_trip_through_json_is_serialisation_and_no_computing():
    samples = collapsed.stacks(ROUND_TRIP, ["/srv"])
    base = replace(SOUND, cpu=0.004, cpu_loaded=0.004, serialising=0.0002)
    head = replace(SOUND, alone=0.030, loaded=0.040, cpu=0.024, cpu_loaded=0.024)
    head = replace(head, serialising=profile.serialising(samples, 0.024), functions=profile.functions(samples, 0.024))

    cause, *others = rules.explain(rules.Case(base=base, head=head))

    assert (cause.code, cause.layer, others) == ("serialisation", "serialisation", [])
    assert cause.sentence == "serialising, parsing and rendering takes 20.4 ms CPU instead of 0.2 ms"


SERVICE = """
import sys
def burn():
    while True:
        sum(range(1000))
print("up", flush=True)
burn()
"""


def test_py_spy_sees_the_functions_of_a_running_process(tmp_path: Path):
    (tmp_path / "service.py").write_text(SERVICE, encoding="utf-8")
    keeper = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.run([sys.executable, 'service.py'])"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        process_group=0,
    )
    assert keeper.stdout is not None
    try:
        assert keeper.stdout.readline() == b"up\n"
        recording = pyspy.PySpyRecording(keeper.pid, 1.0, tmp_path)
        times = {item.name: item for item in profile.functions(recording.profile().samples, cpu=0.010)}
    finally:
        os.killpg(keeper.pid, 9)
        keeper.communicate()

    assert times["service.burn"].share > 0.9
    assert sorted(path.name for path in tmp_path.iterdir()) == ["service.py"]


LOOP = """
import asyncio, sys, time, threading

def wait(): time.sleep(0.03)

async def block():
    while True:
        wait()
        await asyncio.sleep(0.005)

async def rest():
    while True: await asyncio.sleep(0.01)

print("up", flush=True)
threading.Thread(target=threading.Event().wait, daemon=True).start()
asyncio.run({"block": block, "rest": rest}[sys.argv[1]]())
"""


@pytest.mark.parametrize(("kind", "blocked"), [("block", ["service.wait"]), ("rest", [])])
def test_what_blocks_an_event_loop_is_seen_though_it_computes_nothing(tmp_path: Path, kind: str, blocked: list[str]):
    (tmp_path / "service.py").write_text(LOOP, encoding="utf-8")
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", f"{sys.executable} service.py {kind}; true"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert keeper.stdout is not None
    try:
        assert keeper.stdout.readline() == b"up\n"
        recording = pyspy.PySpyRecording(keeper.pid, 1.0, tmp_path, has_idle=True)
        found = profile.blockers(recording.profile().loop or {})
    finally:
        os.killpg(keeper.pid, 9)
        keeper.communicate()

    assert [item.name for item in found if item.share > 0.3] == blocked


def test_a_loop_written_in_c_has_no_frame_of_its_own():
    run = "~asyncio.runners.Runner.run"
    waits = (run, "shop.quote", "~httpx._client.Client.get", "~socket.readinto")
    [blocker, fast] = profile.blockers(collapsed.inside_loops({waits: 80, (run, "shop.rank"): 15, ("other",): 9}))

    assert (blocker.name, blocker.call, fast.name) == ("shop.quote", "socket.readinto", "shop.rank")
    assert blocker.share == pytest.approx(80 / 95)


def test_a_service_that_is_no_python_cannot_be_profiled(tmp_path: Path):
    keeper = subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE)
    try:
        with pytest.raises(DiagnosisError, match="no Python process"):
            pyspy.PySpyRecording(keeper.pid, 1.0, tmp_path)
    finally:
        keeper.communicate(b"\n")


@pytest.mark.parametrize(
    ("errors", "hint"),
    [
        ("Error: Permission Denied: Try running again with elevated permissions", "SYS_PTRACE"),
        ("Error: Operation not permitted (os error 1)", "ptrace_scope"),
        ("Error: Failed to find python version from target process", ""),
    ],
)
def test_a_refusal_says_what_to_grant(errors: str, hint: str):
    refusal = pyspy._refusal(errors)

    assert hint in refusal.hint
    assert "py-spy" in refusal.message


def test_a_real_refusal_is_understood():
    """Where pytest is root, py-spy is nobody; elsewhere it is asked about a process of root."""
    is_root = os.geteuid() == 0
    if not is_root and os.stat("/proc/1").st_uid == os.geteuid():
        pytest.skip("no process here is another user's")
    nobody = {"user": 65534, "group": 65534, "extra_groups": []} if is_root else {}
    with TemporaryDirectory() as folder:  # which nobody may read, as the environment of pytest may not be
        Path(folder).chmod(0o755)
        program = shutil.copy(Path(sys.executable).with_name("py-spy"), folder)
        command = [program, "record", "--pid", str(os.getpid() if is_root else 1), "--output", "/dev/null"]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **nobody)  # type: ignore[call-overload]

    assert done.returncode
    assert "ptrace_scope" in pyspy._refusal(done.stderr).hint


def test_only_lines_of_files_are_read_whatever_a_process_names_as_its_source(tmp_path: Path):
    source, fifo = tmp_path / "shop.py", tmp_path / "fifo"
    source.write_text("a = 1\nb = dumps(a)\n", encoding="utf-8")
    os.mkfifo(fifo)

    assert [source_line(str(source), number) for number in (0, 1, 2, 3)] == ["", "a = 1", "b = dumps(a)", ""]
    names = (str(fifo), "/dev/zero", str(tmp_path), "/proc/self/status", str(tmp_path / "none"), "<string>", "a\0b")
    assert [source_line(name, 1) for name in names] == [""] * len(names)


def test_flame_graphs_are_json_that_any_reader_takes():
    assert json.loads(json.dumps(profile.speedscope({("a", "b"): 1}, "x", 100)))["$schema"].startswith("https://")


def test_an_endpoint_that_only_one_side_has_a_profile_of_is_not_compared():
    """Without that of the base, all that the head computes would be more than before."""
    blocker = LoopBlocker(name="shop.quote", call="time.sleep", share=0.9)
    whole = profile.ProfileFacts(
        functions=(FunctionTime(name="shop.view", seconds=0.02, share=1.0),), serialising=0.01, blockers=(blocker,)
    )
    both = {("a", "base"): whole, ("a", "head"): whole}

    known = profiling.comparable({**both, ("b", "head"): whole}, ["base", "head"])

    assert known == {**both, ("b", "head"): profile.ProfileFacts(blockers=(blocker,))}
    assert profiling.comparable({("b", "head"): whole}, ["head"]) == {("b", "head"): whole}


@pytest.mark.parametrize(("cpu", "requests", "is_profiled"), [(0.018, 100, False), (0.002, 14, True), (0.0, 0, False)])
def test_a_profile_without_samples_is_one_of_what_hardly_computes(
    cpu: float, requests: int, is_profiled: bool, tmp_path: Path
):
    nothing = profiling.SampledRequests(profile=EMPTY, cpu=cpu, requests=requests)
    profiler = profiling.Profiler(Replayer(environ={}, log=tmp_path / "log"), tmp_path)

    facts = profiler._profile(lambda _: nothing, False, "search (base)", "search.json")

    assert facts == (profile.ProfileFacts(serialising=0.0) if is_profiled else None)


def found(**causes: str) -> Diagnosis:
    """Endpoint -> code of its first cause."""
    findings = tuple(
        Diagnosed(
            endpoint=name,
            metric="p95",
            difference=0.01,
            layers=(),
            causes=(
                Cause(code=code, layer="application", confidence="confirmed", sentence="", evidence=(), remedy=""),
            ),
        )
        for name, code in causes.items()
    )
    return Diagnosis(run="1", findings=findings)


@pytest.mark.parametrize(("written", "profiled"), [("", ["report"]), ("py-spy", ["search", "report"]), ("none", [])])
def test_unasked_only_what_computes_more_is_profiled(written: str, profiled: list[str]):
    seen = found(search="repeated-statement", report="cpu")

    assert list(profiling.endpoints_to_profile(written, ["search", "report"], lambda: seen)) == profiled


def test_what_may_leak_is_profiled_too():
    seen = found(search="healthy", report="cpu", home="healthy")

    assert list(profiling.endpoints_to_profile("", ["search", "report", "home"], lambda: seen, ["search"])) == [
        "search",
        "report",
    ]
    assert list(profiling.endpoints_to_profile("none", ["search"], lambda: seen, ["search"])) == []
