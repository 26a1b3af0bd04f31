"""The shape of an endpoint: what is sent, with which values, what is expected and captured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from perfgate.budgets.shape.activity_shape import CallbackShape, PollShape
from perfgate.budgets.shape.conditions import EXISTS, JsonCondition, Status, TextCondition
from perfgate.budgets.shape.fields import (
    LIST,
    MAP,
    TEXT,
    MapOrText,
    Maybe,
    Number,
    PositiveDuration,
    Shape,
    Weight,
    checked,
    optional,
    required,
)
from perfgate.budgets.shape.graphql_shape import Clients, Graphql
from perfgate.budgets.shape.limits import EndpointBudget
from perfgate.budgets.shape.stream_shape import EventsShape, GrpcShape, WebSocketShape
from perfgate.budgets.shape.texts import (
    HeaderName,
    Headers,
    JsonPath,
    MediaType,
    Name,
    Pattern,
    Quotable,
    RequestLine,
    Text,
    VariableName,
)
from perfgate.budgets.shape.timeout_shape import Timeout

BODIES = ("json", "form", "multipart", "body", "graphql")  # at most one of them
SOURCES = ("between", "choice", "sequence", "env")  # exactly one of them in a map
RESERVED = ("from", "once")  # never names of values
ROW_KEYS = (*RESERVED, "per", "separator")  # the keys of `with` that are about rows, where there are rows
UUID = "uuid"


def _pair(pair: list[Any]) -> str:
    if len(pair) != 2 or pair[0] > pair[1]:
        return "takes two numbers, the lower one first\nfor example `{between: [1, 60]}`"
    return ""


def _constant(value: Any) -> str:
    if isinstance(value, (str, int, float)):
        return ""
    return "a list is not a source of values\nwrite `{choice: [...]}`"


def _separator(text: str) -> str:
    if len(text) == 1 and text not in '"\r\n':
        return ""
    return 'is one character\nfor example `";"`, or `"\\t"` for a tab (in double quotes)'


def _listed(value: Any) -> Any:
    """A single value as a list of one."""
    return value if isinstance(value, list) else [value]


class SequenceShape(Shape):
    start: Maybe[int] = optional("The first number. Default: 1.", 1000)
    step: Maybe[Annotated[int, checked(lambda step: "" if step else "a step of 0 gives no sequence")]] = optional(
        "What is added each time. Default: 1.", 2
    )


Sequence = Annotated[Annotated[SequenceShape, Tag(MAP)] | Annotated[int, Tag(TEXT)], MapOrText]


class SourceShape(Shape):
    between: Maybe[Annotated[list[Number], checked(_pair)]] = optional(
        "A random number from the first to the second, both included; whole if both are.", [1, 60], [0.5, 2.5]
    )
    choice: Maybe[Annotated[list[Any], Field(min_length=1)]] = optional("One of these at random.", ["tea", "pot"])
    sequence: Maybe[Sequence] = optional("Numbers of which none comes twice in a run.", 1, {"start": 1000, "step": 2})
    env: Maybe[VariableName] = optional("The value of this environment variable.", "SHOP_USER")
    default: Maybe[str] = optional("With `env`: the value if the variable is not set.", "guest")


Constant = Annotated[Any, checked(_constant), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Source = Annotated[Annotated[SourceShape, Tag(MAP)] | Annotated[Constant, Tag(TEXT)], MapOrText]


def row_keys(sources: Mapping[str, Any]) -> tuple[str, ...]:
    """The keys of a `with` that are no names of values."""
    return ROW_KEYS if any(key in sources for key in RESERVED) else RESERVED


class ValuesShape(Shape):
    model_config = ConfigDict(strict=True, extra="allow")
    __pydantic_extra__: dict[str, Source]


class WithShape(ValuesShape):
    from_: Maybe[Text] = optional(
        "A CSV file with a header line, or a JSON file with a list of objects: its columns become names, one row per"
        " iteration. Relative to the budget file's folder.",
        "users.csv",
        alias="from",
    )
    once: Maybe[bool] = optional("With `from`: stop when the rows are used up, instead of starting again.", True)
    per: Maybe[Literal["iteration", "user"]] = optional(
        "With `from`: a row for each iteration (the default), or each user has one of its own and keeps it.", "user"
    )
    separator: Maybe[Annotated[str, checked(_separator)]] = optional(
        "With `from`: what separates the values of a CSV file. Default: a comma.", ";", "\t"
    )


def _with_kind(value: Any) -> str:
    return LIST if isinstance(value, dict) and len(row_keys(value)) > len(RESERVED) else MAP


With = Annotated[
    Annotated[WithShape, Tag(LIST)] | Annotated[ValuesShape, Tag(MAP)],
    Discriminator(_with_kind),
]


class FilePartShape(Shape):
    file: Text = required("The file to send, relative to the budget file's folder.", "cat.png")
    type: Maybe[MediaType] = optional("Its media type. Default: application/octet-stream.", "image/png")
    name: Maybe[Quotable] = optional("The file name to send. Default: that of the file.", "upload.png")


MultipartField = Annotated[Annotated[FilePartShape, Tag(MAP)] | Annotated[str, Tag(TEXT)], MapOrText]


class ExpectShape(Shape):
    status: Maybe[
        Annotated[
            list[Status], Field(min_length=1), BeforeValidator(_listed, json_schema_input_type=Status | list[Status])
        ]
    ] = optional("The accepted status, or a list of them.", 200, [200, 404])
    header: Maybe[dict[HeaderName, TextCondition]] = optional(
        "Conditions on response headers; a bare text means equality.", {"content-type": "application/json"}
    )
    json_: Maybe[dict[JsonPath, JsonCondition]] = optional(
        "Conditions on JSONPaths into the response; a bare value means equality, the word `exists` existence.",
        {"$.items[0].id": EXISTS, "$.state": "open", "$.total": {"greater_than": 0}},
        alias="json",
    )
    text: Maybe[TextCondition] = optional("A condition on the body as text.", {"contains": "Welcome"}, "pong")
    regex: Maybe[
        Annotated[
            list[Pattern], Field(min_length=1), BeforeValidator(_listed, json_schema_input_type=Pattern | list[Pattern])
        ]
    ] = optional("Regular expressions that must be found in the body.", "order [0-9]+", ["<h1>", "</html>"])


class CaptureShape(Shape):
    json_: Maybe[JsonPath] = optional("What this JSONPath finds in the body.", "$.token", alias="json")
    header: Maybe[HeaderName] = optional("The value of this response header.", "Location")
    regex: Maybe[Pattern] = optional("The first group of this regular expression, or all it matches.", "id=([0-9]+)")
    cookie: Maybe[Text] = optional("The value of this cookie.", "session")


def _exactly_one(value: Shape) -> str:
    number = len(value.model_fields_set)
    return "" if number == 1 else "takes exactly one of `json`, `header`, `regex`, `cookie`\nfor example `$.token`"


Capture = Annotated[
    Annotated[CaptureShape, checked(_exactly_one), Tag(MAP)] | Annotated[JsonPath, Tag(TEXT)], MapOrText
]


class LoginShape(Shape):
    as_: Name = required("The endpoint or journey that logs a user in.", "log in", alias="as")
    every: PositiveDuration = required("Log in anew when so much time has passed, and once after a 401.", "10m")


Login = Annotated[Annotated[LoginShape, Tag(MAP)] | Annotated[Name, Tag(TEXT)], MapOrText]


def login_of(written: LoginShape | str | None) -> tuple[str, float]:
    """Whose login it is, and after how many seconds it is made anew (0: never)."""
    return (written.as_, written.every) if isinstance(written, LoginShape) else (written or "", 0.0)


class EndpointShape(Shape):
    request: Maybe[RequestLine] = optional(
        "Method and path; a bare path means GET. `{x}` is a value of this iteration.", "GET /products?page={page}"
    )
    weight: Maybe[Weight] = optional(
        "Its share of the load. Default: 1, and 0 for a step of a journey or a login.", 4, 0
    )
    headers: Maybe[Headers] = optional("Request headers.", {"Authorization": "Bearer ${API_TOKEN}"})
    json_: Maybe[Any] = optional("The body as JSON.", {"product": 7, "user": "{user}"}, alias="json")
    form: Maybe[dict[str, str]] = optional("The body as a submitted form.", {"user": "{user}"})
    multipart: Maybe[dict[Quotable, MultipartField]] = optional(
        "The body as a form with files.", {"title": "Cat", "photo": {"file": "cat.png", "type": "image/png"}}
    )
    body: Maybe[str] = optional("The body as it is; set its content type under `headers`.", "id,name\n1,tea\n")
    graphql: Maybe[Graphql] = optional(
        "A GraphQL query, or the file it is in; it is not a template, its values are under `variables`.",
        "query($q: String!) { search(q: $q) { id } }",
        {"file": "shop.graphql", "operation": "Search"},
    )
    variables: Maybe[dict[str, Any]] = optional("The variables of the GraphQL query.", {"q": "{word}"})
    with_: Maybe[With] = optional(
        "Where the values of `{x}` come from.", {"page": {"between": [1, 60]}}, {"from": "users.csv"}, alias="with"
    )
    expect: Maybe[ExpectShape] = optional("What a good response looks like.", {"status": 200})
    capture: Maybe[dict[str, Capture]] = optional(
        "Values taken from the response, for later steps of a journey.", {"token": "$.token"}
    )
    timeout: Maybe[Timeout] = optional(
        "When to give up: on the whole request, or on each part of it. Default: 10s for the whole.",
        "2s",
        {"total": "10s", "connect": "1s", "first_byte": "2s"},
    )
    follow_redirects: Maybe[bool] = optional("Whether redirects are followed. Default: false.", True)
    login: Maybe[Login] = optional(
        "The endpoint or journey that logs each user in, once, before this is sent.",
        "log in",
        {"as": "log in", "every": "10m"},
    )
    poll: Maybe[PollShape] = optional(
        "How to learn when the background job is done that the request starts; see `completion_p95`.",
        {"request": "GET {location}", "until": {"$.state": "done"}, "every": "200ms", "timeout": "20s"},
    )
    callback: Maybe[CallbackShape] = optional(
        "The job itself says that it is done: it calls the URL `{callback}`, which the request must bring it.",
        {"timeout": "20s", "until": {"$.state": "done"}},
    )
    events: Maybe[EventsShape] = optional(
        "Server-sent events: how long to listen, and what its messages say.", {"for": "10s", "sent": "$.sent_at"}
    )
    websocket: Maybe[WebSocketShape] = optional(
        "A WebSocket: what is sent, and how long to listen.",
        {"send": {"id": "{id}"}, "every": "100ms", "reply": "$.id", "for": "10s"},
    )
    grpc: Maybe[GrpcShape] = optional(
        "A gRPC call: `request` is `POST /package.Service/Method`, `json` its message, `headers` its metadata.",
        {"proto": "shop.proto"},
        {},
    )
    clients: Maybe[Clients] = optional(
        "Who sends it: each client is measured and judged by itself, as `NAME (CLIENT)`.",
        {"header": "apollographql-client-name", "names": ["web", "ios"]},
    )
    budget: Maybe[EndpointBudget] = optional("Limits per metric.", {"p95": "120ms +10%", "errors": "1%"})


EndpointEntry = Annotated[Annotated[EndpointShape, Tag(MAP)] | Annotated[RequestLine, Tag(TEXT)], MapOrText]
