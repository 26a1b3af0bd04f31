"""A destination that is down or slow: a warning, and nothing waits for it longer than it must."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import closing
from threading import Event

import pytest
import servers
from export.receivers import families

from perfgate.export import ExportError, Family, Sender, flush
from perfgate.export.posting import Poster

NAME = "somewhere"


class Scripted:
    """Fails as often as it is asked to."""

    def __init__(self, *failures: bool) -> None:
        self.failures = list(failures)
        self.sent: list[tuple[Sequence[Family], float]] = []
        self.is_closed = False

    def send(self, families: Sequence[Family], at: float) -> None:
        if self.failures and self.failures.pop(0):
            raise ExportError("it does not answer")
        self.sent.append((families, at))

    def close(self) -> None:
        self.is_closed = True


def test_the_last_numbers_are_there_when_flush_returns():
    exporter, warnings = Scripted(), list[str]()
    sender = Sender(NAME, exporter, lambda: 5.0, warnings.append)

    sender.update(families(1.0))
    sender.flush(families(2.0))

    sender.update(families(1.0)[:1])
    sender.flush(families(2.0)[1:])
    sent = {family.name: family for batch, _ in exporter.sent for family in batch}
    assert sent == {family.name: family for family in (*families(1.0)[:1], *families(2.0)[1:])}  # the newest of each
    assert {at for _, at in exporter.sent} == {5.0}
    sender.close()
    assert (exporter.is_closed, warnings) == (True, [])


def test_a_failure_is_told_once_until_it_works_again():
    exporter, warnings = Scripted(True, True, False, True), list[str]()
    sender = Sender(NAME, exporter, lambda: 0.0, warnings.append)

    for _ in range(4):
        sender.flush(families())
    sender.close()

    assert warnings == ["Not exported to somewhere: it does not answer. The verdict stands."] * 2


def test_live_numbers_never_wait_for_a_slow_destination():
    release = Event()

    class Slow(Scripted):
        def send(self, families: Sequence[Family], at: float) -> None:
            release.wait(60)
            super().send(families, at)

    exporter = Slow()
    sender = Sender(NAME, exporter, lambda: 0.0, lambda _: None)
    for number in range(100):
        sender.update(families(float(number)))  # would wait for ever if it waited
    release.set()
    sender.close()

    assert 1 <= len(exporter.sent) <= 3


def test_a_destination_that_hangs_is_left_behind():
    release, warnings = Event(), list[str]()

    class Hanging(Scripted):
        def send(self, families: Sequence[Family], at: float) -> None:
            release.wait(60)

    hanging = Hanging()
    sender = Sender(NAME, hanging, lambda: 0.0, warnings.append)
    flush([sender], families(), within_s=0.0)
    sender.close()  # would wait for ever if it waited
    release.set()

    assert warnings == [
        "Not exported to somewhere: it is too slow. It has 15 s for the last numbers. The verdict stands."
    ]
    assert not hanging.is_closed


def test_what_a_library_raises_is_a_warning_without_its_words():
    warnings: list[str] = []

    class Broken(Scripted):
        def send(self, families: Sequence[Family], at: float) -> None:
            raise UnicodeEncodeError("ascii", "hunter2", 0, 1, "hunter2")

    sender = Sender(NAME, Broken(), lambda: 0.0, warnings.append)
    sender.flush(families())
    sender.flush(families())
    sender.close()

    assert warnings == [
        "Not exported to somewhere: it could not be sent (UnicodeEncodeError). Please report this. The verdict stands."
    ]


def test_an_answer_that_repeats_the_address_shows_no_secret_of_it():
    """As the error pages of many frameworks do: `Cannot POST /write?u=me&p=...`."""

    def echo(behaviour: servers.Behaviour, connection: socket.socket) -> None:
        body = b"cannot post to " + behaviour.read(connection).split(b" ")[1]
        connection.sendall(b"HTTP/1.1 404 X\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with (
        servers.serving(echo) as (url, _),
        closing(Poster(f"{url}/write?u=me&p=hunter2-hunter2", {})) as poster,
        pytest.raises(ExportError, match="it answered 404: cannot post to") as refused,
    ):
        poster.post(b"x")

    assert "hunter2" not in str(refused.value)
