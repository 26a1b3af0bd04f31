"""Whether a service listens where perfgate tells it to."""

from __future__ import annotations

import pytest

from perfgate.loadtest.service.starting import takes_port
from perfgate.model.budget_file import Service


@pytest.mark.parametrize(
    ("command", "env", "expected"),
    [
        ("serve --port ${PORT}", {}, True),
        ("serve --port $PORT", {}, True),
        ("exec node server.js", {"PORT": "${PORT}"}, True),  # as its advice says of what reads PORT by itself
        ("exec node server.js", {}, False),
    ],
)
def test_a_service_takes_its_port_in_its_command_or_its_environment(command, env, expected):
    assert takes_port(Service(command=command, port=8765, env=env)) is expected
