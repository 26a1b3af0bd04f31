"""HdrHistogram's percentile distribution as text (.hgrm): "Value Percentile TotalCount 1/(1-Percentile)". Values are
milliseconds, as its tools write them, and `vegeta report -type hdrplot`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perfgate.measure.importers import summary_reading
from perfgate.measure.importers.samples import BadLines, RecordingSource, RequestLabel, Row, Summary, useless

HINT = "Expected: the text of HdrHistogram's outputPercentileDistribution, values in milliseconds (else: --unit us)."
_LINE = re.compile(r"^\s*([\d.]+)\s+(0\.\d+|1\.0+)\s+(\d+)(?:\s+[\d.infINF]+)?\s*$")
_MEAN = re.compile(r"#\[Mean\s+=\s+([\d.]+)")


class HdrPercentiles:
    """See Importer."""

    latency = "as recorded in the HdrHistogram percentiles"
    lacks = (*summary_reading.LACKS, "failures", "duration")
    hint = HINT
    has_hops = False

    def recognizes(self, beginning: bytes) -> bool:
        return re.match(rb"\s*\"?Value(?:\(ms\))?\"?[\s,]+\"?Percentile\"?[\s,]+\"?TotalCount", beginning) is not None

    def read(self, source: RecordingSource, bad: BadLines) -> Iterator[Summary]:
        text = summary_reading.text(source, HINT)
        rows = [match for line in text.replace(",", " ").splitlines() if (match := _LINE.match(line))]
        if not rows or not int(rows[-1][3]):
            raise useless(source, "no percentiles in it", hint=HINT)
        unit = 1e-3 if source.unit is None else source.unit
        metrics = {"max": float(rows[-1][1]) * unit}
        for percent, name in summary_reading.METRIC_OF.items():
            at = next((match for match in rows if float(match[2]) >= int(percent) / 100 - 1e-9), None)
            if at is None:
                raise useless(source, f"it ends before p{percent}", hint=HINT)
            metrics[name] = float(at[1]) * unit
        if mean := _MEAN.search(text):
            metrics["mean"] = float(mean[1]) * unit
        yield Summary(rows=[Row(label=RequestLabel(""), requests=int(rows[-1][3]), metrics=metrics)])
