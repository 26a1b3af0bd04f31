"""InfluxDB's line protocol over HTTP: `influxdb+http://host:8086/api/v2/write?org=...&bucket=...`, or /write?db=... of
version 1. The token comes from PERFGATE_INFLUX_TOKEN or INFLUX_TOKEN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from perfgate.export.contract import Address, Exporter
from perfgate.export.families import Buckets, Family, Labels
from perfgate.export.posting import Poster

TOKENS = ("PERFGATE_INFLUX_TOKEN", "INFLUX_TOKEN")

_NAME = str.maketrans({",": "\\,", " ": "\\ "})
_TAG = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ ", "\n": "\\ "})


class InfluxDb:
    def __init__(self, address: Address) -> None:
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        if token := next(filter(None, (address.environ.get(name, "").strip() for name in TOKENS)), ""):
            headers["Authorization"] = f"Token {token}"
        self._poster = Poster(address.url, headers, " or ".join(TOKENS))

    def send(self, families: Sequence[Family], at: float) -> None:
        nanoseconds = round(at * 1000) * 1_000_000
        self._poster.post("".join(f"{line} {nanoseconds}\n" for family in families for line in lines(family)).encode())

    def close(self) -> None:
        self._poster.close()


def lines(family: Family) -> Iterator[str]:
    """Lines without their time: `perfgate.measured.time,endpoint=list\\ products,metric=p95 value=0.12`. A histogram
    has a field for each bound, as Telegraf writes Prometheus' ones."""
    name = family.name.translate(_NAME)
    for point in family.points:
        value = point.value
        if isinstance(value, Buckets):
            cumulative = list(accumulate(value.counts))
            fields = [f"{bound!r}={number}i" for bound, number in zip(value.bounds, cumulative, strict=False)]
            fields += [f"+Inf={cumulative[-1]}i", f"count={cumulative[-1]}i", f"sum={value.total!r}"]
        else:
            fields = [f"value={value!r}"]
        yield f"{name}{_tags(point.labels)} {','.join(fields)}"


def _tags(labels: Labels) -> str:
    """Sorted, which is fastest for InfluxDB. No tag is empty, and no backslash at an end escapes what follows."""
    written = ((name, value.rstrip("\\").translate(_TAG)) for name, value in sorted(labels.items()))
    return "".join(f",{name}={value}" for name, value in written if value)


def connect(address: Address) -> Exporter:
    return InfluxDb(address)
