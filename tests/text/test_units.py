"""Units: what people may write, what it means, what they are told otherwise, and how values are shown."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.model.budget_file import Kind, Severity
from perfgate.model.metric import METRICS, Metric, Unit
from perfgate.text import units
from perfgate.text.criteria import criteria_pattern, parse_criteria
from perfgate.text.units import DURATION, POINTS, RATE, RATIO, SIZE, Quantity, UnitError

QUANTITIES = (DURATION, SIZE, RATIO, POINTS, RATE)


@pytest.mark.parametrize(
    ("quantity", "text", "value"),
    [
        (DURATION, "300ms", 0.3),
        (DURATION, "300 ms", 0.3),
        (DURATION, "1.5s", 1.5),
        (DURATION, "2m", 120.0),
        (DURATION, "1h", 3600.0),
        (DURATION, "500us", 0.0005),
        (DURATION, "500µs", 0.0005),
        (DURATION, "0s", 0.0),
        (SIZE, "512B", 512.0),
        (SIZE, "40kB", 40_000.0),
        (SIZE, "1MB", 1_000_000.0),
        (SIZE, "64KiB", 65_536.0),
        (SIZE, "1MiB", 1_048_576.0),
        (RATIO, "1%", 0.01),
        (RATIO, "0.5%", 0.005),
        (RATIO, "57%", 0.57),  # 57 * 0.01 is not
        (POINTS, "0.5pp", 0.005),
        (RATE, "200/s", 200.0),
        (RATE, "600/min", 10.0),
        (RATE, "3600/h", 1.0),
    ],
)
def test_quantities(quantity: Quantity, text: str, value: float) -> None:
    assert units.parse(quantity, text) == value


@pytest.mark.parametrize(
    ("quantity", "text", "message"),
    [
        (DURATION, "300", "`300` has no unit"),
        (DURATION, "1:30", "`1:30` is not a duration"),
        (DURATION, "-1s", "`-1s` is not a duration"),
        (DURATION, "1e3s", "`1e3s` is not a duration"),
        (DURATION, "", "`` is not a duration"),
        (DURATION, "9" * 400 + "s", f"`{'9' * 400}s` is not a duration"),
        (DURATION, "300sec", "`300sec` is not a duration: unknown unit `sec`"),
        (SIZE, "40KB", "`40KB` is not a size: unknown unit `KB`"),
        (RATIO, "1pp", "`1pp` is not a percentage: unknown unit `pp`"),
        (RATE, "200", "`200` has no unit"),
    ],
)
def test_what_is_no_quantity(quantity: Quantity, text: str, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse(quantity, text)
    assert caught.value.message == message
    assert caught.value.hint == "accepted: " + ", ".join(f"`{form}`" for form in quantity.forms)


@given(
    quantity=st.sampled_from(QUANTITIES),
    text=st.from_regex(r"[0-9.]{1,6} ?(ms|s|kB|KiB|%|pp|/s|/min|x)?", fullmatch=True),
)
def test_pattern_accepts_what_parse_accepts(quantity: Quantity, text: str) -> None:
    try:
        units.parse(quantity, text)
        accepted = text == text.strip()
    except UnitError:
        accepted = False
    assert bool(re.search(units.pattern(quantity), text)) == accepted


@pytest.mark.parametrize(
    ("metric", "text", "expected"),
    [
        ("p95", "300ms", [(Kind.ABSOLUTE, 0.3, "300ms", False)]),
        ("p95", "+10%", [(Kind.RELATIVE, 0.1, "+10%", False)]),
        ("p95", "+20ms", [(Kind.RELATIVE, 0.02, "+20ms", True)]),
        ("p95", "300ms +10%", [(Kind.ABSOLUTE, 0.3, "300ms", False), (Kind.RELATIVE, 0.1, "+10%", False)]),
        ("p95", " +10 %  300 ms ", [(Kind.RELATIVE, 0.1, "+10 %", False), (Kind.ABSOLUTE, 0.3, "300 ms", False)]),
        ("p95", "+0%", [(Kind.RELATIVE, 0.0, "+0%", False)]),
        ("errors", "1% +0.5pp", [(Kind.ABSOLUTE, 0.01, "1%", False), (Kind.RELATIVE, 0.005, "+0.5pp", True)]),
        ("errors", "0%", [(Kind.ABSOLUTE, 0.0, "0%", False)]),
        ("size", "40kB +5kB", [(Kind.ABSOLUTE, 40_000.0, "40kB", False), (Kind.RELATIVE, 5000.0, "+5kB", True)]),
        ("rate", "100/s -10%", [(Kind.ABSOLUTE, 100.0, "100/s", False), (Kind.RELATIVE, -0.1, "-10%", False)]),
        ("rate", "-5/s", [(Kind.RELATIVE, -5.0, "-5/s", True)]),
    ],
)
def test_criteria(metric: str, text: str, expected: list[tuple[Kind, float, str, bool]]) -> None:
    criteria = parse_criteria(text, METRICS[metric], Severity.WARN)
    assert [(one.kind, one.limit, one.text, one.difference) for one in criteria] == expected
    assert {one.severity for one in criteria} == {Severity.WARN}


@pytest.mark.parametrize(
    ("metric", "text", "message", "hint"),
    [
        ("p95", "300ms, +10%", "`300ms, +10%` has a comma", "separate criteria with a space: `300ms +10%`"),
        ("p95", "300", "`300` has no unit", "accepted: `300ms`,"),
        ("p95", "+10", "`+10` has no unit", "accepted: `300ms`,"),
        ("p95", "10%", "`10%` is relative to the baseline and needs a sign", "write `+10%`"),
        ("errors", "0.5pp", "`0.5pp` is relative to the baseline and needs a sign", "write `+0.5pp`"),
        ("p95", "-10%", "`-10%`: lower p95 is better, so only a rise can be limited", "write `+10%`"),
        ("rate", "+10%", "`+10%`: higher rate is better, so only a fall can be limited", "write `-10%`"),
        ("p95", "300ms 200ms", "two absolute criteria, `300ms` and `200ms`", "one absolute and one relative at most"),
        ("p95", "+10% +20ms", "two relative criteria, `+10%` and `+20ms`", "one absolute and one relative at most"),
        ("p95", "40kB", "`40kB` is not a limit on p95", "relative to the baseline `+10%`, `+20ms`"),
        ("p95", "+0.5pp", "`+0.5pp` is not a limit on p95", "relative to the baseline `+10%`, `+20ms`"),
        ("p95", "fast", "`fast` is not a limit on p95", "accepted: `300ms`,"),
        ("p95", "", "no criterion", "accepted: `300ms`,"),
        ("p95", "0ms", "`0ms` limits nothing: p95 is always above 0", "give a limit above 0"),
        ("p95", "+2000%", "`+2000%` is more than 1000%", "give an absolute limit instead"),
        ("errors", "150%", "`150%` is more than 100%", "accepted: `1%`,"),
        ("errors", "+200pp", "`+200pp` is more than 100 percentage points", "accepted: `1%`,"),
        ("rate", "-100%", "`-100%`: rate cannot fall by 100% or more", "give a limit below 100%"),
    ],
)
def test_what_is_no_criterion(metric: str, text: str, message: str, hint: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_criteria(text, METRICS[metric])
    assert caught.value.message == message
    assert hint in caught.value.hint


@given(
    metric=st.sampled_from(list(METRICS.values())),
    text=st.lists(st.sampled_from(["300ms", "+10%", "-10%", "1%", "+0.5pp", "40kB", "100/s", "x", "5"]), max_size=3),
)
def test_criteria_pattern_accepts_what_parse_criteria_accepts(metric: Metric, text: list[str]) -> None:
    written = " ".join(text)
    try:
        parse_criteria(written, metric)
    except UnitError:
        return
    assert re.search(criteria_pattern(metric), written)


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [
        (Unit.SECONDS, 0.131, "131 ms"),
        (Unit.SECONDS, 0.0131, "13.1 ms"),
        (Unit.SECONDS, 1.52, "1.52 s"),
        (Unit.SECONDS, 0.00042, "0.42 ms"),
        (Unit.SECONDS, 0.0000042, "4.2 us"),
        (Unit.SECONDS, 0.9994, "999 ms"),
        (Unit.SECONDS, 0.9996, "1 s"),
        (Unit.SECONDS, 300, "300 s"),
        (Unit.SECONDS, 1234.4, "1234 s"),
        (Unit.SECONDS, 0, "0 ms"),
        (Unit.SECONDS, -0.02, "-20 ms"),
        (Unit.BYTES, 512, "512 B"),
        (Unit.BYTES, 0, "0 B"),
        (Unit.BYTES, 0.3, "0.3 B"),
        (Unit.BYTES, 40_100, "40.1 kB"),
        (Unit.BYTES, 999_999, "1 MB"),
        (Unit.BYTES, 1_234_567, "1.23 MB"),
        (Unit.RATIO, 0.012, "1.2 %"),
        (Unit.RATIO, 0.00001, "0.001 %"),
        (Unit.RATIO, 1, "100 %"),
        (Unit.RATIO, 0, "0 %"),
        (Unit.PER_SECOND, 198.3, "198.3/s"),
        (Unit.PER_SECOND, 1234.56, "1235/s"),
        (Unit.SECONDS, math.inf, "inf s"),
    ],
)
def test_values_for_people(unit: Unit, value: float, shown: str) -> None:
    assert units.format_value(unit, value) == shown


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(0.6, "+60 %"), (-0.053, "-5.3 %"), (0, "0 %"), (4.2, "+420 %"), (0.00004, "0 %"), (0.12345, "+12.3 %")],
)
def test_changes_for_people(ratio: float, shown: str) -> None:
    assert units.format_change(ratio) == shown


def test_differences_for_people() -> None:
    assert units.format_difference(Unit.SECONDS, 0.02) == "+20 ms"
    assert units.format_difference(Unit.BYTES, -1200) == "-1.2 kB"
    assert units.format_difference(Unit.RATIO, 0.005) == "+0.5 pp"


@pytest.mark.parametrize(
    ("unit", "quantity"),
    [(Unit.SECONDS, DURATION), (Unit.BYTES, SIZE), (Unit.RATIO, RATIO), (Unit.PER_SECOND, RATE)],
)
@given(value=st.floats(min_value=1e-6, max_value=1e9))
def test_what_is_shown_can_be_written(unit: Unit, quantity: Quantity, value: float) -> None:
    assert units.parse(quantity, units.format_value(unit, value)) == pytest.approx(value, rel=0.006)


@given(unit=st.sampled_from(list(Unit)), value=st.floats(min_value=1e-12, max_value=1e12))
def test_only_zero_is_shown_as_zero(unit: Unit, value: float) -> None:
    number = re.match(r"[0-9.]+", units.format_value(unit, value))
    assert number
    assert float(number[0]) > 0


@pytest.mark.parametrize(
    "text", ["2026-01-31T12:00:00", "2026-01-31 12:00", "2026-01-31T12:00:00Z", "2026-01-31T14:00:00.000+02:00"]
)
def test_a_time_without_a_zone_is_in_utc(text: str) -> None:
    assert units.parse_moment(text).timestamp() == 1769860800.0


def test_what_is_no_time_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        units.parse_moment("yesterday")
