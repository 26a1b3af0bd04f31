"""A branch as a place for small files: read and written without a checkout, by many at once.

All work happens in a `PrivateRepository`. A change is one commit on the tip as it is now, pushed with a lease: when
others were quicker, it is decided anew on what they left.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import SystemRandom

from perfgate.git import command as git
from perfgate.git.command import GitError
from perfgate.git.scratch_repository import PrivateRepository
from perfgate.history.files.branch_failures import (
    KEPT,
    is_denied,
    is_network_failure,
    is_stale,
    refused,
    unreadable,
    without_names,
)
from perfgate.model.errors import HistoryError

MAX_PUSHES = 21  # 20 retries: with fewer, or without jitter, some of 30 writers at once never get through
MAX_NETWORK_RETRIES = 3  # retries when the network fails
MAX_PAUSE_S = 2.0  # seconds
TIP = "refs/perfgate/tip"
AUTHOR = "perfgate <perfgate@users.invalid>"  # nobody's address, not even by chance

Change = Mapping[str, bytes | None]  # by path; None: the file goes
Decide = Callable[[Sequence[str]], Change]  # from the paths that are there now


class DataBranch:
    """See `perfgate.history.files.file_history.Files`."""

    compress = False  # git compresses, and people look at files on the branch

    def __init__(self, branch: str, *, remote: str, folder: Path, environ: Mapping[str, str]) -> None:
        """`remote`: a name or a URL; "" is origin, or where there is none this repository itself. `folder` is in it."""
        self._branch = branch
        self._ref = f"refs/heads/{branch}"
        self._repository = PrivateRepository(remote=remote, folder=folder, environ=environ)
        self._environ = environ
        self._tip = ""
        self._objects: dict[str, str] = {}  # path -> object id, at the tip
        self.place = f"branch {branch}" + (f" of {git.redacted(remote)}" if remote else "")
        self.recovery = f"Remove that file from {self.place} with a commit, or restore it from a backup."

    @property
    def commit(self) -> str:
        """The tip when it was last read or written; "" while there is none. Pins links to files."""
        return self._tip

    @property
    def addresses(self) -> tuple[str, ...]:
        """URLs of the repository that the branch is in; none when git cannot say."""
        try:
            return self._repository.addresses()
        except GitError:
            return ()

    def paths(self) -> tuple[str, ...]:
        """What is there now. Raises HistoryError."""
        for attempt in range(MAX_NETWORK_RETRIES + 1):
            try:
                self._synchronise()
                break
            except GitError as error:
                words = without_names(str(error), self._branch)
                if attempt == MAX_NETWORK_RETRIES or is_denied(words) or not is_network_failure(words):
                    raise unreadable(str(error), self.place, self._branch) from error
            _pause(attempt)
        return tuple(self._objects)

    def read(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Contents of paths that were last seen, all with one process."""
        known = [path for path in paths if path in self._objects]
        request = "".join(f"{self._objects[path]}\n" for path in known).encode()
        try:
            answer = self._repository.git("cat-file", "--batch", text=request) if known else b""
        except GitError as error:
            raise unreadable(str(error), self.place, self._branch) from error
        contents, at = {}, 0
        for path in known:
            line_end = answer.index(b"\n", at)
            size = int(answer[at:line_end].split()[2])
            contents[path] = answer[line_end + 1 : line_end + 1 + size]
            at = line_end + size + 2
        return contents

    def change(self, decide: Decide, *, message: str, forget: bool = False) -> Change:
        """What was changed. With `forget`, the branch's own past goes too: one commit without a parent replaces it.

        Raises HistoryError when the remote refuses, cannot be reached, or others are quicker each time.
        """
        failures, commit, change = 0, "", None
        for attempt in range(MAX_PUSHES):
            try:
                self._synchronise()
                if change is not None and self._tip == commit:  # it got there, though the answer did not get here
                    return change
                change = decide(tuple(self._objects))
                if not change:
                    return change
                commit = self._commit(change, message, parentless=forget)
                self._push(commit)
                self._see(commit)
                return change
            except GitError as error:
                words = without_names(str(error), self._branch)
                if is_denied(words):
                    if not forget or not self._tip:
                        raise refused(str(error), self.place) from error
                    forget = False  # the rule may be against rewriting alone: then as a commit on top
                elif not is_stale(words) and (failures := failures + 1) > MAX_NETWORK_RETRIES:
                    raise unreadable(str(error), self.place, self._branch) from error
            _pause(attempt)
        raise HistoryError(
            f"{self.place} could not be written: {MAX_PUSHES} times others were quicker",
            hint=f"Try again later, or give jobs that end together one `concurrency` group.\n{KEPT}",
            code="PG-H010",
        )

    def close(self) -> None:
        """It can be used again; it opens itself."""
        self._repository.close()
        self._tip, self._objects = "", {}

    def _synchronise(self) -> None:
        if not self._tip:
            self._repository.git("check-ref-format", self._ref)
        remote = self._repository.remote
        listed = self._repository.git("ls-remote", remote, self._ref).decode().split()
        there = dict(zip(listed[1::2], listed[::2], strict=False)).get(self._ref, "")
        if there and there != self._tip:
            fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
            self._repository.git(*fetch, "--no-auto-maintenance", remote, f"+{self._ref}:{TIP}")
            there = self._repository.git("rev-parse", "--verify", TIP).decode().strip()
        if there != self._tip:
            self._see(there)

    def _see(self, tip: str) -> None:
        """Now this is the tip."""
        listed = self._repository.git("ls-tree", "-r", "-z", "--full-tree", tip).decode(errors="replace") if tip else ""
        lines = (line.partition("\t") for line in listed.split("\0") if line)
        self._objects = {path: facts.split()[2] for facts, _, path in lines if facts.split()[1] == "blob"}
        self._tip = tip

    def _commit(self, change: Change, message: str, *, parentless: bool) -> str:
        """A new commit on the tip, made by one `git fast-import`, which needs no index. Its id."""
        words = f"{message}\n\n[skip ci]\n".encode()
        stream = [b"commit refs/perfgate/next\nmark :1\ncommitter %s now\n" % self._author().encode()]
        stream.append(b"data %d\n%s\n" % (len(words), words))
        if self._tip and parentless:
            tree = self._repository.git("rev-parse", "--verify", f"{self._tip}^{{tree}}").strip()
            stream.append(b'M 040000 %s ""\n' % tree)
        elif self._tip:
            stream.append(b"from %s\n" % self._tip.encode())
        for path, content in change.items():
            if content is None:
                stream.append(b"D %s\n" % _quoted(path))
            else:
                stream.append(b"M 100644 inline %s\ndata %d\n%s\n" % (_quoted(path), len(content), content))
        stream.append(b"\nget-mark :1\ndone\n")
        options = ("--quiet", "--force", "--date-format=now", "--done")
        made = self._repository.git("-c", "fastimport.unpackLimit=0", "fast-import", *options, text=b"".join(stream))
        return made.decode().strip()

    def _author(self) -> str:
        """The author that the environment names, where it does: some servers accept commits of known people only."""
        name, email = (self._environ.get(f"GIT_COMMITTER_{key}", "") for key in ("NAME", "EMAIL"))
        name, email = (re.sub(r"[<>\s]+", " ", word).strip() for word in (name, email))
        return f"{name} <{email}>" if name and email else AUTHOR

    def _push(self, commit: str) -> None:
        options = ("--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no")
        lease = f"--force-with-lease={self._ref}:{self._tip}"
        self._repository.git("push", *options, lease, self._repository.remote, f"{commit}:{self._ref}")


def _pause(attempt: int) -> None:
    """Random, and longer each time: writers that collided must not meet again."""
    time.sleep(SystemRandom().uniform(0, min(MAX_PAUSE_S, 0.1 * 2**attempt)))


def _quoted(path: str) -> bytes:
    """A path as `git fast-import` reads it: people may have put files of any name on the branch."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()
