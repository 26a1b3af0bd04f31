"""`service.setup`: what it writes has no secrets in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perfgate.loadtest.service.set_up import SetUp, set_up
from perfgate.model.errors import ServiceError


def test_secrets_are_neither_in_the_log_of_a_setup_nor_in_its_error(tmp_path: Path):
    log = tmp_path / "setup.log"

    with pytest.raises(ServiceError) as failed:
        set_up(
            SetUp(
                command="echo token ${API_TOKEN}; exit 3",
                what="the base",
                folder=tmp_path,
                venv=tmp_path / "venv",
                log=log,
                environ={"PATH": os.environ["PATH"], "API_TOKEN": "s3cret-value"},
                secrets=("API_TOKEN",),
            ),
            lambda _: None,
        )

    assert "exit code 3" in failed.value.message
    assert "token [API_TOKEN]" in failed.value.message
    assert "s3cret-value" not in failed.value.message + log.read_text(encoding="utf-8")
