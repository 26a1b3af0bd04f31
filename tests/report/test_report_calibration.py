"""A calibration in words, as YAML and as a picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from struct import unpack

import pytest
from rich.console import Console

from perfgate.model.calibration import Alarms, Calibration, Noise, NoiseCorrelation, Proposal, Reach
from perfgate.model.errors import RecordError
from perfgate.report.charts import calibration_chart
from perfgate.report.charts.drawing import DARK, LIGHT
from perfgate.report.terminal import calibration_words


def noise(endpoint: str, metric: str = "p95", *, now: float | None = 0.2, base: float | None = 0.1) -> Noise:
    reaches = tuple(
        Reach(duration=30.0 * times, history=now and now / times**0.2, base=base and base / times**0.5)
        for times in (1, 2, 5, 10)
    )
    return Noise(
        endpoint=endpoint,
        metric=metric,
        level=0.0824,
        requests=1_500,
        between=0.12,
        own=0.036,
        sampling=0.02,
        design_effect=1.8,
        reaches=reaches,
    )


def calibration(*noises: Noise, **others: object) -> Calibration:
    whole = Calibration(
        name="shop",
        started="2026-01-05T09:00:00",
        load="80/s for 30 s after 5 s warm-up",
        duration=30.0,
        runs=10,
        pairs=3,
        noise=noises or (noise("list products", "p50"), noise("list products")),
        explained=(
            NoiseCorrelation(by="probe p50", correlation=0.91),
            NoiseCorrelation(by="cpu pressure", correlation=0.2),
        ),
        alarms=(Alarms(mode="history", suites=70, alarms=0, findings=200, passed=150, runs=10, bound=0.2589),),
        proposal=Proposal(mode="base", duration=60.0, limits={"p50": 0.05, "p95": 0.10}, reason="the shortest"),
    )
    return replace(whole, **others)


def told(one: Calibration, width: int = 120) -> str:
    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as captured:
        calibration_words.show(one, console)
    return captured.get()


def test_noise_and_what_is_found_are_told():
    text = told(calibration())

    assert "shop, unchanged: 10 runs and 3 A/B runs of 30 s (80/s for 30 s after 5 s warm-up)" in text
    [p50, p95, *_] = [line.split() for line in text.splitlines() if line.strip().startswith("list products")]
    assert " ".join(p95) == "list products p95 82.4 ms 12.7 % 3.7 % 2.0 % 1.8"
    assert p50[2] == "p50"
    assert "list products p95 with the history +20 % +17.4 % +14.5 % +12.6 %" in " ".join(text.split())
    assert "with --base-ref +10 % +7.1 % +4.5 % +3.2 %" in " ".join(text.split())


def test_alarms_are_told_with_their_bound():
    text = " ".join(told(calibration()).split())

    assert "0 in 70 verdicts on 10 runs, so at most 26% of runs" in text
    assert "75% of the findings passed" in text


@pytest.mark.parametrize(
    ("correlation", "said"), [(0.91, "probe p50 tells a slow runner here"), (0.4, "nothing tells a slow runner well")]
)
def test_what_tells_a_slow_runner(correlation: float, said: str):
    one = calibration(explained=(NoiseCorrelation(by="probe p50", correlation=correlation),))

    assert said in " ".join(told(one).split())


def test_the_lines_to_paste():
    proposal = Proposal(
        mode="base",
        duration=90.0,
        limits={"p50": 0.05, "p95": 0.10},
        overrides={'say "hi" 😀': {"p95": 0.40, "p50": 0.15}},
        floor=0.0005,
    )

    assert calibration_words.snippet(calibration(proposal=proposal)) == (
        "load:\n  duration: 90s\ndefaults:\n  budget:\n    p50: +5%\n    p95: +10%\n"
        'endpoints:\n  "say \\"hi\\" 😀":\n    budget: {p95: +40%, p50: +15%}  # varies more than the others\n'
        "gate:\n  floor: {time: 0.5ms}  # smaller rises never fail"
    )


def test_markup_in_names_stays_text():
    text = told(calibration(noise("[red]x[/red] \x1b[31m")))

    assert "[red]x[/red]" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "one",
    [
        calibration(),
        calibration(pairs=0, proposal=Proposal(mode="history", duration=30.0, limits={"p95": 0.25})),
        calibration(*(noise(f"endpoint {number} with a $long$ name {'x' * 50}") for number in range(30))),
        calibration(noise("a", now=None, base=None)),
        calibration(noise("a", now=8.0, base=None)),
        calibration(noise("a", "p50"), proposal=Proposal(mode="base", duration=30.0, limits={"p50": 0.05})),
    ],
)
def test_a_picture_of_everything(one: Calibration, tmp_path: Path):
    light, dark = calibration_chart.paint(one, tmp_path)

    sizes = [unpack(">II", path.read_bytes()[16:24]) for path in (light, dark)]
    rows = len(calibration_chart.shown(one))
    assert sizes[0] == sizes[1]
    assert sizes[0][0] == 1440
    assert sizes[0][1] > 200 * rows * 0.5
    assert rows <= 16


def test_light_and_dark_differ():
    assert calibration_chart.draw(calibration(), LIGHT) != calibration_chart.draw(calibration(), DARK)


def test_the_noisiest_come_first():
    one = calibration(noise("calm", base=0.05), noise("wild", base=0.5), noise("wild", "p50", base=0.9))

    assert [row.endpoint for row in calibration_chart.shown(one)] == ["wild", "calm"]


def test_a_folder_that_is_none(tmp_path: Path):
    (tmp_path / "charts").write_text("", encoding="utf-8")

    with pytest.raises(RecordError, match="Cannot write into"):
        calibration_chart.paint(calibration(), tmp_path)
