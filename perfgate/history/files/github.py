"""The history on a branch of a GitHub repository, read through GitHub's API: `github:OWNER/REPO@BRANCH`.

No checkout and no git; public repositories need no token. Writing is for git.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from perfgate.history.files.file_history import FileHistory
from perfgate.history.files.files import Change, Say
from perfgate.model.errors import HistoryError
from perfgate.net import http
from perfgate.net.retrying import Retries
from perfgate.text.sanitize import one_line

Value = TypeVar("Value")

API = "https://api.github.com"
MAX_SINGLE_FILES = 8  # more files than this come as one archive: without a token GitHub answers 60 requests an hour
TIMEOUT_S = 60.0  # seconds
MAX_ARCHIVE_BYTES = 2**30  # bytes of an archive
RETRY_WAITS_S = (1.0, 4.0)  # seconds before asking again: a hiccup of GitHub's is no reason to go without a verdict
REDIRECTS = (301, 302, 307, 308)


class GithubFiles:
    """See `perfgate.history.files.file_history.Files`."""

    compress = False

    def __init__(self, repository: str, branch: str, *, environ: Mapping[str, str]) -> None:
        self._api = f"{(environ.get('GITHUB_API_URL') or API).rstrip('/')}/repos/{repository}"
        self._token = (environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or "").strip()
        self._repository = repository
        self._branch = branch
        self._commit = ""
        self._objects: dict[str, str] = {}  # path -> object id
        self._content: dict[str, bytes] = {}  # by object id
        self._session: http.HttpSession | None = None
        self.place = f"branch {branch} of {repository}"
        self.recovery = f"Remove that file from {self.place} with a commit, or restore it from a backup."

    def paths(self) -> tuple[str, ...]:
        commit = self._tip()
        if commit != self._commit:
            self._objects = self._tree(commit) if commit else {}
            self._commit = commit
        return tuple(self._objects)

    def read(self, paths: Sequence[str]) -> dict[str, bytes]:
        known = {path: self._objects[path] for path in paths if path in self._objects}
        missing = sorted({identity for identity in known.values() if identity not in self._content})
        if len(missing) > MAX_SINGLE_FILES:
            self._content |= self._archive()
        else:
            raw = "application/vnd.github.raw+json"
            self._content |= {each: self._request(f"/git/blobs/{each}", accept=raw).body for each in missing}
        return {path: self._content[identity] for path, identity in known.items() if identity in self._content}

    def change(self, decide: Callable[[Sequence[str]], Change], *, message: str, forget: bool = False) -> Change:  # noqa: ARG002 (it never writes)
        change = decide(self.paths())
        if change:
            raise HistoryError(
                f"{self.place} is read through GitHub's API here, and cannot be written",
                hint="Write from a checkout (actions/checkout, `permissions: {contents: write}`) as "
                f"git:{self._branch}.",
                code="PG-H003",
            )
        return change

    def close(self) -> None:
        if self._session is not None:
            self._session.__exit__()
            self._session = None
        self._commit, self._objects, self._content = "", {}, {}

    def _tip(self) -> str:
        """The commit; "" when the repository has no such branch."""
        reply = self._request(f"/git/ref/heads/{quote(self._branch)}", statuses=(200, 404, 409))
        if reply.status == 200:
            return self._parse(reply, lambda answer: str(answer["object"]["sha"]))
        if reply.status == 404:  # also what GitHub says when we may not see the repository
            self._request("")
        return ""

    def _tree(self, commit: str) -> dict[str, str]:
        reply = self._request(f"/git/trees/{commit}?recursive=1")
        if self._parse(reply, lambda answer: bool(answer.get("truncated"))):
            raise HistoryError(
                f"{self.place} has too many files for GitHub's API",
                hint=f"Read it from a checkout as git:{self._branch}, or make it smaller: `perfgate history prune`.",
                code="PG-H012",
            )
        return self._parse(
            reply,
            lambda answer: {str(item["path"]): str(item["sha"]) for item in answer["tree"] if item["type"] == "blob"},
        )

    def _archive(self) -> dict[str, bytes]:
        """All files by object id, in one answer."""
        reply = self._request(f"/tarball/{self._commit}", statuses=(200, *REDIRECTS))
        if reply.status in REDIRECTS:  # to another host, for which the URL itself is the key
            reply = self._exchange(reply.headers.get("location", ""), {})
            self._check(reply, (200,))
        contents = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(reply.body), mode="r:*") as archive:
                for member in archive:
                    path = member.name.partition("/")[2]  # below a folder named for the commit
                    content = archive.extractfile(member) if member.isfile() else None
                    if content is not None and path in self._objects:
                        contents[self._objects[path]] = content.read()
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            raise HistoryError(
                f"GitHub's archive of {self.place} is damaged: {error}", hint="Try again.", code="PG-H004"
            ) from error
        return contents

    def _request(
        self, path: str, *, accept: str = "application/vnd.github+json", statuses: Sequence[int] = (200,)
    ) -> http.Reply:
        headers = {"accept": accept, "x-github-api-version": "2022-11-28", "user-agent": "perfgate"}
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        reply = self._exchange(self._api + path, headers)
        self._check(reply, statuses)
        return reply

    def _exchange(self, url: str, headers: Mapping[str, str]) -> http.Reply:
        if self._session is None:
            self._session = http.HttpSession(timeout=TIMEOUT_S)
        session = self._session
        retries = Retries(tries=1 + len(RETRY_WAITS_S), pause=RETRY_WAITS_S.__getitem__)
        try:
            return retries.send(lambda: session.exchange("GET", url, headers=headers, max_bytes=MAX_ARCHIVE_BYTES))
        except http.NoReplyError as error:
            raise HistoryError(
                f"{self.place} cannot be reached: {error}", hint="Check the network.", code="PG-H002"
            ) from error

    def _check(self, reply: http.Reply, statuses: Sequence[int]) -> None:
        if reply.status in statuses:
            return
        limited = reply.status == 429 or (reply.status == 403 and reply.headers.get("x-ratelimit-remaining") == "0")
        if limited:
            hint = "GitHub limits how much one may ask: set GITHUB_TOKEN, or try again later."
        elif reply.status in (401, 403, 404):
            hint = "Check the name, and that GITHUB_TOKEN may read it: `permissions: {contents: read}`."
        else:
            hint = "Try again later; https://www.githubstatus.com says whether it is GitHub's fault."
        raise HistoryError(
            f"{self.place} cannot be read: GitHub answers {reply.status}{_words(reply)}", hint=hint, code="PG-H002"
        )

    def _parse(self, reply: http.Reply, take: Callable[[Any], Value]) -> Value:
        """What `take` takes from the answer."""
        try:
            return take(reply.json())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise HistoryError(
                f"{self.place}: not an answer of GitHub's API: {_beginning(reply)}",
                hint="Check GITHUB_API_URL.",
                code="PG-H002",
            ) from error


def _beginning(reply: http.Reply) -> str:
    kind = one_line(reply.headers.get("content-type", ""), 60) or "no content type"
    text = one_line(reply.body[:200].decode(errors="replace"), 80) or "empty"
    return f"status {reply.status}, {kind}, {text}"


def _words(reply: http.Reply) -> str:
    """What GitHub says about it, if anything."""
    try:
        message = reply.json()["message"]
    except (ValueError, TypeError, KeyError):
        return ""
    return f": {one_line(str(message), 200)}"


def open_github(url: str, *, environ: Mapping[str, str], say: Say) -> FileHistory:
    """Raises HistoryError when the URL is malformed."""
    parts = re.fullmatch(r"github:([A-Za-z0-9-]+/[A-Za-z0-9._-]+)@(\S+)", url)
    if parts is None:
        raise HistoryError(
            "The history URL does not name a branch", hint="Write github:OWNER/REPO@perfgate-data.", code="PG-H001"
        )
    return FileHistory(GithubFiles(parts[1], parts[2], environ=environ), say=say)
