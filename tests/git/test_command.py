"""What git says, without passwords."""

from __future__ import annotations

import pytest

from perfgate.git.command import redacted


@pytest.mark.parametrize(
    "url",
    [
        "https://octo:s3cret@example.org/a.git",
        "https://octo:s3@s3cret@example.org/a.git",
        "https://s3cret@example.org/a.git",
    ],
)
def test_users_and_passwords_of_urls_are_left_out(url: str):
    assert redacted(f"fatal: repository '{url}' not found") == "fatal: repository 'https://example.org/a.git' not found"
