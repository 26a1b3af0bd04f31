"""Background jobs: what the application states of their times."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from perfgate.runtime.http.responses import Response
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.stated_times import stated
from perfgate.runtime.users.jobs import BackgroundJob, JobEnd


class Done(BackgroundJob):
    """A job that is done at once, and says that it was created at 5 and started at 7 s."""

    def run(self, visitor: Any, deadline: int) -> JobEnd:
        return JobEnd(Response(200, body=b'{"created": 5, "started": 7}'), None, deadline)


@pytest.mark.parametrize(
    ("moments", "seconds", "words"),
    [
        (("$.created", "$.started"), [2], ""),
        (("$.started", "$.created"), [], "below 0"),
        (("$.no", "$.one"), [], "does not state"),
    ],
)
def test_a_time_below_0_is_no_quick_job(moments: tuple[str, str], seconds: list[int], words: str):
    recorded, notes = [], []
    load = SimpleNamespace(in_flight=0, note=notes.append)
    visitor: Any = SimpleNamespace(
        turn=None, load=load, record=lambda label, _, response, __: recorded.append((label[0], response.service))
    )
    job = Done(Endpoint("export", "POST", "/"), until=[], fails=[], timeout=1.0, queued=stated(*moments), work=None)

    assert job.perform(visitor)

    assert [took / 1e9 for name, took in recorded if name == "queued"] == seconds
    assert [words in note for note in notes] == ([True] if words else [])
