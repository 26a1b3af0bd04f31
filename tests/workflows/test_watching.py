"""What a round of `perfgate watch` says where it came to nothing: one line, for a chat."""

from __future__ import annotations

import pytest

from perfgate.workflows.watch import first_and_last_words


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("http://shop is down.\nIs it running?", "http://shop is down."),
        (
            "Locust ended. Its last words:\n  Traceback\n  ImportError: no x\n",
            "Locust ended. Its last words: ImportError: no x",
        ),
        ("Its last words:\n", "Its last words:"),
        ("", ""),
    ],
)
def test_a_reason_in_one_line(message: str, words: str):
    assert first_and_last_words(message) == words
