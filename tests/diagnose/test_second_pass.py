"""The second pass beside probes of servers that nobody has seen yet."""

from __future__ import annotations

from typing import Any

from perfgate.diagnose import second_pass
from perfgate.diagnose.facts import ProbeCounts
from perfgate.diagnose.probes import RedisProbe
from perfgate.diagnose.replaying import Answer
from perfgate.diagnose.second_pass import DiagnosedSubject, PassSettings, PassSide


class Healthy:
    def begin(self) -> None: ...

    def counted(self, requests: int) -> ProbeCounts:
        return ProbeCounts(values={"cpu": 1.0 / max(1, requests)})

    def close(self) -> None: ...


class Odd(Healthy):
    def counted(self, requests: int) -> ProbeCounts:
        raise KeyError("redis://:s3cret@cache")


class OddRedis(RedisProbe):
    def __init__(self) -> None: ...

    def begin(self) -> None:
        raise TypeError("redis://:s3cret@cache")


class Replayed:
    def send(self, *_: Any) -> Answer:
        return Answer(requests=4)


def test_an_error_that_nobody_expects_costs_its_probe_alone():
    probes: Any = (Odd(), Healthy())
    side = PassSide(name="head", target="http://127.0.0.1:1", probes=probes)
    subjects = [DiagnosedSubject(endpoint="search", scenario="")]

    seen = second_pass.observe(subjects, [side], Replayed(), PassSettings(seconds=1.0))  # type: ignore[arg-type]

    assert seen.warnings == ["The processes and sockets of the service could not be read any further (KeyError)"]
    assert {counts.values["cpu"] for counts in seen.seen["search", "head"].counts} == {0.25}


def test_the_error_of_a_probe_is_told_without_its_words():
    side = PassSide(name="head", target="http://127.0.0.1:1", probes=(OddRedis(),))
    subjects = [DiagnosedSubject(endpoint="search", scenario="")]

    seen = second_pass.observe(subjects, [side], Replayed(), PassSettings(seconds=1.0))  # type: ignore[arg-type]

    assert "s3cret" not in " ".join(seen.warnings)
    assert len(seen.warnings) == 1
