"""Run folders on disk: where they are, how a person names one, and what is in it."""

from __future__ import annotations

from pathlib import Path

from perfgate.files import codec
from perfgate.model.diagnosis import Diagnosis
from perfgate.model.errors import RecordError
from perfgate.model.publication import NotMeasured
from perfgate.model.run import Run
from perfgate.model.verdict import Verdict
from perfgate.recording import handover

HOME = ".perfgate"
RUN, VERDICT, NOT_MEASURED = "run.json", "verdict.json", "not-measured.json"
DIAGNOSIS = "diagnosis.json"
LATEST = "latest"


def runs_folder(root: Path) -> Path:
    return root / HOME / "runs"


def make(folder: Path, root: Path) -> None:
    """Makes a run folder. `.perfgate` ignores itself in git. Raises RecordError when it cannot be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if root / HOME in folder.parents:
            make_own(root)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
        # What an earlier run in this folder has left.
        context = ("report.md", "report.html", "junit.xml", "comment.md")
        for stale in (RUN, VERDICT, NOT_MEASURED, DIAGNOSIS, *handover.FILES, *context):
            (folder / stale).unlink(missing_ok=True)
        for picture in folder.glob("page-[0-9]*"):  # else it would be shown of a page that is not seen this time
            picture.unlink(missing_ok=True)
    except OSError as error:
        raise codec.unwritable(f"into the run folder {folder}", error) from error


def make_own(root: Path) -> Path:
    """The folder `.perfgate`, which ignores itself in git. Raises OSError."""
    home = root / HOME
    home.mkdir(parents=True, exist_ok=True)
    if not (home / ".gitignore").exists():
        (home / ".gitignore").write_text("*\n", encoding="utf-8")
    return home


def find(name: str, root: Path) -> Path | None:
    """The folder of the run that a person means: a path, an id or the unique beginning of one, or `latest`.

    None when there is none here (the history may have it). Raises RecordError for an ambiguous or empty `latest`.
    """
    path = Path(name)
    for candidate in (path, path.parent if path.name == RUN else path):
        if (candidate / RUN).is_file():
            return candidate
    folders = sorted(folder for folder in runs_folder(root).glob("*") if (folder / RUN).is_file())
    if name == LATEST:
        if not folders:
            raise RecordError(
                f"There is no run in {runs_folder(root)} yet.",
                hint="Make one: perfgate run --budget budgets.yaml",
                code="PG-R009",
            )
        return folders[-1]
    matching = [folder for folder in folders if folder.name.startswith(name)]
    if len(matching) > 1:
        raise RecordError(
            f"{name} is the beginning of {len(matching)} runs: {', '.join(item.name for item in matching)}",
            code="PG-R006",
        )
    return matching[0] if matching else None


def find_not_measured(name: str, root: Path) -> NotMeasured | None:
    """What became of the run that a person means, if it is that nothing was measured. `name` as in `find`.

    Raises RecordError when it cannot be read.
    """
    folders = [folder for folder in sorted(runs_folder(root).glob("*")) if _has(folder, RUN, NOT_MEASURED)]
    newest = folders[-1:] if name == LATEST else []
    for folder in (Path(name), runs_folder(root) / name, *newest):
        if _has(folder, NOT_MEASURED):
            return codec.read(NotMeasured, folder / NOT_MEASURED)
    return None


def _has(folder: Path, *files: str) -> bool:
    return any((folder / file).is_file() for file in files)


def read_run(folder: Path) -> Run:
    return codec.read(Run, folder / RUN)


def read_diagnosis(folder: Path) -> Diagnosis | None:
    """Returns None where nothing was diagnosed. Raises RecordError when it cannot be read."""
    path = folder / DIAGNOSIS
    return codec.read(Diagnosis, path) if path.is_file() else None


def read_verdict(folder: Path) -> Verdict:
    """Raises RecordError when the run was never judged."""
    if not (folder / VERDICT).is_file():
        raise RecordError(
            f"The run in {folder} has no verdict yet.", hint=f"Judge it: perfgate gate {folder}", code="PG-R007"
        )
    return codec.read(Verdict, folder / VERDICT)
