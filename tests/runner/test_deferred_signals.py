"""Cleaning up that a second Ctrl-C does not cut short."""

from __future__ import annotations

import os
import signal

import pytest

from perfgate.runner.deferred_signals import defer_signals


class Disturbed(Exception):
    pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_until_the_block_is_done(number):
    def disturb(*_):
        raise Disturbed

    before = signal.signal(number, disturb)
    done = []

    def clean_up():
        with defer_signals():
            os.kill(os.getpid(), number)
            done.append("cleaned up")

    try:
        with pytest.raises(Disturbed):
            clean_up()
        assert done == ["cleaned up"]
        assert signal.getsignal(number) is disturb
    finally:
        signal.signal(number, before)


def test_without_a_signal_nothing_happens():
    before = signal.getsignal(signal.SIGINT)
    with defer_signals():
        pass
    assert signal.getsignal(signal.SIGINT) is before
