"""The verdict told: report.md, report.html, junit.xml and charts in the run folder, and the same on the terminal.

Nothing is judged here, and nothing here can change a verdict.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from perfgate.files import run_folder
from perfgate.files.codec import write_text
from perfgate.model.calibration import Calibration
from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import RecordError
from perfgate.model.outcome import Outcome
from perfgate.model.report import Chart, Drawing, Report
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Verdict
from perfgate.recording import handover, windows
from perfgate.recording.windows import Record
from perfgate.report import junit
from perfgate.report.facts import Facts
from perfgate.report.headline import headline
from perfgate.report.html import page
from perfgate.report.markdown import report_md
from perfgate.report.terminal import calibration_words
from perfgate.text.notes import note

NEWS = frozenset({Outcome.FAIL, Outcome.NO_DATA, Outcome.WARN, Outcome.IMPROVED})


def build(verdict: Verdict, run: Run, past_runs: tuple[PastRun, ...], folder: Path, *, charts: bool = True) -> Report:
    """Writes the report into the run folder. `past_runs` are newest first, of the same name; may be empty. Without
    `charts` it takes no time worth speaking of.

    Raises RecordError when report.md, report.html or junit.xml cannot be written. A chart that cannot be drawn
    is a warning, and so are windows that cannot be read.
    """
    diagnosis, unread = read_diagnosis(folder)
    facts = Facts(verdict=verdict, run=run, past_runs=past_runs, diagnosis=diagnosis)
    drawn, warnings = _charts(facts, folder) if charts else ((), ())
    record, gaps = read_windows(folder)
    report = Report(
        folder=folder,
        outcome=verdict.outcome,
        headline=headline(facts),
        markdown=folder / "report.md",
        junit=folder / "junit.xml",
        html=folder / "report.html",
        charts=drawn,
        warnings=(*(note("PG-R010", text) for text in warnings), *(note("PG-R011", text) for text in (*gaps, *unread))),
    )
    write_text(report.markdown, report_md.render(facts, drawn))
    write_text(report.junit, junit.render(facts))
    write_text(report.html, page.render(facts, record, folder=report.html.parent))
    return report


def has_news(verdict: Verdict) -> bool:
    """Whether charts are worth their seconds: something got worse or better. report.html draws all trends by itself."""
    return any(finding.outcome in NEWS for finding in verdict.findings)


def read_diagnosis(folder: Path) -> tuple[Diagnosis | None, tuple[str, ...]]:
    """The run's diagnosis, where it has one, and why it cannot be read."""
    try:
        return run_folder.read_diagnosis(folder), ()
    except RecordError as error:
        return None, (f"The report has no diagnosis: {error}",)


def read_windows(folder: Path) -> tuple[Record | None, tuple[str, ...]]:
    """The run's windows, where it has them (an imported or fetched one may not), and why they cannot be read."""
    path = folder / handover.WINDOWS
    if not path.is_file():
        return None, ()
    try:
        return windows.read(path), ()
    except RecordError as error:
        return None, (f"report.html has no latencies over the run: {error}",)


def show_calibration(calibration: Calibration, console: Console) -> None:
    calibration_words.show(calibration, console)


def picture_of(calibration: Calibration, folder: Path) -> tuple[Path | None, tuple[str, ...]]:
    """The light one of the two that are drawn, and why there is none. Raises RecordError when it cannot be written."""
    try:
        from perfgate.report.charts import calibration_chart  # late: matplotlib takes half a second
    except ImportError as error:
        return None, (f"No picture: matplotlib cannot be loaded ({error}).",)
    return calibration_chart.paint(calibration, folder)[0], ()


def draw(facts: Facts) -> tuple[tuple[Drawing, ...], tuple[str, ...]]:
    """The pictures that the comment has room for, worst first, and what could not be drawn."""
    from perfgate.report.markdown import comment  # late, as numpy is

    findings = comment.charted(facts)
    if not findings:
        return (), ()
    try:
        from perfgate.report.charts import gallery  # late: matplotlib takes half a second
    except ImportError as error:
        return (), (f"No pictures: matplotlib cannot be loaded ({error}).",)
    return gallery.draw(facts, findings)


def _charts(facts: Facts, folder: Path) -> tuple[tuple[Chart, ...], tuple[str, ...]]:
    try:
        from perfgate.report.charts import gallery  # late: matplotlib takes half a second
    except ImportError as error:
        return (), (f"No charts: matplotlib cannot be loaded ({error}).",)
    return gallery.write_charts(facts, folder)
