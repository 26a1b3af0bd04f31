"""The shop as a process: how it starts, what it says, how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest


def start_in_vain(*arguments: str, faults: str = "") -> tuple[int, str]:
    """The exit code and stderr of a shop that cannot start."""
    command = [sys.executable, "-m", "perfgate.demo", *arguments]
    ended = subprocess.run(
        command, env={"PERFGATE_DEMO_FAULTS": faults}, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_busy_shop_stops_at_once_and_leaves_nothing(start_shop, number):
    """With one request that would take minutes, and more exports than there are workers."""
    with start_shop("search:slow=100000, exports:slow=1000, orders:big") as shop:
        assert shop.said.count("\n") == 2
        answers: list[int] = []
        visitor = threading.Thread(target=lambda: answers.append(shop.client().get("/search?q=oak").status_code))
        visitor.start()
        wait_until(lambda: shop.client().get("/stats").json()["started"] == 1)
        assert len(list(shop.temporary.iterdir())) == 1
        code, errors = shop.stop(number)
        visitor.join()
        assert (code, errors) == (0, "")
        assert answers == [200]
        assert list(shop.temporary.iterdir()) == []


def test_exports_under_way_do_not_delay_the_end(start_shop):
    with start_shop("exports:slow=30") as shop:
        for _ in range(6):
            assert shop.client().post("/exports").status_code == 202
        assert shop.stop() == (0, "")
        assert list(shop.temporary.iterdir()) == []


def test_a_visitor_who_leaves_early_is_counted_too(start_shop):
    with start_shop("search:slow=50") as shop:
        address = urlsplit(shop.url)
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(b"GET /search?q=oak HTTP/1.1\r\nHost: shop\r\n\r\n")
            wait_until(lambda: shop.client().get("/stats").json()["started"] == 1)
        wait_until(lambda: shop.client().get("/stats").json()["total"] == 1)
        assert shop.stop() == (0, "")


def test_a_port_in_use_is_said_clearly(shop):
    port = str(urlsplit(shop.url).port)
    code, errors = start_in_vain("--port", port)
    assert code == 3
    assert errors == (
        f"perfgate demo: cannot listen on 127.0.0.1 port {port}: address already in use. "
        "Choose another with --port, or stop what listens there.\n"
    )


def test_a_fault_nobody_knows_ends_the_start(shop):
    code, errors = start_in_vain("--port", "0", faults="search:slow=fast")
    assert code == 2
    assert "search:slow=fast: write slow=FACTOR (1 or more: slow=3)" in errors
    assert "Traceback" not in errors


def test_a_file_that_is_no_shop_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("Tea, milk, bread: not a database, and not to be lost.")
    code, errors = start_in_vain("--port", "0", "--database", str(tmp_path / "notes.txt"))
    assert code == 3
    assert "notes.txt cannot be used as the shop's database: file is not a database" in errors
    assert (tmp_path / "notes.txt").read_text().startswith("Tea, milk")


def wait_until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
