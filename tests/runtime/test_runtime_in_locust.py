"""What needs Locust, in a process of its own because importing Locust patches the process: redirects as a virtual user
follows them, failures of hand-written scenarios, and what an arrival of the open model may start."""

from __future__ import annotations

import json
import re
from typing import Any

import forked
import pytest
from runtime.scripted import Server, answers, ok


def in_locust(code: str, *arguments: str) -> Any:
    """What the code leaves in `result`, in a process of its own."""
    script = f"import json, sys\n{code}\nprint('RESULT ' + json.dumps(result))"
    done = forked.in_locust(script, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.partition("RESULT ")[2])


FOLLOW = """
from locust.env import Environment
from perfgate.recording.handover import Settings
from perfgate.model.budget_file import Stage
from perfgate.text.redaction import Redactor
from perfgate.runtime import Endpoint, Visitor
from perfgate.runtime.record.load import Load
from perfgate.runtime.users.visitor import StepFailed

settings = Settings(folder=".", model="closed", stages=(Stage(level=1, duration=1),), warmup=0, arrivals="even",
                    max_users=1, seed=1, timeout=10)
environment = Environment(host=sys.argv[1])
environment.perfgate = load = Load(environment, settings, Redactor())
visitor = Visitor(environment)
result = []
for method, path in json.loads(sys.argv[2]):
    sent = {"json": {"a": 1}} if method == "POST" else {}
    endpoint = Endpoint("e", method, path, follow_redirects=True, **sent)
    load.recorder.examples.clear()
    try:
        response = visitor.send(endpoint)
        result.append([response.status, response.size])
    except StepFailed:
        result.append(load.recorder.examples["e"])
result.append({"connections": load.connections, "recorded": load.recorder.recorded, "in_flight": load.in_flight})
"""


def redirect(status: int, location: str, body: bytes = b"moved") -> bytes:
    return ok(body, f"Location: {location}", status=f"{status} Moved")


def followed(method: str, *redirects: bytes, path: str = "/start", base: str = "") -> tuple[Any, list[str]]:
    """What a virtual user got at the end of these redirects, and the request lines it sent on the way."""
    with Server(answers(*redirects, ok(b"end"))) as server:
        *results, _ = in_locust(FOLLOW, server.url + base, json.dumps([[method, path]]))
        return results[0], [request.split(b" HTTP/")[0].decode() for request in server.requests]


@pytest.mark.parametrize(
    ("method", "locations", "sent"),
    [
        ("GET", [(302, "/a?b=c")], ["GET /a?b=c"]),
        ("GET", [(301, "/a b/ä")], ["GET /a%20b/%C3%A4"]),
        ("POST", [(302, "/a"), (307, "/b")], ["GET /a", "GET /b"]),  # what became a GET stays one
        ("POST", [(307, "/a"), (308, "/b"), (303, "/c")], ["POST /a", "POST /b", "GET /c"]),
        ("PUT", [(301, "/a"), (302, "\\b?c=\\d"), (303, "/c")], ["PUT /a", "PUT /b?c=%5Cd", "GET /c"]),
    ],
)
def test_redirects_are_followed_and_sizes_add_up(method, locations, sent):
    result, lines = followed(method, *(redirect(*one) for one in locations))
    assert lines == [f"{method} /start", *sent]
    assert result == [200, 5 * len(locations) + 3]


def test_head_stays_head():
    with Server(answers(redirect(302, "/a", b""), ok(b""))) as server:
        assert in_locust(FOLLOW, server.url, json.dumps([["HEAD", "/"]]))[0] == [200, 0]
        assert [request.split(b" HTTP/")[0] for request in server.requests] == [b"HEAD /", b"HEAD /a"]


def test_a_redirect_is_not_put_behind_the_base_path_again():
    assert followed("GET", redirect(302, "/api/a"), base="/api")[1] == ["GET /api/start", "GET /api/a"]


