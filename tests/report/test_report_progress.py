"""Progress: a plain line every ten seconds of the run's own time, or a live picture on a terminal."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from perfgate.model.run import Progress
from perfgate.report.terminal.progress import LoadProgress, line


def at(elapsed: float, **others) -> Progress:
    return Progress(
        **{
            "elapsed": elapsed,
            "total": 35.0,
            "phase": "measuring",
            "requests": round(elapsed * 198),
            "failures": 0,
            "rate": 198.2,
            "p95": 0.0123,
            "in_flight": 4,
            "users": 20,
            **others,
        }
    )


def run(*, terminal: bool, step: float = 0.5) -> str:
    sink = StringIO()
    with LoadProgress(Console(file=sink, width=80, force_terminal=terminal, no_color=True)) as progress:
        for tick in range(int(35 / step) + 1):
            progress.update(at(tick * step))
    return sink.getvalue()


def test_a_line_every_ten_seconds():
    assert run(terminal=False) == (
        "  10 s of 35 s  measuring  1,980 requests  198/s  p95 12.3 ms  0 errors\n"
        "  20 s of 35 s  measuring  3,960 requests  198/s  p95 12.3 ms  0 errors\n"
        "  30 s of 35 s  measuring  5,940 requests  198/s  p95 12.3 ms  0 errors\n"
    )


def test_rare_updates_do_not_catch_up():
    assert [text.split()[0] for text in run(terminal=False, step=17).splitlines()] == ["17", "34"]


def test_before_anything_is_known():
    text = line(at(0.0, phase="starting", requests=0, failures=1, rate=0.0, p95=None))
    assert text == "   0 s of 35 s  starting  0 requests  0/s  p95 –  1 error"


def test_live_on_a_terminal():
    text = run(terminal=True, step=5)
    assert "━" in text
    assert "5 s of 35 s" in text
    assert "4 in flight" in text
    assert "\n  10 s of" not in text


def test_the_cursor_comes_back():
    text = run(terminal=True, step=35)
    assert text.index("\x1b[?25l") < text.index("\x1b[?25h")
