"""Parcel: what the workflow of a pull request hands to the one that may comment. Measurements only, no words."""

from __future__ import annotations

from dataclasses import dataclass

from perfgate.model.run import Run


@dataclass(frozen=True, kw_only=True)
class ArtifactEntry:
    budget: str  # path of the budget file in the repository
    run: Run
    earlier: Run | None = None  # whose failure `run` confirms


@dataclass(frozen=True, kw_only=True)
class RunsArtifact:
    schema: int = 1
    runs: tuple[ArtifactEntry, ...]
