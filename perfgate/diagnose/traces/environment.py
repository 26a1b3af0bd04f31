"""The environment block by which an instrumented service sends its spans to perfgate's receiver. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.diagnose.traces.receiver import TRACES

_PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
DELAY_MS = 200  # until a batch of spans is sent


def block(url: str, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Specification: opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables. The variables for traces
    alone win over the general ones, so both are set. Only requests with a sampled `traceparent` are traced. `environ`
    is what the service has otherwise: a proxy that it names is not for this."""
    excepted = {
        name: f"{environ[name]},127.0.0.1" if environ.get(name) else "127.0.0.1"
        for name in ("NO_PROXY", "no_proxy")
        if any(environ.get(proxy) for proxy in _PROXIES) and environ.get(name) != "*"
    }
    return {
        **excepted,
        "OTEL_SDK_DISABLED": "false",
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{url}{TRACES}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
        "OTEL_PROPAGATORS": "tracecontext,baggage",
        "OTEL_TRACES_SAMPLER": "parentbased_always_off",
        "OTEL_BSP_SCHEDULE_DELAY": str(DELAY_MS),
        "OTEL_BSP_MAX_QUEUE_SIZE": "32768",
        "FASTAPI_OTEL_AUTO_CONFIGURE": "true",  # FastAPI from 0.143 on has spans of its own
    }
