"""The shape of a whole budget file. Everything else about its keys, editors' help included, follows from it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from perfgate.budgets.shape.diagnose_shape import DiagnoseShape
from perfgate.budgets.shape.fields import (
    LIST,
    MAP,
    TEXT,
    Count,
    Duration,
    Excess,
    ListOrText,
    MapOrList,
    MapOrText,
    Maybe,
    Points,
    PositiveDuration,
    Rise,
    Shape,
    Weight,
    not_empty,
    optional,
    required,
)
from perfgate.budgets.shape.limits import EndpointBudget, JourneyBudget
from perfgate.budgets.shape.load_shape import LoadShape
from perfgate.budgets.shape.page_shape import PageEntry
from perfgate.budgets.shape.request_shape import EndpointEntry, Login
from perfgate.budgets.shape.texts import Headers, Host, Name, NameOfFile, Text, UrlPath, VariableName
from perfgate.budgets.shape.timeout_shape import Timeout


class TlsShape(Shape):
    ca: Maybe[Text] = optional(
        "Certificate authorities to trust instead of the system's: a PEM file, relative to the budget file's folder.",
        "ca.pem",
    )
    certificate: Maybe[Text] = optional(
        "The client's certificate: a PEM file, relative to the budget file's folder.", "client.pem"
    )
    key: Maybe[Text] = optional("The certificate's private key, if it is in a file of its own.", "client.key")
    insecure: Maybe[bool] = optional("Take any certificate of the target. Default: false.", True)
    server_name: Maybe[Host] = optional(
        "The name to ask for and to verify (SNI). Default: the target's host.", "shop.example"
    )


class ServiceShape(Shape):
    command: Text = required("What starts it. `${PORT}` is given by perfgate.", "python -m shop --port ${PORT}")
    port: Annotated[int, Field(ge=1, le=65535)] = required("Where it listens.", 8765)
    ready: Maybe[UrlPath] = optional("It is ready when a GET of this path succeeds. Default: /.", "/healthz")
    ready_timeout: Maybe[PositiveDuration] = optional("How long to wait until it is ready. Default: 30s.", "1m")
    env: Maybe[dict[VariableName, str]] = optional("Its environment, besides perfgate's own.", {"LOG_LEVEL": "warning"})
    setup: Maybe[Text] = optional(
        "Run once per checkout before an A/B test (`--base-ref`), in a virtual environment of its own.",
        "pip install -e .",
    )


class DefaultsShape(Shape):
    headers: Maybe[Headers] = optional(
        "Sent by every endpoint that does not set them itself.", {"Authorization": "Bearer ${API_TOKEN}"}
    )
    timeout: Maybe[Timeout] = optional(
        "Of every endpoint, for each part that it does not say itself. Default: 10s for the whole.",
        "5s",
        {"total": "5s", "connect": "1s"},
    )
    follow_redirects: Maybe[bool] = optional("Of every endpoint without its own. Default: false.", True)
    budget: Maybe[EndpointBudget] = optional(
        "Of every endpoint, for each metric and kind of criterion that it does not limit itself.",
        {"p95": "300ms +10%", "errors": "1% +0.5pp"},
    )


class ThinkShape(Shape):
    think: PositiveDuration = required("A pause of the user.", "1s")


Step = Annotated[Annotated[ThinkShape, Tag(MAP)] | Annotated[Name, Tag(TEXT)], MapOrText]
Steps = Annotated[list[Step], Field(min_length=1)]
Restarts = Annotated[int, Field(ge=0, le=100)]


class JourneyShape(Shape):
    steps: Steps = required("Names of endpoints and pauses, in order.", ["log in", {"think": "1s"}, "place order"])
    weight: Maybe[Weight] = optional("Its share of the load. Default: 1.", 2)
    login: Maybe[Login] = optional(
        "The endpoint or journey that logs each user in, once, before the first journey.",
        "log in",
        {"as": "log in", "every": "10m"},
    )
    budget: Maybe[JourneyBudget] = optional("Limits on the whole journey, pauses included.", {"p95": "2s +10%"})


JourneyEntry = Annotated[Annotated[JourneyShape, Tag(MAP)] | Annotated[Steps, Tag(LIST)], MapOrList]


class BaselineShape(Shape):
    branch: Maybe[
        Annotated[Annotated[Text, Tag(TEXT)] | Annotated[list[Text], Field(min_length=1), Tag(LIST)], ListOrText]
    ] = optional(
        "Runs of this branch are the baseline. Default: auto, the repository's default branch. A list: the branch, and "
        "the names that it had before.",
        "auto",
        "main",
        ["main", "master"],
    )
    runs: Maybe[Count] = optional("How many of the newest runs, at most. Default: 20.", 20)
    min_runs: Maybe[Count] = optional("With fewer runs there is no baseline yet. Default: 5.", 5)


class FloorShape(Shape):
    time: Maybe[Duration] = optional("Smaller rises of a latency never fail. Default: 1ms.", "1ms")
    errors: Maybe[Points] = optional("Smaller rises of the error rate never fail. Default: 0.5pp.", "0.5pp")


class SensitivityShape(Shape):
    latency: Maybe[Excess] = optional("Of latencies, sizes and rates. Default: 50%.", "50%")
    errors: Maybe[Points] = optional("Of error rates. Default: 5pp.", "5pp")


SensitivityEntry = Annotated[Annotated[SensitivityShape, Tag(MAP)] | Annotated[Literal["limit"], Tag(TEXT)], MapOrText]


class AnchorShape(Shape):
    ref: Text = required("A tag, a commit, or last-tag: runs of that commit are the anchor.", "last-tag", "v1.4.0")
    limit: Rise = required("How much worse than then anything with a relative limit may become.", "+20%")


class AbShape(Shape):
    restarts: Maybe[Restarts] = optional(
        "How often both services are restarted during the measured time. Default: 0.", 3
    )
    blocks: Maybe[PositiveDuration] = optional(
        "Load only one arm at a time, for so long each, in random order. Default: both share every second.", "5s"
    )


class GateShape(Shape):
    baseline: Maybe[BaselineShape] = optional("What a run is compared with.", {"branch": "auto", "runs": 20})
    floor: Maybe[FloorShape] = optional("Rises too small to matter.", {"time": "1ms", "errors": "0.5pp"})
    sensitivity: Maybe[SensitivityEntry] = optional(
        "The violation that a pass must rule out, where it is larger than the limit; `limit`: proof at the limit.",
        {"latency": "50%", "errors": "5pp"},
        "limit",
    )
    inconclusive: Maybe[Literal["neutral", "warn", "fail"]] = optional(
        "What an inconclusive verdict does to the build. Default: neutral.", "neutral", "fail"
    )
    probe: Maybe[bool] = optional(
        "A small fixed workload beside the load that tells a slow runner from a slow application. Default: true.", False
    )
    anchor: Maybe[AnchorShape] = optional(
        "A release to compare with besides the baseline, against slow drift. Default: none.",
        {"ref": "last-tag", "limit": "+20%"},
    )
    ab: Maybe[AbShape] = optional("How base and head are loaded by `--base-ref` and `--base`.", {"restarts": 3})
    extend: Maybe[PositiveDuration] = optional(
        "Prolong an inconclusive run by up to so long, when that would decide. Default: never.", "5m"
    )


class FileShape(Shape):
    """A perfgate budget file: endpoints, the load, and a budget per endpoint."""

    version: Literal[1] = required("The version of this format.", 1)
    name: Maybe[NameOfFile] = optional("The name of the load test. Default: the file's name without ending.", "shop")
    target: Text = required(
        "URL of the system under test; a path in it goes in front of every request's path.",
        "http://127.0.0.1:8765",
        "${PERFGATE_TARGET:-http://127.0.0.1:8765}",
    )
    allow: Maybe[list[Host]] = optional(
        "Hosts that load may be sent to, besides local ones; of pages, those that are no third party.",
        ["staging.example.org"],
    )
    tls: Maybe[Annotated[TlsShape, not_empty("{ca: ca.pem}")]] = optional(
        "Certificates of an https target and of the client.",
        {"ca": "ca.pem", "certificate": "client.pem", "key": "client.key"},
        {"insecure": True},
    )
    service: Maybe[ServiceShape] = optional(
        "The application, if perfgate is to start and stop it.",
        {"command": "python -m shop --port ${PORT}", "port": 8765, "ready": "/healthz"},
    )
    load: Maybe[LoadShape] = optional(
        "How much load, for how long. Needed where there is anything to send: only pages need none.",
        {"rate": "200/s", "warmup": "5s", "duration": "30s"},
        {"users": 20, "duration": "1m"},
    )
    client: Maybe[Literal["fast", "locust"]] = optional(
        "What sends the requests: perfgate's own client, timed by the kernel (`fast`, the default), or Locust's"
        " FastHttpUser (`locust`), for what the fast one does not do.",
        "fast",
        "locust",
    )
    defaults: Maybe[DefaultsShape] = optional("What endpoints have in common.", {"budget": {"p95": "300ms +10%"}})
    endpoints: Maybe[dict[Name, EndpointEntry]] = optional(
        "By name: what is sent, and its budget. A bare request is enough.",
        {"home": "GET /", "list products": {"request": "GET /products", "budget": {"p95": "120ms"}}},
    )
    journeys: Maybe[dict[Name, JourneyEntry]] = optional(
        "By name: endpoints that one virtual user sends in order. A bare list of steps is enough.",
        {"buy": ["log in", {"think": "1s"}, "place order"]},
    )
    pages: Maybe[dict[Name, PageEntry]] = optional(
        "By name: pages to view in a headless Chromium, and their budgets. A bare path is enough.",
        {"home": {"path": "/", "interact": [{"click": "#buy"}], "budget": {"lcp": "2.5s +20%", "cls": 0.1}}},
    )
    scenarios: Maybe[list[Text]] = optional(
        "Hand-written locustfiles, relative to the budget file's folder; requests named like an endpoint are judged by"
        " its budget.",
        ["scenarios/checkout.py"],
    )
    gate: Maybe[GateShape] = optional("How runs are judged.", {"baseline": {"branch": "auto"}, "inconclusive": "warn"})
    diagnose: Maybe[DiagnoseShape] = optional(
        "How to find out why something failed: a second pass that is never judged.",
        {"for": "20s", "postgres": "${DATABASE_URL}"},
    )
    export: Maybe[Annotated[list[Text], Field(min_length=1)]] = optional(
        "Monitoring systems that get live numbers and the verdict: prometheus://, pushgateway+http://, "
        "remote-write+http://, otlp+http://, influxdb+http://, statsd://, dogstatsd://.",
        ["otlp+http://collector:4318", "${PERFGATE_PUSHGATEWAY:-}"],
    )
    history: Maybe[Text] = optional(
        "Where runs are kept: sqlite:///PATH, git:BRANCH, postgresql://..., folder:PATH, s3://BUCKET/PREFIX. "
        "Default: sqlite:///.perfgate/history.db.",
        "git:perfgate-data",
    )
