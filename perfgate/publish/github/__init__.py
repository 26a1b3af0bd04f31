"""GitHub: a comment on the pull request, a check run, a commit status, the job's summary, outputs and annotations.

By a ladder: summary, outputs and annotations need no permission and no token; the others are asked for. What is refused
is a warning that says how to get it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from perfgate.model.note import Note
from perfgate.model.publication import Announcement, Comment, Correction, Publication, PublishOptions
from perfgate.net import http
from perfgate.publish.github import artifacts, checks, comments, images, issues, job, place, pulls, refusals
from perfgate.publish.github.api import TIMEOUT_S, Api, RefusedError, UnansweredError
from perfgate.publish.github.place import GitHubJob
from perfgate.publish.posting import should_comment
from perfgate.publish.wording import STANDS
from perfgate.text.notes import note

__all__ = ["artifacts", "commented", "correct", "deliver", "images", "publish"]


def publish(announcement: Announcement, environ: Mapping[str, str], options: PublishOptions) -> Publication:
    """Never raises for what GitHub or the file system refuses: that is a warning."""
    here = place.find(environ, options.pull_request)
    with http.HttpSession(timeout=TIMEOUT_S) as session:
        return deliver(announcement, here, Api(url=here.api, token=here.token, session=session), options)


def correct(correction: Correction, environ: Mapping[str, str], options: PublishOptions) -> Publication:
    """Corrects a comment that is there; none is begun. Never raises for what GitHub refuses: that is a warning."""
    here = place.find(environ, options.pull_request)
    if options.comment is Comment.NEVER or not (here.repository and here.token):
        return Publication()
    with http.HttpSession(timeout=TIMEOUT_S) as session:
        api = Api(url=here.api, token=here.token, session=session)
        try:
            number = _number(here, api)
            posted = number and comments.correct(
                comments.CommentClient(api=api, place=here, number=number, key=correction.key, author=options.author),
                correction.comment,
            )
        except RefusedError as refused:
            return Publication(
                warnings=(note("PG-P001", _safe(refusals.explain(refused, "comment", here), here)),),
                failed=("comment",),
            )
        except UnansweredError as error:
            return Publication(
                warnings=(note("PG-P006", _safe(f"No comment: {error.message}.", here)),), failed=("comment",)
            )
    if not posted:
        return Publication()
    if here.output:
        with suppress(OSError):
            job.add_outputs(here.output, {"comment-url": posted.url})
    return Publication(messages=(f"Comment {posted.how}: {posted.url}",), comment_url=posted.url)


def _safe(line: str, here: GitHubJob) -> str:
    return line.replace(here.token, "[GITHUB_TOKEN]") if here.token else line


def commented(environ: Mapping[str, str], options: PublishOptions) -> int:
    """The pull request that gets a comment about a failure, by all that is known before; 0 if none does."""
    here = place.find(environ, options.pull_request)
    if options.comment is Comment.NEVER or not (here.repository and here.token):
        return 0
    with http.HttpSession(timeout=TIMEOUT_S) as session:
        try:
            return _number(here, Api(url=here.api, token=here.token, session=session))
        except (RefusedError, UnansweredError):  # the comment will say why
            return 0


def _number(here: GitHubJob, api: Api) -> int:
    return pulls.look_up(api, here) if here.should_look_up and not here.pull_request else here.pull_request


def deliver(announcement: Announcement, here: GitHubJob, api: Api, options: PublishOptions) -> Publication:
    client = _GitHubClient(announcement, here, api, options)
    if here.repository and here.token:
        client.attempt("comment", client.comment)
        client.attempt("check run", client.check)
        client.attempt("commit status", client.status)
        client.attempt("issue", client.issue)
    elif here.repository:
        client.warnings.append(note("PG-P001", refusals.no_token()))
    else:
        client.warnings.append(note("PG-P004", "Nothing was posted to GitHub: this is no workflow of GitHub Actions."))
    client.write_files()
    return Publication(
        messages=tuple(client.messages),
        warnings=tuple(Note(_safe(line, here)) for line in client.warnings),
        commands=tuple(job.commands(announcement)) if options.annotations else (),
        comment_url=client.comment_url,
        failed=tuple(client.failed),
    )


@dataclass
class _GitHubClient:
    """One announcement on its way out, and what came of it so far."""

    announcement: Announcement
    place: GitHubJob
    api: Api
    options: PublishOptions
    messages: list[str] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)
    comment_url: str = ""
    failed: list[str] = field(default_factory=list)

    def attempt(self, what: str, act: Callable[[], None]) -> None:
        try:
            act()
        except RefusedError as refused:
            self.failed.append(what)
            self.warnings.append(note("PG-P001", refusals.explain(refused, what, self.place)))
        except UnansweredError as error:
            self.failed.append(what)
            self.warnings.append(note("PG-P006", f"No {what}: {error.message}. {STANDS}"))

    def comment(self) -> None:
        if self.options.comment is Comment.NEVER:
            return
        number = _number(self.place, self.api)
        if not number:
            self.messages.append("No comment: this run belongs to no open pull request.")
            return
        client = comments.CommentClient(
            api=self.api, place=self.place, number=number, key=self.announcement.key, author=self.options.author
        )
        is_worth_it = should_comment(self.announcement, self.options)
        posted = comments.put(client, self.announcement.comment, create=is_worth_it)
        if posted is None:
            self.messages.append(f"No comment: nothing to say ({self.announcement.outcome.value}).")
            return
        self.comment_url = posted.url
        later = ": a later run has spoken" if posted.how == "outdated" else ""
        self.messages.append(f"Comment {posted.how}{later}: {posted.url}")

    def check(self) -> None:
        if self.options.check and self._knows_commit("check run"):
            self.messages.append(f"Check run: {checks.check(self.api, self.place, self.announcement)}")

    def status(self) -> None:
        if self.options.status and self._knows_commit("commit status"):
            checks.status(self.api, self.place, self.announcement)
            self.messages.append(f"Commit status: {self.announcement.title} at {self.place.commit[:7]}")

    def issue(self) -> None:
        if self.options.issue:
            self.messages.append(issues.keep(self.api, self.place, self.announcement, self.options.author))

    def _knows_commit(self, what: str) -> bool:
        if not self.place.commit:
            self.warnings.append(note("PG-P002", f"No {what}: the event does not say which commit was measured."))
        return bool(self.place.commit)

    def write_files(self) -> None:
        try:
            if (
                self.options.summary
                and self.place.summary
                and not job.add_summary(self.place.summary, self.announcement)
            ):
                self.warnings.append(note("PG-P007", "No job summary: the step has used up its 1 MiB already."))
            if self.place.output:
                job.add_outputs(self.place.output, self._outputs())
        except OSError as error:
            text = f"Cannot write the job's summary or outputs: {error.strerror}. {STANDS}"
            self.warnings.append(note("PG-P007", text))

    def _outputs(self) -> dict[str, str]:
        announcement = self.announcement
        return {
            "verdict": announcement.outcome.value,
            "failed-count": str(announcement.failed),
            "comment-url": self.comment_url,
            **announcement.files,
        }
