"""Writes grafana-dashboard.json beside this file, by Grafana's own library of dashboard types:

pip install grafana-foundation-sdk && python deploy/monitoring/dashboard.py
"""

from __future__ import annotations

import json
from pathlib import Path

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueTextMode,
    LegendDisplayMode,
    LegendPlacement,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
    VariableRefresh,
)

FILE = Path(__file__).with_name("grafana-dashboard.json")
SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
CHOSEN = 'load_test=~"$load_test", branch=~"$branch"'
DASHED = DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 8]})
RATE = "[$__rate_interval]"
WIDTH, HALF, HEIGHT = 24, 12, 8


def series(title: str, unit: str, *queries: tuple[str, str], text: str = "") -> timeseries.Panel:
    """A panel of lines; queries are (PromQL, legend)."""
    panel = timeseries.Panel().title(title).description(text).unit(unit).min(0).span(HALF).height(HEIGHT)
    panel = panel.datasource(SOURCE).line_width(2).fill_opacity(0).show_points(VisibilityMode.AUTO).span_nulls(True)
    panel = panel.legend(
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    for number, (expression, legend) in enumerate(queries):
        panel = panel.with_target(query(expression, legend, chr(ord("A") + number)))
    return panel


def query(expression: str, legend: str, name: str = "A") -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(SOURCE).ref_id(name).expr(expression).legend_format(legend)


def outcome() -> stat.Panel:
    panel = stat.Panel().title("Newest verdict").datasource(SOURCE).span(6).height(HEIGHT)
    panel = panel.text_mode(BigValueTextMode.NAME).thresholds(thresholds())
    return panel.with_target(query(f"perfgate_verdict_outcome{{{CHOSEN}}} == 1", "{{outcome}}"))


def thresholds() -> dashboard.ThresholdsConfig:
    steps = [Threshold(value=None, color="green"), Threshold(value=1, color="red")]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def states() -> statetimeline.Panel:
    kept = ValueMappingResult(text="kept", color="green", index=0)
    broken = ValueMappingResult(text="broken", color="red", index=1)
    panel = statetimeline.Panel().title("Budgets").datasource(SOURCE).span(18).height(HEIGHT)
    panel = panel.mappings([ValueMap(options={"0": kept, "1": broken})]).show_value(VisibilityMode.NEVER)
    expression = f'max by (endpoint, metric) (perfgate_budget_outcome{{{CHOSEN}, outcome=~"fail|no-data"}})'
    return panel.with_target(query(expression, "{{endpoint}} {{metric}}"))


def measured() -> timeseries.Panel:
    return series(
        "Latency, as measured",
        "s",
        (f'perfgate_measured_time_seconds{{{CHOSEN}, metric="$metric"}}', "{{endpoint}}"),
        (f'perfgate_budget_limit_time_seconds{{{CHOSEN}, metric="$metric", severity="fail"}}', "{{endpoint}}: limit"),
        text="$metric of the newest run. Dashed: fixed limits.",
    ).override_by_regexp(".*: limit", [DASHED])


def variables() -> list[dashboard.DatasourceVariable | dashboard.QueryVariable | dashboard.CustomVariable]:
    def labels(name: str, title: str) -> dashboard.QueryVariable:
        variable = dashboard.QueryVariable(name).label(title).datasource(SOURCE).multi(True).include_all(True)
        return variable.query(f"label_values(perfgate_run_info, {name})").refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)

    return [
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        labels("load_test", "Load test"),
        labels("branch", "Branch"),
        dashboard.CustomVariable("metric").label("Metric").values("p95,p50,p99,p90,mean,max"),
    ]


def annotations() -> list[dashboard.AnnotationQuery]:
    failed = f'(perfgate_verdict_outcome{{{CHOSEN}, outcome=~"fail|no-data"}} == 1)'
    return [
        dashboard.AnnotationQuery()
        .name("Incidents")
        .datasource(SOURCE)
        .enable(True)
        .icon_color("red")
        .expr(f"max by (load_test, endpoint, metric) (perfgate_watch_incident{{{CHOSEN}}}) == 1"),
        dashboard.AnnotationQuery()
        .name("Failed verdicts")
        .datasource(SOURCE)
        .enable(True)
        .icon_color("orange")
        .expr(f"{failed} * on (load_test, branch) group_left () perfgate_run_timestamp_seconds{{{CHOSEN}}} * 1000"),
    ]


FORMATS = (  # of annotations: Prometheus' data source reads them, Grafana's library does not know them
    {"titleFormat": "Incident: {{endpoint}} {{metric}}", "textFormat": "{{load_test}}", "step": "30s"},
    {"titleFormat": "Verdict: {{outcome}}", "textFormat": "{{load_test}} on {{branch}}", "useValueForTime": "on"},
)


OTHERS = ("auto", "auto_count", "auto_min", "id")  # keys that the library gives to variables, and Grafana does not know


def build() -> dashboard.Dashboard:
    made = dashboard.Dashboard("perfgate").uid("perfgate").tags(["perfgate", "load test"]).time("now-24h", "now")
    made = made.refresh("30s").timezone("browser").tooltip(DashboardCursorSync.CROSSHAIR)
    made = made.variables(variables()).annotations(annotations())
    of_endpoint = f"sum by (le, endpoint) (rate(perfgate_request_duration_seconds_bucket{{{CHOSEN}}}{RATE}))"
    counted = f"sum by (endpoint) (rate(perfgate_requests_total{{{CHOSEN}}}{RATE}))"
    failures = f"sum by (endpoint, error_type) (rate(perfgate_request_failures_total{{{CHOSEN}}}{RATE}))"
    rows = (
        dashboard.Row("Verdicts"),
        outcome(),
        states(),
        measured(),
        series(
            "Change since the baseline",
            "percentunit",
            (f"perfgate_budget_change_ratio{{{CHOSEN}}}", "{{endpoint}} {{metric}}"),
        ).min(-1),
        series(
            "Errors", "percentunit", (f'perfgate_measured_share_ratio{{{CHOSEN}, metric="errors"}}', "{{endpoint}}")
        ),
        series(
            "Open incidents", "none", (f"sum by (load_test) (perfgate_watch_incident{{{CHOSEN}}})", "{{load_test}}")
        ),
        dashboard.Row("While a load runs"),
        series("Requests per second", "reqps", (counted, "{{endpoint}}")),
        series("Failures per second", "reqps", (failures, "{{endpoint}}: {{error_type}}")),
        series("p95", "s", (f"histogram_quantile(0.95, {of_endpoint})", "{{endpoint}}")),
        series("In flight", "none", (f"sum by (load_test) (perfgate_requests_in_flight{{{CHOSEN}}})", "{{load_test}}")),
    )
    for item in rows:
        made = made.with_row(item) if isinstance(item, dashboard.Row) else made.with_panel(item)
    return made


def text() -> str:
    """The dashboard as Grafana imports it."""
    plain = json.loads(JSONEncoder(sort_keys=True).encode(build().build()))
    for number, panel in enumerate(plain["panels"], start=1):
        panel["id"] = number
    plain.pop("style", None)  # of an older Grafana
    for variable in plain["templating"]["list"]:
        for key in OTHERS:
            variable.pop(key, None)
    for annotation, more in zip(plain["annotations"]["list"], FORMATS, strict=True):
        annotation |= more
    return json.dumps(plain, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
