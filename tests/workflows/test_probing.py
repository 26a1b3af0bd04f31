"""Probes that the budget file names, and cannot be opened."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from builders import make_run

from perfgate.diagnose.probes import logins
from perfgate.model.budget_file import DiagnosePolicy
from perfgate.workflows import probing, solo_pass
from perfgate.workflows.solo_pass import SoloRequest


def test_a_url_that_cannot_be_read_costs_its_probe_alone_and_is_not_shown():
    policy = DiagnosePolicy(
        postgres="postgresql://[::1/s3cret",
        mysql="mysql://ada:s3cret[@database/shop",
        redis="redis://:s3/cret@cache",
        celery="amqp://ada:s3/cret@broker",
        prometheus="http://ada:s3cret[@127.0.0.1:1/metrics",
    )
    warnings: list[str] = []
    with ExitStack() as stack:
        assert list(probing.open_probers(policy, {}, stack, warnings)) == []

    assert len(warnings) == 5
    assert all(logins.MALFORMED in text for text in warnings)
    assert "s3" not in " ".join(warnings)


def test_an_error_that_nobody_expects_costs_the_counts_and_not_the_run(tmp_path: Path):
    request = SoloRequest(budget_file=None, sides=None, folder=tmp_path, environ={})  # type: ignore[arg-type]

    run = solo_pass.with_counts(make_run(), {"search": {"queries"}}, request, lambda _: None)

    assert run.warnings[-1] == "Could not be counted alone: AttributeError [PG-X005]"
