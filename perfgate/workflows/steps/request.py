"""What somebody wants from a run, with everything that was read from the outside world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from perfgate.ci import acceptances
from perfgate.ci.acceptances import ClaimsOf
from perfgate.model.fleet import Fleet
from perfgate.model.plan import Plan
from perfgate.model.revision import Revision
from perfgate.model.run import Progress


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """Where and when a run is made, and of which commit."""

    root: Path  # the current folder: where .perfgate is, and what relative history paths count from
    environ: Mapping[str, str]
    run_id: str
    started: str = ""  # ISO 8601, UTC: when the command began
    folder: Path  # of the run
    revision: Revision
    versions: Mapping[str, str]
    doubt: str = ""  # whether `revision` is what is checked out
    access: Mapping[str, str] = field(default_factory=dict)  # environment with credentials, for the history alone
    claims: ClaimsOf = acceptances.no_claims


@dataclass(frozen=True, kw_only=True)
class AbRequest:
    """An A/B test: against a ref of the repository, or against a deployment that already runs (`url`). None is what the
    budget file says."""

    ref: str = ""
    url: str = ""
    restarts: int | None = None
    blocks: float | None = None


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """The options of the command line. `resolving` turns them into what will be done."""

    budget: Path
    context: RunContext
    target: str = ""  # instead of the budget file's
    history: str = ""  # instead of the budget file's
    only: tuple[str, ...] = ()
    against: AbRequest | None = None
    processes: int = 1
    fleet: Fleet | None = None
    allow_remote: bool = False
    save: bool | None = None  # None: as `eligibility` says
    diagnose: bool | None = None  # None: where something failed
    confirm: Path | None = None  # an earlier run (its folder, or its verdict): only what fails there too is a failure


@dataclass(frozen=True, kw_only=True)
class ProgressReporter:
    """Receiver of progress: `say` gets a line of text at each step."""

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[Plan], AbstractContextManager[Callable[[Progress], None]]] = lambda _: nullcontext(
        lambda _: None
    )
    per_endpoint: bool = False  # whether progress shall tell of each endpoint
