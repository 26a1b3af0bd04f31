"""The paths of a run's files. They say all that a listing of runs shows, so that listing needs no reading.

    runs/NAME/BRANCH/STARTED,OUTCOME,COMMIT,ID.json      the run without its distributions (of an A/B test: ID,ab.json)
    distributions/(the same)                             those
    accepted/ID/NUMBER-DIGEST.json                       what was said about it, one file each

Words are percent-encoded. One that is too long for a file name is cut short and marked with "~": then the run itself
has to be read to list it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote, unquote

from perfgate.history import times
from perfgate.history.contract import Entry
from perfgate.model.errors import HistoryError
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun

RUNS, DISTRIBUTIONS, ACCEPTED = "runs/", "distributions/", "accepted/"
SUFFIXES = (".json", ".json.gz")

# Bytes. Folders: 120 each. File: the four, commas, mark and suffix stay below the 255 that file systems allow.
MAX_LABEL_CHARS = {"name": 120, "branch": 120, "started": 57, "commit": 70, "id": 100}
CUT = "~"
NOTHING = "="
AB = ",ab"


@dataclass(frozen=True, kw_only=True)
class Label:
    """A stored run by its path. `entry` is None when the path is cut short."""

    path: str  # without RUNS and the suffix: the same for distributions
    suffix: str
    entry: Entry | None
    moment: int = 0  # when it started, microseconds since 1970; 0 if cut short

    @property
    def run(self) -> str:
        return f"{RUNS}{self.path}{self.suffix}"

    @property
    def distributions(self) -> str:
        return f"{DISTRIBUTIONS}{self.path}{self.suffix}"


def path_of(past_run: PastRun) -> str:
    """The path, like `Label.path`."""
    run = past_run.run
    words = {"name": run.name, "branch": run.branch, "started": run.started, "commit": run.commit, "id": run.id}
    name, branch, started, commit, run_id = (_segment(words[key], MAX_LABEL_CHARS[key]) for key in MAX_LABEL_CHARS)
    return f"{name}/{branch}/{started},{past_run.outcome.value},{commit},{run_id}{AB if run.arms else ''}"


def is_path_of(path: str, past_run: PastRun) -> bool:
    """Whether a run is kept there; A/B tests were not marked once."""
    right = path_of(past_run)
    return path in (right, right.removesuffix(AB) if past_run.run.arms else right)


def parse(path: str) -> Label | None:
    """The label of `runs/...`; None when it is no run's path, because somebody put something else there."""
    suffix = next((each for each in reversed(SUFFIXES) if path.endswith(each)), "")
    inner = path.removeprefix(RUNS).removesuffix(suffix)
    is_ab = inner.endswith(AB) and inner.count(",") == 4
    parts = (inner.removesuffix(AB) if is_ab else inner).split("/")
    words = parts[-1].split(",")
    if not suffix or len(parts) != 3 or len(words) != 4 or words[1] not in list(Outcome):
        return None
    if CUT in inner:
        return Label(path=inner, suffix=suffix, entry=None)
    name, branch, started, commit, run_id = map(_text_of, (*parts[:2], words[0], *words[2:]))
    try:
        moment = times.microseconds(started, origin=path)
    except HistoryError:
        return None
    entry = Entry(
        id=run_id,
        name=name,
        branch=branch,
        commit=commit,
        started=started,
        outcome=Outcome(words[1]),
        accepted=False,
        is_ab=is_ab,
    )
    return Label(path=inner, suffix=suffix, entry=entry, moment=moment)


def path_segment(run_id: str) -> str:
    """The id as a part of a path."""
    return _segment(run_id, MAX_LABEL_CHARS["id"])


def acceptances_of(run_id: str) -> str:
    """The folder of what was said about that run, with a slash at its end."""
    return f"{ACCEPTED}{path_segment(run_id)}/"


def acceptance(run_id: str, number: int, content: bytes) -> str:
    """The path of an acceptance; `number` counts from 1 in the order of arrival."""
    return f"{acceptances_of(run_id)}{number:04d}-{digest(content)}.json"


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]


def _segment(text: str, max_chars: int) -> str:
    segment = quote(text, safe="").replace("~", "%7E") or NOTHING
    if segment.startswith("."):  # ".", "..", and hidden files
        segment = "%2E" + segment[1:]
    return segment if len(segment) <= max_chars else f"{segment[: max_chars - 17]}{CUT}{digest(text.encode())}"


def _text_of(segment: str) -> str:
    return "" if segment == NOTHING else unquote(segment)
