"""The child process that sends the second pass (`perfgate.runtime.users.replay`): one order in, one answer out."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from perfgate.diagnose.partition import ReplaySample
from perfgate.model.errors import DiagnosisError
from perfgate.text import server_timing

ANSWER_GRACE_S = 30.0  # s beyond an order's own time: slow starts, and what is in flight at its end
END_TIMEOUT_S = 5.0  # s


@dataclass(frozen=True, kw_only=True)
class ReplayRequest:
    """See `perfgate.runtime.users.replay.ReplayOrder`."""

    scenario: str
    endpoint: str
    target: str
    seconds: float
    users: int = 1
    pause: float = 0.0
    seed: str = ""
    canary: str = ""
    traces: str = ""
    requests: int = 0  # exactly so many: see `Replayer.count`


@dataclass(frozen=True, kw_only=True)
class Answer:
    samples: tuple[ReplaySample, ...] = ()
    canary: tuple[float, ...] = ()
    failures: Mapping[str, int] = field(default_factory=dict)
    requests: int = 0  # sent in all, those before and after the recorded time as well


class Replayer:
    """A context: the child runs inside. What it says goes into `log`; `redact` hides secrets in its reasons."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        log: Path,
        names: Mapping[str, str] | None = None,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._environ, self._log, self._names, self._redact = environ, log, names, redact
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Replayer:
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "perfgate.runtime.users.replay"],
                env=dict(self._environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return
        with suppress(BrokenPipeError):
            process.stdin.close()  # its loop ends with its input
        try:
            process.wait(END_TIMEOUT_S if error is None else 0.1)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def send(self, order: ReplayRequest, round_: int) -> Answer:
        """Raises DiagnosisError when the child cannot do it."""
        answer = self._exchange(order)
        if "error" in answer:
            raise DiagnosisError(
                f"{order.endpoint} could not be sent again: {self._redact(answer['error'])}", code="PG-X003"
            )
        samples = tuple(_sample(row, order, round_, self._names) for row in answer["samples"])
        return Answer(
            samples=samples,
            canary=tuple(answer["canary"]),
            failures=self._redacted(answer["failures"]),
            requests=answer["requests"],
        )

    def count(self, order: ReplayRequest, requests: int, begin: Callable[[], None]) -> Answer:
        """Sends exactly so many requests, one after the other; `begin` is called before, when the user has connected
        and logged in. Raises DiagnosisError when the child cannot do it."""
        answer = self._exchange(replace(order, requests=requests))
        if answer.get("ready"):
            begin()
            answer = self._exchange(replace(order, requests=requests))
        if "error" in answer:
            raise DiagnosisError(
                f"{order.endpoint} could not be sent alone: {self._redact(answer['error'])}", code="PG-X003"
            )
        return Answer(failures=self._redacted(answer["failures"]), requests=answer["requests"])

    def _redacted(self, failures: Mapping[str, int]) -> Mapping[str, int]:
        numbers: dict[str, int] = {}
        for reason, number in failures.items():
            shown = self._redact(reason)
            numbers[shown] = numbers.get(shown, 0) + number
        return numbers

    def _exchange(self, order: ReplayRequest) -> dict[str, Any]:
        """One line out, one line in."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(asdict(order)) + "\n")
            process.stdin.flush()
            readable, _, _ = select.select([process.stdout], [], [], order.seconds + ANSWER_GRACE_S)
            line = process.stdout.readline() if readable else ""
            answer: dict[str, Any] = json.loads(line)
        except (OSError, ValueError) as error:
            raise DiagnosisError(f"The second pass broke off; its log is {self._log}", code="PG-X003") from error
        return answer


def _sample(row: Mapping[str, Any], order: ReplayRequest, round_: int, names: Mapping[str, str] | None) -> ReplaySample:
    headers: Mapping[str, str] = row["headers"]
    return ReplaySample(
        wait=row["wait"],
        first_byte=row["first_byte"],
        service=row["service"],
        connections=row["connections"],
        status=row["status"],
        size=row["size"],
        decoded=row["decoded"],
        headers=headers,
        timing=server_timing.read(headers.get("server-timing", ""), names),
        round=round_,
        users=order.users,
        trace=row.get("trace", ""),
    )
