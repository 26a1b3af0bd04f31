"""What the child process says of requests that failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perfgate.diagnose.replaying import Replayer, ReplayRequest
from perfgate.model.errors import DiagnosisError
from perfgate.text.redaction import Redactor

ORDER = ReplayRequest(scenario="", endpoint="search", target="http://127.0.0.1:1", seconds=0.1)


class Answering(Replayer):
    """Has the answer without a child."""

    def __init__(self, answer: dict[str, Any], log: Path) -> None:
        super().__init__(environ={}, log=log, redact=Redactor({"TOKEN": "s3cret-1", "OTHER": "s3cret-2"}))
        self.answer = answer

    def _exchange(self, order: ReplayRequest) -> dict[str, Any]:
        return self.answer


def test_secrets_stand_in_no_reason(tmp_path: Path):
    failures = {"expectation: $.token is s3cret-1": 2, "expectation: $.token is [TOKEN]": 3, "status: 500": 1}
    answer = {"samples": [], "canary": [], "failures": failures, "requests": 6}

    for result in (Answering(answer, tmp_path).send(ORDER, 0), Answering(answer, tmp_path).count(ORDER, 6, print)):
        assert result.failures == {"expectation: $.token is [TOKEN]": 5, "status: 500": 1}


def test_secrets_stand_in_no_error(tmp_path: Path):
    replayer = Answering({"error": "ValueError: Bearer s3cret-2"}, tmp_path)

    with pytest.raises(DiagnosisError, match=r"sent again: ValueError: Bearer \[OTHER\]"):
        replayer.send(ORDER, 0)
    with pytest.raises(DiagnosisError, match=r"sent alone: ValueError: Bearer \[OTHER\]"):
        replayer.count(ORDER, 6, print)
