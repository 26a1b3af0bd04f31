"""Requests that begin a trace: one sampled `traceparent`, whatever the scenario says."""

from __future__ import annotations

import re

from perfgate.runtime.http.client import SendOptions, Timeouts
from perfgate.runtime.http.responses import Response
from perfgate.runtime.users.traced import Traces, TracingClient

PREFIX = "a" * 16


class Sent:
    def __init__(self) -> None:
        self.messages: list[bytes] = []

    def send(self, message: bytes, _: SendOptions) -> Response:
        self.messages.append(message)
        return Response()


def options(endpoint: str) -> SendOptions:
    return SendOptions("POST", Timeouts(1, 1, 1), False, endpoint)


def test_each_request_of_the_endpoint_has_a_trace_of_its_own():
    sent, traces = Sent(), Traces(PREFIX, "search")
    client = TracingClient(sent, traces)
    message = b"POST / HTTP/1.1\r\nHost: a\r\nTraceParent: 00-own\r\nContent-Length: 15\r\n\r\na\r\ntraceparent: b"

    answers = [client.send(message, options("search")) for _ in range(2)]

    ids = [traces.id_of(answer) for answer in answers]
    assert len(set(ids)) == 2
    for written, trace in zip(sent.messages, ids, strict=True):
        assert re.fullmatch(f"{PREFIX}[0-9a-f]{{16}}", trace)
        assert written == (
            b"POST / HTTP/1.1\r\n" + f"traceparent: 00-{trace}-{trace[16:]}-01\r\n".encode() + b"Host: a\r\n"
            b"Content-Length: 15\r\n\r\na\r\ntraceparent: b"
        )


def test_other_requests_are_sent_as_they_are():
    sent, traces = Sent(), Traces(PREFIX, "search")

    answer = TracingClient(sent, traces).send(b"GET / HTTP/1.1\r\n\r\n", options("log in"))

    assert sent.messages == [b"GET / HTTP/1.1\r\n\r\n"]
    assert traces.id_of(answer) == ""
