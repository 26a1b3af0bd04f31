"""What a budget file sends, told from the file alone: the generated code and the runtime must come to the same.

Values drawn at random cannot be foretold. An endpoint that uses some says them in headers `X-Drawn-NAME`; they are
checked against their source, and then expected wherever else they occur.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from scenarios.recording_server import ANSWER, LOCATION, Recorded

from perfgate.model.budget_file import (
    Body,
    BodyKind,
    BudgetFile,
    Endpoint,
    FilePart,
    Journey,
    Part,
    Request,
    Send,
    Source,
    SourceKind,
)
from perfgate.text import template
from perfgate.text.template import Literal, Value

Values = dict[str, Any]

DRAWN = "X-Drawn-"
CAPTURED: dict[tuple[Part, str], Any] = {
    (Part.JSON, "$.token"): ANSWER["token"],
    (Part.JSON, "$.id"): 7,
    (Part.JSON, "$.flag"): True,
    (Part.JSON, "$.list"): ANSWER["list"],
    (Part.JSON, "$['odd name'].deep"): ANSWER["odd name"]["deep"],
    (Part.HEADER, "location"): LOCATION,
    (Part.HEADER, "X-Trace"): "abc-1",
    (Part.COOKIE, "session"): "c00kie",
    (Part.REGEX, r'"id": (\d+)'): "7",
    (Part.REGEX, "to.en"): "token",
}
OWN_HEADERS = {"host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "cookie"}
CONTENT_TYPES = {
    BodyKind.JSON: b"application/json",
    BodyKind.GRAPHQL: b"application/json",
    BodyKind.FORM: b"application/x-www-form-urlencoded",
    BodyKind.MULTIPART: b"multipart/form-data; boundary=",
    BodyKind.RAW: b"",
}
SAFE_IN_PATHS = "%/?#[]@!$&'()*+,;=:~-._"


def turns(budget_file: BudgetFile) -> list[tuple[str, list[str]]]:
    """What is sent by each task: its name, and the endpoints in order, for a user who has not sent anything before."""
    endpoints = {endpoint.name: endpoint for endpoint in budget_file.endpoints}
    alone = [endpoint for endpoint in budget_file.endpoints if endpoint.weight and endpoint.request]
    walked = [journey for journey in budget_file.journeys if journey.weight]
    return [
        *((endpoint.name, [*filter(None, [endpoint.login]), endpoint.name]) for endpoint in alone),
        *((journey.name, _walk(journey, endpoints)) for journey in walked),
    ]


def _walk(journey: Journey, endpoints: Mapping[str, Endpoint]) -> list[str]:
    sent = [journey.login] if journey.login else []
    for step in journey.steps:
        if isinstance(step, Send):
            login = endpoints[step.endpoint].login
            sent += [login] if login and login not in sent else []
            sent.append(step.endpoint)
    return sent


def plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encoded(value: Any) -> str:
    return quote(plain(value), safe="")


class Expected:
    """Follows the users of one scenario. Rows and sequences go on from one to the next."""

    def __init__(self, budget_file: BudgetFile, environ: Mapping[str, str]) -> None:
        self.folder = budget_file.path.parent
        self.environ = environ
        self.endpoints = {endpoint.name: endpoint for endpoint in budget_file.endpoints}
        self.sent: Counter[str] = Counter()
        names = {name for _, sent in turns(budget_file) for name in sent}
        self.readers = Counter(self._request(name).values.rows for name in names)

    def check(self, names: Sequence[str], recorded: Sequence[Recorded]) -> None:
        """Asserts that one user's requests are those of the endpoints called `names`."""
        assert [self._request(name).method for name in names] == [request.method for request in recorded]
        carried: Values = {}
        rows: dict[str, Values] = {}
        for name, request in zip(names, recorded, strict=True):
            wanted = self._request(name)
            values = self._values(name, wanted, carried, rows, request)
            target = self._target(wanted.path, values)
            if wanted.method == "GET" and wanted.body is not None and wanted.body.kind is BodyKind.GRAPHQL:
                request = _with_body(request, target)
            assert request.target == target
            self._check_headers(wanted, request, values)
            self._check_body(wanted.body, request, values)
            carried |= values | {key: CAPTURED[capture.part, capture.name] for key, capture in wanted.capture.items()}
            self.sent[name] += 1

    def _request(self, name: str) -> Request:
        request = self.endpoints[name].request
        assert request
        return request

    def _values(
        self, name: str, wanted: Request, carried: Values, rows: dict[str, Values], request: Recorded
    ) -> Values:
        """One row of each file for the whole turn; what is drawn is drawn for each request."""
        values = dict(carried)
        if table := wanted.values.rows:
            if table.path not in rows:
                lines = _rows(self.folder / table.path)
                cursor = f"rows {table}" if self.readers[table] > 1 else f"rows {name}"
                rows[table.path] = lines[self.sent[cursor] % len(lines)]
                self.sent[cursor] += 1
            values |= rows[table.path]
        for key, source in wanted.values.sources.items():
            drawn = request.header(f"{DRAWN}{key}")
            values[key] = self._value(source, self.sent[name], None if drawn is None else drawn.decode("latin-1"))
        return values

    def _value(self, source: Source, number: int, drawn: str | None) -> Any:
        arguments = source.arguments
        if source.kind is SourceKind.SEQUENCE:
            return arguments[0] + arguments[1] * number
        if source.kind is SourceKind.ENVIRONMENT:
            return self.environ.get(arguments[0]) or arguments[1]
        if source.kind is SourceKind.BETWEEN and drawn is not None:
            value = json.loads(drawn)
            assert type(value) is type(arguments[0])
            assert arguments[0] <= value <= arguments[1]
            return value
        if source.kind is SourceKind.CHOICE and drawn is not None:
            return next(option for option in arguments if plain(option) == drawn)
        if source.kind is SourceKind.UUID and drawn is not None:
            assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", drawn)
            return drawn
        return arguments[0]

    def _filled(
        self,
        text: str,
        values: Values,
        encode: Callable[[Any], str] = plain,
        in_environment: Callable[[str], str] = str,
    ) -> str:
        parts = template.parse(text)
        return "".join(
            part.text
            if isinstance(part, Literal)
            else encode(values[part.name])
            if isinstance(part, Value)
            else in_environment(self.environ.get(part.name) or part.default or "")
            for part in parts
        )

    def _target(self, path: str, values: Values) -> str:
        if found := re.match(r"\{(\w+)\}", path):
            reference = urlsplit(plain(values[found[1]]))
            path = path[found.end() :]
            before = (reference.path if reference.path.startswith("/") else f"/{reference.path}") + (
                f"?{reference.query}" if reference.query else ""
            )
        else:
            before = ""
        return quote(before + self._filled(path, values, encoded, encoded), safe=SAFE_IN_PATHS)

    def _check_headers(self, wanted: Request, request: Recorded, values: Values) -> None:
        got = dict(request.headers)
        assert len(got) == len(request.headers)
        own = {name: self._filled(text, values).encode("latin-1") for name, text in wanted.headers.items()}
        assert own.items() <= got.items()
        assert {name.lower() for name in got.keys() - own.keys()} <= OWN_HEADERS
        if wanted.body and "content-type" not in {name.lower() for name in own}:
            assert (request.header("Content-Type") or b"").startswith(CONTENT_TYPES[wanted.body.kind])

    def _tree(self, value: Any, values: Values) -> Any:
        if isinstance(value, str):
            parts = template.parse(value)
            whole = len(parts) == 1 and isinstance(parts[0], Value)
            return values[parts[0].name] if whole else self._filled(value, values)
        if isinstance(value, Mapping):
            return {key: self._tree(inner, values) for key, inner in value.items()}
        return [self._tree(inner, values) for inner in value] if isinstance(value, list) else value

    def _check_body(self, body: Body | None, request: Recorded, values: Values) -> None:
        if body is None:
            assert request.body == b""
        elif body.kind is BodyKind.RAW:
            assert request.body == self._filled(body.content, values).encode()
        elif body.kind is BodyKind.FORM:
            fields = parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body.content))
            assert fields == [(key, self._filled(text, values)) for key, text in body.content.items()]
        elif body.kind is BodyKind.MULTIPART:
            boundary = re.search(rb"--(\S+?)--\r\n\Z", request.body)
            assert boundary
            assert request.body == b"".join(self._multipart(body.content, boundary[1], values))
        else:
            tree = body.content if body.kind is BodyKind.JSON else {"query": "", "variables": dict(body.variables)}
            wanted = self._tree(tree, values)
            if body.kind is BodyKind.GRAPHQL:
                wanted["query"] = body.content
            assert repr(json.loads(request.body)) == repr(wanted)  # repr tells 1 from 1.0 and True, and keeps the order

    def _multipart(self, fields: Mapping[str, Any], boundary: bytes, values: Values) -> Iterator[bytes]:
        for name, part in fields.items():
            yield b'--%b\r\nContent-Disposition: form-data; name="%b"' % (boundary, name.encode())
            if isinstance(part, FilePart):
                yield b'; filename="%b"\r\nContent-Type: %b' % (part.filename.encode(), part.content_type.encode())
                yield b"\r\n\r\n%b\r\n" % (self.folder / part.path).read_bytes()
            else:
                yield b"\r\n\r\n%b\r\n" % self._filled(part, values).encode()
        yield b"--%b--\r\n" % boundary


def _with_body(request: Recorded, target: str) -> Recorded:
    """What a GraphQL query by GET has in its URL, behind `target`, as a POST would have it."""
    assert request.body == b""
    assert request.target.startswith(target)
    sign, behind = request.target[len(target)], request.target[len(target) + 1 :]
    assert sign == ("&" if "?" in target else "?")
    fields = dict(parse_qsl(behind, keep_blank_values=True, strict_parsing=True))
    content = {"query": fields["query"], "variables": json.loads(fields.get("variables", "{}"))}
    has_type = request.header("Content-Type") is not None
    headers = (*request.headers, *(() if has_type else (("Content-Type", b"application/json"),)))
    return Recorded(request.method, target, headers, json.dumps(content).encode())


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return json.load(lines) if path.suffix == ".json" else list(csv.DictReader(lines))
