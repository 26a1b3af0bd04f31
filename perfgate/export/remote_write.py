"""Prometheus' remote write 1.0: `remote-write+http://host:9090/api/v1/write`. Prometheus (with
`--web.enable-remote-write-receiver`), Mimir, Thanos, VictoriaMetrics and others take it.

A WriteRequest by protobuf, packed by snappy (prometheus.io/docs/specs/prw/remote_write_spec).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from perfgate.export import exposition
from perfgate.export.contract import Address, Exporter, ExportError
from perfgate.export.families import Family
from perfgate.export.posting import Poster

AUTHORIZATION = "PERFGATE_REMOTE_WRITE_AUTHORIZATION"  # the header's value, "Basic ..." or "Bearer ..."
INSTALL = "pip install 'perfgate[remote-write]'"
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
JOB = "perfgate"
FIELDS = {  # messages of prometheus/prompb: fields in their order, by name and type; a message's name is repeated
    "Label": (("name", "string"), ("value", "string")),
    "Sample": (("value", "double"), ("timestamp", "int64")),
    "TimeSeries": (("labels", "Label"), ("samples", "Sample")),
    "WriteRequest": (("timeseries", "TimeSeries"),),
}


class RemoteWrite:
    """Every sample has the moment of its sending; labels stand in the order of their names, empty ones are none."""

    def __init__(self, address: Address, pack: Callable[[bytes], bytes], request: Any) -> None:
        headers = dict(HEADERS)
        if authorization := address.environ.get(AUTHORIZATION, "").strip():
            headers["Authorization"] = authorization
        self._poster = Poster(address.url, headers, AUTHORIZATION)
        self._pack, self._request = pack, request

    def send(self, families: Sequence[Family], at: float) -> None:
        request, moment = self._request(), round(at * 1000)
        for family in families:
            for name, labels, value in exposition.samples(family):
                series = request.timeseries.add()
                for key, text in sorted({"__name__": name, "job": JOB, **labels}.items()):
                    if text:
                        series.labels.add(name=key, value=text)
                series.samples.add(value=value, timestamp=moment)
        self._poster.post(self._pack(request.SerializeToString()))

    def close(self) -> None:
        self._poster.close()


def write_request() -> Any:
    """The message class, of a descriptor made here: a generated module would belong to one version of protobuf."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="perfgate/remote_write.proto", package="prometheus", syntax="proto3")
    one = descriptor_pb2.FieldDescriptorProto
    types = {"string": one.TYPE_STRING, "double": one.TYPE_DOUBLE, "int64": one.TYPE_INT64}
    for message, fields in FIELDS.items():
        described = file.message_type.add(name=message)
        for number, (name, kind) in enumerate(fields, start=1):
            is_plain = kind in types
            field = described.field.add(name=name, number=number, type=types.get(kind, one.TYPE_MESSAGE))
            field.label = one.LABEL_OPTIONAL if is_plain else one.LABEL_REPEATED
            if not is_plain:
                field.type_name = f".prometheus.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("prometheus.WriteRequest"))


def connect(address: Address) -> Exporter:
    """Raises ExportError where the extra is not installed."""
    try:
        from cramjam import snappy

        request = write_request()
    except ImportError as error:
        raise ExportError(f"it needs cramjam and protobuf: {INSTALL}") from error
    return RemoteWrite(address, lambda content: bytes(snappy.compress_raw(content)), request)
