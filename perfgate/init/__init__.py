"""Sources of requests -> the text of a budget file, with comments.

To add a source: a module with the functions of proposal.Format, a line in FORMATS, an example in
tests/init/test_contract.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.init import access_log, curl, har, locustfile, openapi
from perfgate.init.documents import problem, source
from perfgate.init.proposal import Endpoint, FileProposal, Format, InitSource, Omission, ProposalOptions, SetAside
from perfgate.init.tools import insomnia, jmeter, k6, postman
from perfgate.init.writing import DEFAULT_TARGET, Context, write
from perfgate.model.errors import UsageError

__all__ = [
    "DEFAULT_TARGET",
    "FORMATS",
    "Context",
    "Endpoint",
    "FileProposal",
    "InitSource",
    "Omission",
    "ProposalOptions",
    "SetAside",
    "convert",
    "source",
    "write",
]

FORMATS: Mapping[str, Format] = {
    "openapi": openapi,
    "har": har,
    "postman": postman,
    "insomnia": insomnia,
    "jmeter": jmeter,
    "k6": k6,
    "locustfile": locustfile,
    "curl": curl,
    "access-log": access_log,
}


def convert(provided: InitSource, options: ProposalOptions, name: str = "") -> FileProposal:
    """The requests of a source; `name` is its format, found out by its content where it is empty.

    Raises UsageError when it is of no known format, or nothing in it can be read.
    """
    if name and name not in FORMATS:
        raise UsageError(
            f"--format {name}: there is no such format", hint=f"Known: {', '.join(FORMATS)}", code="PG-U002"
        )
    chosen = FORMATS[name] if name else next((item for item in FORMATS.values() if item.recognizes(provided)), None)
    if chosen is None:
        broken = problem(provided.text)
        raise UsageError(
            f"{provided.name} is in no format that perfgate knows{f': {broken}' if broken else ''}",
            hint="Mend it." if broken else f"Name it with --format, if it is one of {', '.join(FORMATS)}.",
            code="PG-N002",
        )
    return chosen.convert(provided, options)
