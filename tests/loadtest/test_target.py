"""Whether a target is there: it, or the proxy on the way to it, listens."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from perfgate.loadtest import check_up
from perfgate.loadtest.service.target import check_allowed, is_here
from perfgate.model.errors import TargetError, UsageError


@pytest.fixture
def port():
    """Of somebody who listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def unused():
    """A port that nobody listens on."""
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def test_a_target_that_listens_is_up(port, unused):
    check_up(f"http://127.0.0.1:{port}/api", {"HTTP_PROXY": f"http://127.0.0.1:{unused}"})


def test_a_target_that_does_not_is_down(unused):
    with pytest.raises(TargetError, match=f"cannot connect to 127.0.0.1 port {unused} \\(connection refused\\)"):
        check_up(f"http://127.0.0.1:{unused}", {})


@pytest.mark.parametrize("host", ["a" * 64 + ".localhost", "a..localhost"])
def test_a_name_that_cannot_be_one_is_down_and_no_crash(host):
    with pytest.raises(TargetError, match="empty or longer than 63"):
        check_up(f"http://{host}", {})
    with pytest.raises(TargetError, match="is not this machine"):
        check_allowed(f"http://{host}", ())
    assert not is_here(f"http://{host}")


def test_a_target_behind_a_proxy_need_not_be_reachable_from_here(port):
    check_up("http://shop.invalid", {"HTTP_PROXY": f"http://127.0.0.1:{port}"})


def test_a_proxy_that_is_down_is_named(unused):
    with pytest.raises(TargetError, match=f"The proxy .* is down: cannot connect to 127.0.0.1 port {unused}"):
        check_up("http://shop.invalid", {"ALL_PROXY": f"http://127.0.0.1:{unused}"})


def test_a_proxy_that_is_none_for_us_is_an_error_before_any_load():
    with pytest.raises(UsageError, match="ALL_PROXY names a socks5:// proxy"):
        check_up("http://shop.invalid", {"ALL_PROXY": "socks5://127.0.0.1:9"})