@pytest.mark.parametrize(
    ("path", "base", "locations", "sent"),
    [
        ("/shop/cart", "", ["total"], ["/shop/total"]),
        ("/shop/cart/", "", ["total"], ["/shop/cart/total"]),
        ("/shop/cart?page=2", "", ["?page=3"], ["/shop/cart?page=3"]),
        ("/shop/cart", "", ["../orders/7", "8"], ["/orders/7", "/orders/8"]),
        ("/cart", "/api/v1", ["total"], ["/api/v1/total"]),
    ],
)
def test_a_relative_location_is_relative_to_the_request_it_answers(path, base, locations, sent):
    _, lines = followed("GET", *(redirect(302, one) for one in locations), path=path, base=base)
    assert lines == [f"GET {one}" for one in (base + path, *sent)]


@pytest.mark.parametrize(
    ("location", "complaint"),
    [
        ("http://elsewhere.test/a", "redirected to another host, which is not followed: http://elsewhere.test"),
        ("//elsewhere.test/a", "redirected to another host, which is not followed: http://elsewhere.test"),
        (
            "https://127.0.0.1/a",
            "redirected to https://127.0.0.1, which is not followed: the target is http://127.0.0.1",
        ),
        ("mailto:ann@shop.test", "redirected to another host, which is not followed: mailto"),
        ("http://[bad/a", "redirected to what is not a URL"),
    ],
)
def test_where_redirects_are_not_followed(location, complaint):
    [result], lines = followed("GET", redirect(302, location))
    assert (re.sub(r"(?<=target is http://127\.0\.0\.1):\d+", "", result), lines) == (complaint, ["GET /start"])


def test_redirects_in_a_circle_come_to_an_end():
    result, lines = followed("GET", *[redirect(302, "/start")] * 20)
    assert result == ["more than 10 redirects"]
    assert len(lines) == 11


def test_ten_redirects_are_followed():
    result, lines = followed("GET", *[redirect(302, f"/{number}") for number in range(10)])
    assert result == [200, 53]
    assert lines[-1] == "GET /9"


def test_what_becomes_a_get_sends_neither_a_body_nor_what_describes_it():
    with Server(answers(redirect(303, "/a"), redirect(307, "/b"), ok(b"end"))) as server:
        in_locust(FOLLOW, server.url, json.dumps([["POST", "/"]]))
        first, *others = [request.lower() for request in server.requests]
    assert b"\r\ncontent-type: application/json\r\n" in first
    assert not any(b"\r\ncontent-" in request for request in others)
    assert all(request.endswith(b"\r\n\r\n") for request in others)


def test_what_stays_a_post_is_sent_whole():
    with Server(answers(redirect(307, "/a"), ok(b"end"))) as server:
        in_locust(FOLLOW, server.url, json.dumps([["POST", "/"]]))
        assert server.requests[1] == server.requests[0].replace(b"POST / ", b"POST /a ")


@pytest.mark.parametrize("location", ["http://shop.example/a", "http://SHOP.example:80/a", "//shop.example/a", "/a"])
def test_a_redirect_to_the_host_header_is_one_to_the_target(location):
    with Server(answers(redirect(302, location), redirect(302, "b"), ok(b"end"))) as server:
        code = FOLLOW.replace("follow_redirects=True", "follow_redirects=True, headers={'host': 'shop.example'}")
        result = in_locust(code, server.url, json.dumps([["GET", "/"]]))
        assert [request.split(b" ")[1] for request in server.requests] == [b"/", b"/a", b"/b"]
    assert result[0] == [200, 13]


def test_connections_are_counted_whatever_becomes_of_them():
    def cuts_off(peer):
        peer.request()
        peer.send(ok()[:-1])

    with Server(cuts_off, cuts_off, answers(ok())) as server:
        *results, totals = in_locust(FOLLOW, server.url, json.dumps([["GET", "/"]] * 4))
    assert results == [["closed in the middle of the answer"]] * 2 + [[200, 5]] * 2
    assert totals == {"connections": 3, "recorded": 4, "in_flight": 0}


