"""Receivers that refuse, hang up, redirect or cannot be trusted: a message with what to do, and no secret."""

from __future__ import annotations

import http.client
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
import servers
from export.receivers import families, http_receiver
from processes import wait_for

from perfgate import export
from perfgate.export import ExportError
from perfgate.export.posting import Poster
from perfgate.export.prometheus import ScrapePage
from perfgate.text import export_urls

SECRET = "hunter2-hunter2"
HEADERS = {"Authorization": f"Bearer {SECRET}"}


def refused(url: str, slept: list[float] | None = None) -> ExportError:
    sleep: Callable[[float], None] = (slept if slept is not None else []).append
    poster = Poster(f"{url}/write?token={SECRET}", HEADERS, "THE_TOKEN", sleep)
    with closing(poster), pytest.raises(ExportError) as caught:
        poster.post(b"12345")
    assert SECRET not in f"{caught.value.message} {caught.value.hint}"
    return caught.value


def answering(*heads: str) -> Callable[[servers.Behaviour, socket.socket], None]:
    """Answers with these, the last one again and again; the body repeats what was asked."""
    remaining = list(heads)

    def answer(behaviour: servers.Behaviour, connection: socket.socket) -> None:
        body = behaviour.read(connection)
        head = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        connection.sendall(
            f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body
        )

    return answer


@pytest.mark.parametrize(
    ("head", "cure", "waits"),
    [
        ("401 Unauthorized", "Check THE_TOKEN.", []),
        ("403 Forbidden", "Check THE_TOKEN.", []),
        ("404 Not Found", "Is the path of its address right?", []),
        ("413 Too Large", "5 bytes were sent: allow as many there.", []),
        ("429 Too Many\r\nRetry-After: 2", "It takes no more for now (Retry-After: 2): allow more there.", [2.0, 2.0]),
        ("429 Too Many\r\nRetry-After: 600", "(Retry-After: 600)", []),
        ("429 Too Many", "It takes no more for now: allow", [0.25, 0.25]),
        ("500 Broken", "Its own log says why.", [0.25, 0.5]),
        ("503 Busy\r\nRetry-After: 1", "Its own log says why.", [1.0, 1.0]),
        (
            f"307 Elsewhere\r\nLocation: https://new.example/write?token={SECRET}",
            "It redirects to https://new.example[hidden]?[hidden], and redirects are not followed",
            [],
        ),
    ],
)
def test_what_a_receiver_answers_is_told_with_what_to_do(head: str, cure: str, waits: list[float]):
    slept: list[float] = []
    with servers.serving(answering(head)) as (url, behaviour):
        error = refused(url, slept)

    assert error.message.startswith(f"it answered {head[:3]}: POST ")
    assert cure in error.hint
    assert (slept, behaviour.requests) == (waits, len(waits) + 1)


def test_what_is_refused_for_the_moment_is_sent_again():
    with servers.serving(answering("503 Busy\r\nRetry-After: 3", "429 Slow", "204 Taken")) as (url, behaviour):
        slept: list[float] = []
        with closing(Poster(url, {}, sleep=slept.append)) as poster:
            assert poster.post(b"x").status == 204

    assert (slept, behaviour.requests) == ([3.0, 0.25], 3)


def test_a_receiver_that_hangs_up_or_is_not_there():
    with servers.serving(servers.resets) as (url, behaviour):
        error = refused(url)
    assert (error.message[:19], error.hint) == ("it does not answer:", "Is it running, and reachable from here?")
    assert behaviour.requests == 3
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    assert "refused" in refused(f"http://127.0.0.1:{port}").message


@pytest.mark.needs("openssl")
def test_a_certificate_that_nobody_vouches_for(tmp_path: Path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*servers.self_signed(tmp_path))

    def shake_hands(_: servers.Behaviour, connection: socket.socket) -> None:
        with suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True).close()

    def speak_plainly(_: servers.Behaviour, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with servers.serving(shake_hands) as (url, _):
        error = refused(url.replace("http", "https"))
    assert error.hint == "SSL_CERT_FILE=ca.pem names the authority that signed its certificate."
    with servers.serving(speak_plainly) as (url, _):
        assert refused(url.replace("http", "https")).hint == "It speaks no TLS there: http in place of https?"


@pytest.mark.needs("openssl")
def test_a_receiver_on_this_machine_is_believed_by_the_certificates_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = servers.self_signed(tmp_path)
    context.load_cert_chain(*files)

    def accept(_: servers.Behaviour, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as sock:
            while not sock.recv(65536).endswith(b"x"):  # the body may come by itself
                continue
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with servers.serving(accept) as (url, _), closing(Poster(url.replace("http", "https"), {})) as poster:
        assert poster.post(b"x").status == 200


def test_an_environment_that_is_wrong_is_a_warning_and_this_machine_needs_no_proxy(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALL_PROXY", f"foo://user:{SECRET}@proxy:1")
    error = refused("http://metrics.example")
    assert "names no proxy that can be used" in error.message
    assert error.hint == "Mend that variable, or unset it."
    with http_receiver() as received, closing(Poster(received.url, {})) as poster:
        poster.post(b"x")
    monkeypatch.delenv("ALL_PROXY")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    assert "SSL_CERT_FILE or SSL_CERT_DIR names no usable certificates" in refused("https://metrics.example").message


def test_a_header_with_a_name_that_cannot_be_sent():
    poster = Poster("http://127.0.0.1:1", {"ap\u00ed": SECRET}, sleep=list[float]().append)
    with closing(poster), pytest.raises(ExportError, match="the name of a header cannot be sent") as caught:
        poster.post(b"x")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("number", [3, "3"])
def test_values_that_otlp_rejects_beside_a_status_of_200_are_told(number: int | str):
    with http_receiver() as received:
        exporter = export.connect(f"otlp+{received.url}", {}, {"PERFGATE_OTLP_HEADERS": f"key={SECRET}"})
        with closing(exporter):
            received.answer = b'{"partialSuccess": {"errorMessage": "only a warning"}}'
            exporter.send(families(), at=0.0)
            written = str(number) if isinstance(number, int) else f'"{number}"'
            told = f'{{"partialSuccess": {{"rejectedDataPoints": {written}, "errorMessage": "too old, {SECRET}"}}}}'
            received.answer = told.encode()
            with pytest.raises(ExportError) as caught:
                exporter.send(families(), at=0.0)

    assert caught.value.message == "it rejected 3 values: too old, [hidden]"


def test_a_scraper_that_hangs_up_leaves_no_trace(capfd: pytest.CaptureFixture[str]):
    page = ScrapePage("127.0.0.1", 0)
    try:
        with closing(socket.create_connection(("127.0.0.1", page.port), timeout=60)) as scraper:
            scraper.sendall(b"GET /metr")
            scraper.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with closing(http.client.HTTPConnection("127.0.0.1", page.port, timeout=60)) as connection:
            connection.request("GET", "/metrics")
            assert connection.getresponse().status == 200
        serving = "process_request_thread"
        wait_for(lambda: not any(serving in thread.name for thread in threading.enumerate()), "the end of both")
    finally:
        page.close()

    assert capfd.readouterr().err == ""


def test_a_destination_is_named_by_its_host_alone():
    assert export_urls.place(f"influxdb+https://h.example/write?p={SECRET}") == "influxdb at h.example"
    assert export_urls.place("otlp+http://[::1]:4318/x") == "otlp at [::1]:4318"
