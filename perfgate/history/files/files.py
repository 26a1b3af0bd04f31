"""What `FileHistory` needs of a place for small files: the contract of a git branch, a folder, object storage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

Change = Mapping[str, bytes | None]  # by path; None: the file goes
Say = Callable[[str], None]


class Files(Protocol):
    """A place for small files. Every method raises HistoryError."""

    place: str  # names it in errors, without a password
    recovery: str  # what to do about a damaged file
    compress: bool  # whether files should be, because the place does not do it

    def paths(self) -> Sequence[str]:
        """Returns all that are there now; none if the place does not exist yet."""

    def read(self, paths: Sequence[str]) -> Mapping[str, bytes]:
        """Returns the contents of those that are (still) there."""

    def change(self, decide: Callable[[Sequence[str]], Change], *, message: str, forget: bool = False) -> Change:
        """What was changed. `decide` gets the paths that are there, perhaps several times, when others were quicker.

        `forget`: what goes shall be gone, not only out of sight.
        """

    def close(self) -> None: ...
