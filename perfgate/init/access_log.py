"""Access logs: real weights and rate, and patterns such as `/items/{item}` with the values that were asked for most."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from urllib.parse import parse_qsl, unquote

from perfgate.init import naming, recorded, templating
from perfgate.init.openapi.serializing import encoded
from perfgate.init.path_patterns import Pattern, patterns
from perfgate.init.proposal import Endpoint, FileProposal, InitSource, Json, Omission, ProposalOptions
from perfgate.init.secrets import Secrets
from perfgate.model.errors import UsageError
from perfgate.text.log_lines import LogLine, lines
from perfgate.text.plurals import counted

MAX_ENDPOINTS = 30
MAX_VALUES = 20  # of a hole, the most frequent ones
SNIFFED_LINES = 200  # lines that tell whether it is a log: a server begins with lines of its own
SENT = ("GET", "HEAD", "OPTIONS")
Key = tuple[str, str, tuple[str, ...]]  # method, pattern, names in the query


@dataclass
class _Group:
    pattern: Pattern
    count: int = 0
    rows: Counter[tuple[str, ...]] = field(default_factory=Counter)  # values of the holes
    queries: Counter[tuple[tuple[str, str], ...]] = field(default_factory=Counter)


def recognizes(source: InitSource) -> bool:
    first = list(islice(lines(source.text[:100_000]), SNIFFED_LINES))
    return bool(first) and sum(line is not None for line in first) * 2 > len(first)


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    read = list(lines(source.text))
    known = [line for line in read if line is not None]
    sent, omissions = _sendable(known)
    if unread := len(read) - len(known):
        omissions.append(Omission(f"{unread} lines", "not of an access log in a format that is known"))
    if not sent:
        raise UsageError(
            f"{source.name} has no request that can be sent again",
            hint="a log has no bodies, so only GET, HEAD and OPTIONS with a success can be",
            code="PG-N003",
        )
    groups = sorted(_groups(sent).items(), key=lambda item: -item[1].count)
    secrets, names = Secrets(), naming.UniqueNames()
    endpoints = [_endpoint(key, group, secrets, names) for key, group in groups[:MAX_ENDPOINTS]]
    omissions += [
        Omission(
            f"{method} {recorded.readable(path, secrets)} ({counted(group.count, 'request')})",
            f"not among the {MAX_ENDPOINTS} most frequent",
        )
        for (method, path, _), group in groups[MAX_ENDPOINTS:]
    ]
    rate, note = _rate(known, sent)
    return FileProposal(
        target=options.target,
        endpoints=tuple(endpoints),
        omissions=tuple(omissions),
        variables=secrets.variables,
        rate=rate,
        notes=(note,),
    )


def _sendable(known: Sequence[LogLine]) -> tuple[list[LogLine], list[Omission]]:
    """The requests that can be sent again, and how many of the others there are."""
    sent: list[LogLine] = []
    others: Counter[str] = Counter()
    for line in known:
        if line.method not in SENT:
            others[f"{line.method} requests\na log has no bodies, and they may change data"] += 1
        elif line.status >= 400 or (line.status == 0):
            others["requests that were answered with an error\ntheir paths may not exist"] += 1
        elif recorded.is_static(line.uri):
            others["requests for static files\nthey are kept apart; add those that matter by hand"] += 1
        else:
            sent.append(line)
    return sent, [
        Omission(f"{number} {text.partition(chr(10))[0]}", text.partition("\n")[2]) for text, number in others.items()
    ]


def _groups(sent: Iterable[LogLine]) -> dict[Key, _Group]:
    counted = Counter(line.uri.partition("?")[0].partition("#")[0] for line in sent)
    of_path = patterns(counted)
    groups: dict[Key, _Group] = {}
    for line in sent:
        path, _, query = line.uri.partition("#")[0].partition("?")
        pattern = of_path[path]
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        key = (line.method, pattern.path, tuple(sorted({name for name, _ in pairs})))
        group = groups.setdefault(key, _Group(pattern=pattern))
        group.count += 1
        group.rows[_values(path, pattern)] += 1
        group.queries[pairs] += 1
    return groups


def _values(path: str, pattern: Pattern) -> tuple[str, ...]:
    parts = path.strip("/").split("/")
    return tuple(part for part, mark in zip(parts, pattern.parts, strict=False) if mark.startswith("{"))


def _endpoint(key: Key, group: _Group, secrets: Secrets, names: naming.UniqueNames) -> Endpoint:
    method, _, _ = key
    drawn: dict[str, Json] = {}
    columns: Mapping[str, Counter[str]] = _columns(group)
    path = ""
    for before, part in pairwise(["", *(group.pattern.parts or ("",))]):
        if not part.startswith("{"):
            path += "/" + recorded.path_of(f"{before}/{part}", secrets).rpartition("/")[2]
            continue
        values = [value for value, _ in columns[part[1:-1]].most_common()]
        public = [value for value in values if not secrets.is_secret_part(before, value)]
        if public:
            drawn[part[1:-1]] = {"choice": [_typed(unquote(value)) for value in public[:MAX_VALUES]]}
        path += f"/{part}" if public else f"/{secrets.replaced('secret_in_path', values[0])}"
    pairs = [_pair(name, values, drawn, secrets) for name, values in _query_values(group).items()]
    preferred = naming.of_request(method, recorded.readable(group.pattern.path, secrets))
    return Endpoint(
        name=names.take(preferred, naming.with_query(preferred, path + templating.query(pairs))),
        method=method,
        path=path + templating.query(pairs),
        values=drawn,
        weight=group.count,
    )


def _columns(group: _Group) -> dict[str, Counter[str]]:
    columns: dict[str, Counter[str]] = defaultdict(Counter)
    for row, count in group.rows.items():
        for hole, value in zip(group.pattern.holes, row, strict=True):
            columns[hole][value] += count
    return columns


def _query_values(group: _Group) -> dict[str, Counter[str]]:
    """Values of the query by name: of a name that comes twice, the last."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for pairs, count in group.queries.items():
        for name, value in dict(pairs).items():
            counts[name][value] += count
    return counts


def _pair(name: str, values: Counter[str], drawn: dict[str, Json], secrets: Secrets) -> tuple[str, str]:
    if any(secrets.template(name, value) != templating.literal(value) for value in values if value):
        return encoded(name), secrets.replaced(name, next(iter(values)))
    if len(values) == 1:
        return encoded(name), encoded(next(iter(values)))
    hole = naming.value_name(name)
    while hole in drawn:
        hole = f"{hole}_"
    drawn[hole] = {"choice": [_typed(value) for value, _ in values.most_common(MAX_VALUES)]}
    return encoded(name), f"{{{hole}}}"


def _typed(value: str) -> Json:
    """A whole number as a number, where it is written as one."""
    return int(value) if value.isdecimal() and value.isascii() and str(int(value)) == value else value


def _rate(known: Sequence[LogLine], sent: Sequence[LogLine]) -> tuple[float | None, str]:
    times = [line.time for line in known if line.time is not None]
    span = max(times) - min(times) if times else 0.0
    if span < 1:
        return None, "The log does not say at which rate the requests came: set `rate` yourself."
    rate = len(sent) / span
    note = f"The log has {len(sent)} such requests in {span:.0f} s; weights are how often each came."
    if rate < 1:
        return 5.0, f"{note} That is {rate:.2g}/s; 5/s is proposed, so that a run of a minute can be judged."
    return rate, note
