"""What a run says of its connections: requests sent again or not at all, addresses, and odd answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.model.note import Note
from perfgate.recording import shortages
from perfgate.recording.handover import LoadResult
from perfgate.recording.remarks import is_of_a_limit
from perfgate.text.notes import note
from perfgate.text.plurals import and_more, counted

MAX_NAMED_ENDPOINTS = 3  # named in one warning
MAX_NAMED_ADDRESSES = 8


def connection_warnings(result: LoadResult) -> Iterator[Note]:
    generator = result.generator
    for shortage, count in generator.unsent.items():
        why = shortages.explain(shortage)
        yield note("PG-G010", f"{counted(count, 'request')} could not be sent by the load generator: {why}.")
    if resends := generator.resends:
        yield note(
            "PG-G011",
            f"{counted(resends, 'request')} had to be sent again, because the server had closed the connection before "
            f"the request came: {_endpoints(result.resends)}.",
        )
    addresses = generator.addresses
    if len(addresses) > 1:
        shown = [f"{address} ({count:,})" for address, count in sorted(addresses.items())][:MAX_NAMED_ADDRESSES]
        more = and_more(len(addresses), len(shown))
        text = (
            f"The target has {len(addresses)} addresses; connections were spread over them: {', '.join(shown)}{more}."
        )
        yield note("PG-G012", text)
    remarks: dict[str, dict[str, int]] = {}
    for endpoint, text, count in result.remarks:
        remarks.setdefault(text, {})[endpoint] = count
    for text, endpoints in remarks.items():
        yield note("PG-G017" if is_of_a_limit(text) else "PG-G013", f"{_endpoints(endpoints)}: {text}.")


def _endpoints(counts: Mapping[str, int]) -> str:
    """The endpoints with the largest counts: "list products 12 times, log in once"."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{name} {'once' if count == 1 else f'{count:,} times'}" for name, count in ranked[:MAX_NAMED_ENDPOINTS]]
    more = len(ranked) - len(shown)
    return ", ".join(shown) + (f" and {more} more endpoints" if more > 0 else "")
