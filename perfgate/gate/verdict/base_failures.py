"""What an A/B test says of a base that answers with failures where the head does not: its checkout lacks something."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.gate.comparison import results_by_name
from perfgate.model.note import Note
from perfgate.model.run import EndpointResult, Run
from perfgate.recording.usable import failed_share, is_mostly_failed
from perfgate.text.notes import note
from perfgate.text.plurals import and_more

MAX_NAMED = 3  # endpoints
MAX_EXAMPLE_CHARS = 120


def notes(run: Run) -> Iterator[Note]:
    """One for all endpoints that fail in the base alone; none where the head fails as well, or the endpoint is new."""
    if not run.arms:
        return
    heads, base = results_by_name(run), run.arms[0]
    failed = [
        result
        for result in base.endpoints
        if result.name not in base.absent
        and is_mostly_failed(result)
        and result.name in heads
        and not is_mostly_failed(heads[result.name])
    ]
    if failed:
        yield note("PG-C016", _sentence(failed))


def _sentence(failed: list[EndpointResult]) -> str:
    names = ", ".join(result.name for result in failed[:MAX_NAMED])
    more = and_more(len(failed), MAX_NAMED)
    example = next((text for result in failed for text in result.failure_examples), "")
    shown = f" ({example[:MAX_EXAMPLE_CHARS]})" if example else ""
    share = min(map(failed_share, failed))
    return (
        f"Only the base fails, {names}{more}: {share:.0%} of the requests{shown}. Its fresh checkout may lack a "
        "database or a file that is not in git: let `service.setup` make it."
    )
