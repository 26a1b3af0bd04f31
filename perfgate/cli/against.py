"""`--base-ref` and `--base`: what an A/B test is asked for, and what does not go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from perfgate.model.errors import UsageError
from perfgate.text import units

if TYPE_CHECKING:
    from perfgate.workflows.steps.request import AbRequest

BaseRef = Annotated[
    str,
    typer.Option(
        "--base-ref",
        envvar="PERFGATE_BASE_REF",
        metavar="REF",
        help="A/B test: start this branch, tag or commit beside the work tree, and compare the two. auto: where the "
        "change began, or what the pull request wants to enter; the history where there is no such base.",
    ),
]
BaseUrl = Annotated[
    str,
    typer.Option(
        "--base", envvar="PERFGATE_BASE", metavar="URL", help="A/B test against a deployment that runs already."
    ),
]
Restarts = Annotated[
    int | None,
    typer.Option(
        envvar="PERFGATE_RESTARTS",
        min=0,
        max=100,
        metavar="N",
        help="Restart base and head N times during the load. [default: the budget file's]",
    ),
]
Blocks = Annotated[
    str,
    typer.Option(
        envvar="PERFGATE_BLOCKS",
        metavar="DURATION",
        help="Load base and head in turns, each so long (5s); 0s: both at once. [default: the budget file's]",
    ),
]


def against(
    ref: str, url: str, restarts: int | None, blocks: str, *, target: str = "", workers: int = 0
) -> AbRequest | None:
    """Returns None when no A/B test is meant. Raises UsageError for options that contradict each other."""
    from perfgate.workflows.steps import bases
    from perfgate.workflows.steps.request import AbRequest

    if ref == bases.AUTO and (target or url):  # a default of CI: what is asked for in so many words comes first
        ref = ""
    if ref and url:
        raise UsageError("--base-ref and --base are two bases", hint="Give one of them.", code="PG-U004")
    if ref and target:
        raise UsageError(
            "--base-ref starts base and head itself, so --target (PERFGATE_TARGET) has no say",
            hint="To compare two deployments that run already: --target URL --base URL.",
            code="PG-U004",
        )
    if restarts and not ref:
        raise UsageError("--restarts goes with --base-ref: perfgate restarts only what it has started", code="PG-U005")
    if restarts and workers:
        raise UsageError(
            "--restarts needs the load from this machine: --workers serve one part of a run only", code="PG-U004"
        )
    if blocks and not (ref or url):
        raise UsageError("--blocks goes with --base-ref or --base", code="PG-U005")
    if not (ref or url):
        return None
    return AbRequest(ref=ref, url=url.rstrip("/"), restarts=restarts, blocks=_seconds(blocks))


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        return units.parse(units.DURATION, text)
    except units.UnitError as error:
        raise UsageError(f"--blocks {text}: {error.message}", hint=error.hint, code="PG-U003") from error