FOREIGN = """
import locust, json as j, requests, zlib
from locust.exception import CatchResponseError, ResponseError
from geventhttpclient.client import HTTPClient
from perfgate.runtime.record.foreign import Listener
from types import SimpleNamespace

recorded = []
load = SimpleNamespace(record=lambda series, began, response, failure: recorded.append(
    [*series, response.service, response.size, failure and failure.kind]))
no_port = requests.ConnectionError("Failed to establish a new connection: [Errno 99] Cannot assign requested address")
listener = Listener(load, ["GET /products", "search"])
response = requests.Response()
response.status_code = 503
errors = {
    "no such address": no_port,
    "none": None,
    "no port": no_port,
    "no file": OSError(24, "Too many open files"),
    "no file, wrapped": requests.ConnectionError("Failed to establish a new connection: [Errno 24] Too many open files"),
    "catch": CatchResponseError("wrong text"),
    "response": ResponseError("500"),
    "requests http": requests.HTTPError("503 Server Error", response=response),
    "requests read timeout": requests.ReadTimeout("slow"),
    "requests connect timeout": requests.ConnectTimeout("slow"),
    "requests connection": requests.ConnectionError("refused"),
    "requests chunked": requests.exceptions.ChunkedEncodingError("cut"),
    "requests decoding": requests.exceptions.ContentDecodingError("bad"),
    "socket timeout": TimeoutError("slow"),
    "refused": ConnectionRefusedError("refused"),
    "reset": ConnectionResetError("reset"),
    "own": ValueError("not what I wanted"),
    "empty": AssertionError(),
}
for name, error in errors.items():
    listener("GET", name, 12.5, 7, exception=error)
listener("GET", "/products", None, None)
listener("POST", "/products", 1, 1)
listener("GET", "search", 1, 1)
result = {one[1]: one for one in recorded}
"""


def test_failures_of_hand_written_scenarios_have_the_same_kinds():
    got = in_locust(FOREIGN)
    assert got["none"] == ["endpoint", "none", 12_500_000, 7, None]
    assert {name: one[4] for name, one in got.items() if one[4]} == {
        "no such address": "connection",
        "no port": "generator",
        "no file": "generator",
        "no file, wrapped": "generator",
        "catch": "expectation",
        "response": "status",
        "requests http": "status",
        "requests read timeout": "timeout",
        "requests connect timeout": "timeout",
        "requests connection": "connection",
        "requests chunked": "protocol",
        "requests decoding": "protocol",
        "socket timeout": "timeout",
        "refused": "connection",
        "reset": "connection",
        "own": "expectation",
        "empty": "expectation",
    }
    assert got.keys() >= {"GET /products", "/products", "search"}
    assert got["GET /products"][2:4] == [0, 0]


CHOICES = """
from locust import TaskSet, User, task
from perfgate.runtime import Visitor
from perfgate.runtime.users.dispatcher import choices

class Generated(Visitor):
    weight = 9
    @task(3)
    def a(self): pass
    @task
    def b(self): pass

class Written(User):
    weight = 2
    @task(2)
    def c(self): pass
    @task
    def d(self): pass

class Nested(User):
    @task
    class Inner(TaskSet):
        @task
        def e(self): pass

result = [[one.user_class.__name__, one.work.__name__] for one in choices([Generated, Written])]
try:
    choices([Nested])
except ValueError as error:
    result.append(str(error))
"""


def test_what_an_arrival_may_start():
    *names, complaint = in_locust(CHOICES)
    assert names == [["Generated", "a"]] * 3 + [["Generated", "b"]] + [["Written", "c"]] * 4 + [["Written", "d"]] * 2
    assert complaint.startswith("Nested uses a TaskSet")
    assert "`load: {users: ...}`" in complaint


REPLAYED = """
import gevent
from locust.env import Environment
from perfgate.runtime.http.responses import Response
from perfgate.runtime.users.replay import ObservedAnswer

answers = ObservedAnswer(Environment(), "orders")
answers.is_recording = True

def user():
    for opened in (1, 0, 1):
        response = Response(200, service=1)
        response.connections = opened
        answers.record(("GET", "orders"), 0, response, None)

gevent.joinall([gevent.spawn(user), gevent.spawn(user)], raise_error=True)
result = [sample["connections"] for sample in answers.samples]
"""


def test_the_connection_that_every_user_has_to_open_is_no_sign_of_closed_ones():
    assert in_locust(REPLAYED) == [None, 0, 1] * 2
