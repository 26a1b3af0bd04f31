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
from perfgate.model.errors import HistoryError

MAX_PUSHES = 21  # 20 retries: with fewer, or without jitter, some of 30 writers at once never get through
MAX_NETWORK_RETRIES = 3  # retries when the network fails
MAX_PAUSE_S = 2.0  # seconds
TIP = "refs/perfgate/tip"
AUTHOR = "perfgate <perfgate@users.invalid>"  # nobody's address, not even by chance

Change = Mapping[str, bytes | None]  # by path; None: the file goes
Decide = Callable[[Sequence[str]], Change]  # from the paths that are there now

_STALE = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|reference already exists|failed to update ref"
    r"|incorrect old value|failed to lock"
)
_DENIED = re.compile(
    r"GH0\d\d|protected branch|hook declined|checked out|deny|denied|forbidden|not allowed|prohibited|error: 40[13]"
    r"|authentication failed|could not read (username|password)|permission|read-only|read only|archived",
    re.IGNORECASE,
)
_IN_THE_WAY = re.compile(r"exists; cannot create|directory.file conflict")  # `data/old` where `data` is wanted
_BLIP = re.compile(
    r"could not resolve|unable to access|couldn't connect|timed out|timeout|connection|hung up|disconnect|early eof"
    r"|rpc failed|error: 5\d\d",
    re.IGNORECASE,
)
_OWNED = re.compile(r"--add safe\.directory (\S.*)")  # what git proposes
_NAMES = re.compile(r"^To .*$|'[^']*'|\S*[/:@]\S*[/:]\S*", re.MULTILINE)  # of repositories: they may be any words


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
                text = self._reason(error)
                if attempt == MAX_NETWORK_RETRIES or _DENIED.search(text) or not _BLIP.search(text):
                    raise self._unreadable(error) from error
            _pause(attempt)
        return tuple(self._objects)

    def read(self, paths: Sequence[str]) -> dict[str, bytes]:
        """Contents of paths that were last seen, all with one process."""
        known = [path for path in paths if path in self._objects]
        request = "".join(f"{self._objects[path]}\n" for path in known).encode()
        try:
            answer = self._repository.git("cat-file", "--batch", text=request) if known else b""
        except GitError as error:
            raise self._unreadable(error) from error
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
        blips, commit, change = 0, "", None
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
                text = self._reason(error)
                is_denied = bool(_DENIED.search(text) or _IN_THE_WAY.search(text))
                if _STALE.search(text) and not is_denied:
                    pass
                elif is_denied:
                    if not forget or not self._tip:
                        raise self._refused(error) from error
                    forget = False  # the rule may be against rewriting alone: then as a commit on top
                elif (blips := blips + 1) > MAX_NETWORK_RETRIES:
                    raise self._unreadable(error) from error
            _pause(attempt)
        raise HistoryError(
            f"{self.place} could not be written: {MAX_PUSHES} times others were quicker",
            hint=f"Try again later, or give jobs that end together one `concurrency` group.\n{KEPT}",
            code="PG-H010",
        )

    def _reason(self, error: GitError) -> str:
        """git's words without names: a repository may be called "permission-denied"."""
        return _NAMES.sub("", str(error)).replace(self._branch, "")

    def close(self) -> None:
        """It can be used again; it opens itself."""
        self._repository.close()
        self._tip, self._objects = "", {}

    # From here on: git.

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

    # From here on: what to say.

    def _unreadable(self, error: GitError) -> HistoryError:
        text = str(error)
        if "not a git repository" in text:
            hint = f"Run perfgate in a checkout, or say whose branch it is: git:{self._branch}@https://HOST/OWNER/REPO"
        elif "dubious ownership" in text:
            place = match[1] if (match := _OWNED.search(text)) else "PATH"
            hint = (
                f"The checkout belongs to another user. To trust it: git config --global --add safe.directory {place}"
            )
        elif "check-ref-format" in text:
            hint = "Branches look like git:perfgate-data."
        elif "cannot be started" in text:
            hint = "A history on a branch needs git: install it, or read the branch with github:OWNER/REPO@BRANCH."
        else:
            hint = "Check the network, the remote (`git remote -v`) and that the job may read it (`contents: read`)."
        return HistoryError(f"{self.place} cannot be reached: {_last(text)}", hint=hint, code="PG-H002")

    def _refused(self, error: GitError) -> HistoryError:
        text = str(error)
        if "checked out" in text:
            hint = "Somebody works on that branch: check out another one. It is for perfgate alone."
        elif _IN_THE_WAY.search(text):
            hint = "git cannot have a branch A beside a branch A/B. Choose another name: git:OTHER-NAME"
        elif "verified signatures" in text:
            hint = (
                "perfgate's commits are not signed. Leave this branch out of the rule about signed commits, or keep "
                "the history elsewhere: s3:, postgresql: or folder:."
            )
        elif re.search(r"GH0\d\d|protected branch|hook declined|rule", text, re.IGNORECASE):
            hint = (
                "A rule protects the branch. Leave it out of the rule (GitHub: Settings > Rules > Rulesets), let this "
                "job's account bypass the rule, or choose a name that no rule is about: git:OTHER-NAME"
            )
        else:
            hint = (
                "The job may not write. GitHub: give it `permissions: {contents: write}`. Pull requests from forks "
                "never may: use `--no-save` there."
            )
        return HistoryError(
            f"{self.place} refuses to be written: {_last(text)}", hint=f"{hint}\n{KEPT}", code="PG-H003"
        )


KEPT = "Nothing is lost: the run folder has the run, and `perfgate history add RUN` adds it later."


def _pause(attempt: int) -> None:
    """Random, and longer each time: writers that collided must not meet again."""
    time.sleep(SystemRandom().uniform(0, min(MAX_PAUSE_S, 0.1 * 2**attempt)))


def _quoted(path: str) -> bytes:
    """A path as `git fast-import` reads it: people may have put files of any name on the branch."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode()


def _last(text: str) -> str:
    """The lines of git's answer that say why."""
    lines = [line.strip() for line in text.splitlines()]
    telling = [line for line in lines if re.match(r"(remote:|fatal:|error:|!|ERROR)", line) and line != "remote:"]
    return "\n".join((telling or lines or ["git said nothing"])[:8])
