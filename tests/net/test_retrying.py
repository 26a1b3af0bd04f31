"""What is asked again, how often, and how long is waited before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from perfgate.net.http import NoReplyError, NotReachedError, Reply
from perfgate.net.retrying import Retries


def sender(*answers: int | None) -> Callable[[], Reply]:
    """Statuses, one after the other; None is no answer, 0 no connection. A limit asks for 7 seconds."""
    remaining = list(answers)

    def send() -> Reply:
        status = remaining.pop(0)
        if status is None:
            raise NoReplyError("hung up")
        if status == 0:
            raise NotReachedError("refused")
        return Reply(status=status, headers={"retry-after": "7"} if status == 429 else {}, body=b"")

    return send


@pytest.mark.parametrize(
    ("answers", "repeatable", "max_wait", "status", "waits"),
    [
        ([200], True, 60.0, 200, []),
        ([404], True, 60.0, 404, []),
        ([503, None, 200], True, 60.0, 200, [1.0, 2.0]),
        ([500, 500, 500], True, 60.0, 500, [1.0, 2.0]),  # the last answer, as it is
        ([429, 200], True, 60.0, 200, [7.0]),
        ([429, 200], True, 5.0, 200, [5.0]),
        ([429], True, None, 429, []),
        ([429, 200], False, 60.0, 200, [7.0]),  # certainly not done
        ([0, 200], False, 60.0, 200, [1.0]),
        ([503], False, 60.0, 503, []),  # may have been done
    ],
)
def test_what_is_asked_again(answers, repeatable, max_wait, status, waits):
    waited: list[float] = []
    retries = Retries(tries=3, max_wait_s=max_wait, pause=lambda attempt: 1.0 + attempt, sleep=waited.append)

    assert retries.send(sender(*answers), is_repeatable=repeatable).status == status
    assert waited == waits


@pytest.mark.parametrize(("answers", "repeatable", "waits"), [([None] * 3, True, 2), ([None], False, 0)])
def test_silence_to_the_end_is_an_error(answers, repeatable, waits):
    waited: list[float] = []

    with pytest.raises(NoReplyError):
        Retries(tries=3, sleep=waited.append).send(sender(*answers), is_repeatable=repeatable)

    assert len(waited) == waits
