"""Headers of a page's answers."""

from __future__ import annotations

import pytest

from perfgate.pages.headers import forbids_scripts


@pytest.mark.parametrize(
    ("policy", "forbids"),
    [
        ("", False),
        ("default-src 'self'; script-src 'self'", False),
        ("sandbox", True),
        ("img-src *; Sandbox allow-forms", True),
        ("default-src 'self', sandbox", True),
        ("sandbox allow-scripts allow-forms", False),
    ],
)
def test_a_sandbox_without_scripts_is_recognised(policy: str, forbids: bool):
    assert forbids_scripts(policy) is forbids
