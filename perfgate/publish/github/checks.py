"""The verdict at the commit that was measured: as a check run with annotations, or as a commit status."""

from __future__ import annotations

from typing import Any

from perfgate.model.outcome import Outcome
from perfgate.model.publication import Annotation, Announcement
from perfgate.publish.github.api import Api
from perfgate.publish.github.place import GitHubJob

MAX_SUMMARY_CHARS = 65_535  # characters of a summary
MAX_TITLE_CHARS = 255
MAX_STATUS_CHARS = 140
MAX_ANNOTATIONS = 50  # per request

_CALM = (Outcome.PASS, Outcome.IMPROVED)


def check(api: Api, place: GitHubJob, announcement: Announcement) -> str:
    """Makes a check run and returns its address. A second one of the same name takes the first one's place on GitHub.

    Raises RefusedError, UnansweredError.
    """
    text = announcement.comment if len(announcement.comment) <= MAX_SUMMARY_CHARS else announcement.headline
    annotations = [_annotation(annotation) for annotation in announcement.annotations[:MAX_ANNOTATIONS]]
    body: dict[str, Any] = {
        "name": announcement.title,
        "head_sha": place.commit,
        "status": "completed",
        "conclusion": conclusion(announcement),
        "output": {"title": announcement.headline[:MAX_TITLE_CHARS], "summary": text, "annotations": annotations},
    }
    if place.run_url:
        body["details_url"] = place.run_url
    made = api.call("POST", f"/repos/{place.repository}/check-runs", body)
    return str(made.get("html_url") or "") if isinstance(made, dict) else ""


def conclusion(announcement: Announcement) -> str:
    if announcement.blocks:
        return "failure"
    is_success = announcement.outcome in _CALM and not announcement.is_mostly_undecided
    return "success" if is_success else "neutral"


def status(api: Api, place: GitHubJob, announcement: Announcement) -> None:
    """A status has no "neutral": what does not stop the build succeeds, and its description says more.

    Raises RefusedError, UnansweredError.
    """
    body = {
        "state": "failure" if announcement.blocks else "success",
        "context": announcement.title,
        "description": _short(announcement.headline),
    }
    if place.run_url:
        body["target_url"] = place.run_url
    api.call("POST", f"/repos/{place.repository}/statuses/{place.commit}", body)


def _annotation(item: Annotation) -> dict[str, Any]:
    line = max(item.line, 1)
    return {
        "path": item.path,
        "start_line": line,
        "end_line": line,
        "annotation_level": "failure" if item.serious else "warning",
        "title": item.title[:MAX_TITLE_CHARS],
        "message": item.message,
    }


def _short(text: str) -> str:
    return text if len(text) <= MAX_STATUS_CHARS else f"{text[: MAX_STATUS_CHARS - 1]}…"
