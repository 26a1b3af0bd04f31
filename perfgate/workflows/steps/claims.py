"""Claims of acceptance -> what is accepted, once it is known which endpoints there are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import UTC

from perfgate.ci.acceptances import ALL, AcceptanceClaim
from perfgate.model.metric import METRICS
from perfgate.model.run import Acceptance
from perfgate.text.sanitize import one_line
from perfgate.text.units import parse_moment

MAX_CLAIMS = 100  # of one run
MAX_TEXT_CHARS = 300  # characters of a reason, an author or a name

_DASH = re.compile(r"\s+(?:-{1,2}|\u2013|\u2014)\s+")


def resolve_claims(
    claims: Iterable[AcceptanceClaim], names: Collection[str]
) -> tuple[tuple[Acceptance, ...], tuple[str, ...]]:
    """What was accepted, each thing once with its newest claim, and what must be said about the rest.

    `names` are those of endpoints and journeys.
    """
    accepted: dict[tuple[str, str], Acceptance] = {}
    remarks: list[str] = []
    for claim in sorted(list(claims)[:MAX_CLAIMS], key=lambda item: _utc(item.at)):
        what, reason = _what_and_reason(claim.text, names)
        endpoint, metric = _endpoint_and_metric(what, names)
        if claim.distrust:  # and not quoted
            remarks.append(f"Not accepted, {claim.source}: {claim.distrust}.")
        elif endpoint is None:
            remarks.append(
                f"Not accepted, {claim.source}: there is no endpoint {one_line(what, 60)!r}. "
                "It is `Perfgate-Accept: ENDPOINT METRIC - why`, `ENDPOINT - why`, or `* - why`."
            )
        else:
            accepted[endpoint, metric] = Acceptance(
                reason=one_line(reason or claim.reason, MAX_TEXT_CHARS) or claim.source,
                author=one_line(claim.author, MAX_TEXT_CHARS) or "unknown",
                at=_utc(claim.at),
                endpoint=endpoint,
                metric=metric,
            )
    return tuple(accepted.values()), tuple(dict.fromkeys(remarks))


def _what_and_reason(text: str, names: Collection[str]) -> tuple[str, str]:
    """What, and why. A name may have a dash in it."""
    parts = list(_DASH.finditer(text))
    for dash in parts:
        what = text[: dash.start()].strip()
        if _endpoint_and_metric(what, names)[0] is not None:
            return what, text[dash.end() :].strip()
    if _endpoint_and_metric(text.strip(), names)[0] is not None or not parts:
        return text.strip(), ""
    return text[: parts[0].start()].strip(), text[parts[0].end() :].strip()


def _endpoint_and_metric(text: str, names: Collection[str]) -> tuple[str | None, str]:
    """(endpoint, metric), empty for all; (None, "") if there is no such endpoint."""
    name, _, metric = text.rpartition(" ")
    for endpoint, of in ((text, ""), (name.strip(), metric)):
        known = _name(endpoint, names)
        if known is not None and (not of or of == ALL or of in METRICS):
            return known, "" if of == ALL else of
    return None, ""


def _name(text: str, names: Collection[str]) -> str | None:
    bare = text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`" else text
    if bare == ALL:
        return ""
    return bare if bare in names else next((name for name in names if name.casefold() == bare.casefold()), None)


def _utc(at: str) -> str:
    try:
        moment = parse_moment(at)
    except ValueError:
        return ""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
