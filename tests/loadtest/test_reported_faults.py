"""Whose fault it is: what users of other load generators saw told as failures of the target, tried with ours."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from projects import free_port
from runtime.conftest import certificates  # noqa: F401 - a fixture

from perfgate.loadtest import Start, check_plain, check_up, running, way_to
from perfgate.loadtest.service.checkout import Checkout
from perfgate.loadtest.service.handshake import TlsCheck
from perfgate.loadtest.service.side_by_side import _missing
from perfgate.model.budget_file import Service, Tls
from perfgate.model.errors import ServiceError, TargetError

REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def listening(handle: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Iterator[int]:
    """The port of somebody who handles each connection; IPv6 where the host is of it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.create_server((host, 0), family=family)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with closing(connection), suppress(OSError):
                        handle(connection)

        Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def secure(certificates: Path) -> Iterator[str]:  # noqa: F811 - the fixture
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with listening(lambda connection: context.wrap_socket(connection, server_side=True).close()) as port:
        yield f"https://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("tls", "said"),
    [
        (Tls(), "unable to get local issuer certificate"),
        (Tls(ca="ca.pem", server_name="other.test"), "Hostname mismatch"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_no_failure_under_load(secure, certificates, tls, said):  # noqa: F811
    """luketn/docker-k6-grafana-influxdb issue 10: every request fails, "certificate signed by unknown authority"."""
    with pytest.raises(TargetError, match=f"is not trusted: .*{said}"):
        check_up(secure, {}, TlsCheck(tls=tls, folder=certificates))


@pytest.mark.parametrize("tls", [Tls(ca="ca.pem"), Tls(insecure=True), Tls(ca="ca.pem", server_name="shop.test")])
def test_a_certificate_that_is_trusted(secure, certificates, tls):  # noqa: F811 - the fixture
    check_up(secure, {}, TlsCheck(tls=tls, folder=certificates))


def test_an_https_port_that_is_taken_for_http_is_named(secure, certificates):  # noqa: F811 - the fixture
    with pytest.raises(TargetError, match=r"speaks TLS: http://\S+ is an https:// target") as caught:
        check_plain(secure.replace("https:", "http:"), {})
    assert caught.value.hint == f"Write {secure}."


def test_files_of_tls_may_be_anywhere(secure, certificates, tmp_path):  # noqa: F811 - the fixture
    check_up(secure, {}, TlsCheck(tls=Tls(ca=str(certificates / "ca.pem")), folder=tmp_path))


def test_a_target_that_speaks_plain_http_is_named(tmp_path):
    def answer(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with listening(answer) as port, pytest.raises(TargetError, match="does not speak TLS") as raised:
        check_up(f"https://127.0.0.1:{port}", {}, TlsCheck(tls=Tls(), folder=tmp_path))
    assert "Is it http://?" in raised.value.hint


def serving_tls(certificates: Path, answer: bytes | None, **settings: Any) -> Any:  # noqa: F811
    """A server that reads a bit of the client's words and answers, whatever they are; None: says nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.set_alpn_protocols(["h2"])
    for name, value in settings.items():
        setattr(context, name, value)
    if context.verify_mode == ssl.CERT_REQUIRED:
        context.load_verify_locations(certificates / "ca.pem")

    def handle(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            if answer is not None:
                tls.sendall(answer)
            tls.recv(1000)

    return listening(handle)


SETTINGS_FRAME = b"\0\0\0\4\0\0\0\0\0"


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_server_that_speaks_http_2_alone_is_named_before_the_load(certificates, version):  # noqa: F811
    trusted = TlsCheck(tls=Tls(ca="ca.pem"), folder=certificates)
    limit = ssl.TLSVersion[version]
    with serving_tls(certificates, SETTINGS_FRAME, minimum_version=limit, maximum_version=limit) as port:
        with pytest.raises(TargetError, match="speaks HTTP/2 alone") as raised:
            check_up(f"https://127.0.0.1:{port}", {}, trusted)
        assert (raised.value.code, raised.value.exit_code) == ("PG-T015", 3)
        check_up(f"https://127.0.0.1:{port}", {}, replace(trusted, protocol="h2"))
    with serving_tls(certificates, b"HTTP/1.1 200 OK\r\n\r\n") as port:  # by ALPN alone, as some are set up
        check_up(f"https://127.0.0.1:{port}", {}, trusted)


def test_an_alert_about_the_protocol_names_http_2(tmp_path):
    alert = b"\x15\3\3\0\2\2\x78"  # fatal, no_application_protocol: as Go and OpenSSL refuse
    refusing = listening(lambda connection: connection.recv(4096) and connection.sendall(alert))
    with refusing as port, pytest.raises(TargetError, match="speaks HTTP/2 alone"):
        check_up(f"https://127.0.0.1:{port}", {}, TlsCheck(tls=Tls(), folder=tmp_path))


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_server_that_wants_a_certificate_says_so_before_the_load(certificates, version):  # noqa: F811
    """TLS 1.3 says it after the handshake."""
    limit = ssl.TLSVersion[version]
    own = Tls(ca="ca.pem", certificate="client.pem", key="client.key")
    with serving_tls(
        certificates, None, verify_mode=ssl.CERT_REQUIRED, minimum_version=limit, maximum_version=limit
    ) as port:
        check = TlsCheck(tls=own, folder=certificates, protocol="h2")
        check_up(f"https://127.0.0.1:{port}", {}, check)
        with pytest.raises(TargetError, match="does not speak TLS") as raised:
            check_up(f"https://127.0.0.1:{port}", {}, replace(check, tls=Tls(ca="ca.pem")))
    assert "`tls: {certificate: client.pem}`" in raised.value.hint


def test_a_server_of_other_names_says_which_setting_names_it(tmp_path):
    alert = b"\x15\3\3\0\2\2\x70"  # fatal, unrecognized_name
    refusing = listening(lambda connection: connection.recv(4096) and connection.sendall(alert))
    with refusing as port, pytest.raises(TargetError, match="unrecognized name") as raised:
        check_up(f"https://127.0.0.1:{port}", {}, TlsCheck(tls=Tls(), folder=tmp_path))
    assert raised.value.hint == "Name the host that it serves: `tls: {server_name: HOST}`."


def test_a_proxy_that_refuses_the_target_is_named():
    """request/request issue 1347: requests that a proxy of the environment answers in place of the target."""

    def refuse(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(REFUSAL)

    with listening(refuse) as port:
        environ = {"https_proxy": f"http://ann:secret@127.0.0.1:{port}"}
        with pytest.raises(
            TargetError, match=f"proxy 127.0.0.1 port {port} does not connect to shop.example:443: .*403"
        ):
            check_up("https://shop.example", environ)
        assert (
            way_to("https://shop.example", environ)
            == f", through the proxy 127.0.0.1:{port} that the environment names"
        )
    assert way_to("http://127.0.0.1:80", {"http_proxy": "http://127.0.0.1:3128"}) == ""


def test_a_target_on_the_other_loopback_address_is_named():
    """Ame-X/RPG-Harness issue 9: Vite listens on ::1 alone, and 127.0.0.1 refuses the connection."""
    try:
        opened = listening(lambda _: None, "::1")
        port = opened.__enter__()
    except OSError:
        pytest.skip("no IPv6 here")
    try:
        with pytest.raises(TargetError) as raised:
            check_up(f"http://127.0.0.1:{port}/api", {})
    finally:
        opened.__exit__(None, None, None)
    assert raised.value.hint.startswith(f"Something listens on [::1]:{port} only: name http://[::1]:{port}/api as the")


def start(command: str, folder: Path, port: int) -> Start:
    service = Service(command=command, port=port, ready="/", ready_timeout=60.0, env={})
    return Start(service=service, folder=folder, log=folder / "service.log", environ={"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize(
    ("command", "hint"), [("sleep 600 & exit 0", "keep it in the foreground"), ("exit 1", "by hand to see why")]
)
def test_a_service_in_the_background_is_told_from_one_that_is_broken(tmp_path, command, hint):
    with pytest.raises(ServiceError) as raised, running([start(command, tmp_path, 1)], ()):
        pass
    assert hint in raised.value.hint


def test_a_service_on_the_other_loopback_address_is_named(tmp_path):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # never listens: refused
        port = taken.getsockname()[1]
        try:
            listener = socket.create_server(("::1", port), family=socket.AF_INET6)
        except OSError:
            pytest.skip("no IPv6 here")
        slow = start("exec sleep 600", tmp_path, port)
        slow = replace(slow, service=replace(slow.service, ready_timeout=0.5))
        with closing(listener), pytest.raises(ServiceError) as raised, running([slow], ()):
            pass
    assert f"it listens on [::1]:{port} only; let it listen on 127.0.0.1" in str(raised.value)


@pytest.mark.parametrize(
    ("setup", "files", "hint"),
    [
        ("", [".gitmodules"], "git submodule update --init"),
        ("make", [".gitmodules"], ""),  # who sets up an arm knows what it needs
        ("", ["package.json"], "npm ci"),
        ("", [], "python manage.py migrate"),  # nothing says what it is: packages, a database
    ],
)
def test_what_the_checkout_of_the_base_may_lack(tmp_path, setup, files, hint):
    for name in files:
        (tmp_path / name).touch()
    service = Service(command="serve", port=1, setup=setup)
    lacks = _missing(service, Checkout(folder=tmp_path, top=tmp_path, commit="a", scratch=tmp_path))
    assert hint in lacks if hint else not lacks


def test_a_folder_that_the_base_does_not_have_is_named(tmp_path):
    """A monorepo whose folders were moved: the base's service finds none of its files."""
    made = Checkout(folder=tmp_path / "apps/a", top=tmp_path, commit="a", scratch=tmp_path, is_new=True)
    assert _missing(Service(command="serve", port=1), made).startswith("The base has no folder apps/a: ")


def test_a_service_that_was_killed_for_want_of_memory(tmp_path):
    """pocketbase/pocketbase issue 4975: the system kills it under load."""
    one = start("kill -9 $$", tmp_path, 1)
    with pytest.raises(ServiceError, match=r"137 \(SIGKILL; most likely memory ran out"), running([one], ()):
        pass


SERVICE = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers = iter([503, 200])
    def do_GET(self):
        self.send_response(next(self.answers))
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")
http.server.HTTPServer(("127.0.0.1", 0 or int(sys.argv[1])), Handler).serve_forever()
"""


def test_asking_whether_it_is_ready_leaves_no_errors_in_its_log(tmp_path):
    """bahmutov/start-server-and-test issue 175: it answers before it is ready. Its log is its own, without resets."""
    (tmp_path / "service.py").write_text(SERVICE)
    port = free_port()
    one = start(f"exec {sys.executable} service.py {port}", tmp_path, port)
    with running([one], ()):
        pass
    log = one.log.read_text()
    assert '" 503' in log
    assert "Error" not in log
