"""The artifacts of the workflow run that this one follows: as bytes, from that run only, none of them too big."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from perfgate.ci.revision import part_of
from perfgate.model.errors import RecordError, UsageError
from perfgate.net import http
from perfgate.publish.github import place
from perfgate.publish.github.api import PAGE_ITEMS, TIMEOUT_S, Api, RefusedError, UnansweredError
from perfgate.publish.github.place import GitHubJob

MAX_ARTIFACTS = 20  # of one name: jobs of a matrix
NEEDS = "The job needs `permissions: {actions: read, pull-requests: write}`."


def fetch(environ: Mapping[str, str], name: str, *, max_bytes: int) -> tuple[str, tuple[bytes, ...]]:
    """The commit that was measured, by GitHub's word, and the artifacts `name` and `name-...` of that workflow run.

    Raises UsageError outside a `workflow_run` event, RecordError when an artifact cannot be had or is bigger than
    `max_bytes` bytes.
    """
    here = place.find(environ)
    if not here.triggered_by or not here.commit or not here.repository:
        raise UsageError(
            "--from-workflow-run goes with the event workflow_run of GitHub Actions",
            hint='docs/action.md, "Pull requests from forks", has the two workflows.',
            code="PG-P002",
        )
    if not here.token:
        raise UsageError("--from-workflow-run needs GITHUB_TOKEN", hint=NEEDS, code="PG-P001")
    with http.HttpSession(timeout=TIMEOUT_S) as session:
        api = Api(url=here.api, token=here.token, session=session)
        try:
            return here.commit, tuple(_download(api, here, entry, max_bytes) for entry in _list(api, here, name))
        except (RefusedError, UnansweredError) as error:
            raise RecordError(
                f"The artifact {name} cannot be had: {error.message}", hint=NEEDS, code="PG-P001"
            ) from error


def _list(api: Api, here: GitHubJob, name: str) -> Iterator[Mapping[str, Any]]:
    answer = api.get(f"/repos/{here.repository}/actions/runs/{here.triggered_by}/artifacts?per_page={PAGE_ITEMS}")
    listed = part_of({"answer": answer}, "answer").get("artifacts")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    ours = [
        entry
        for entry in entries
        if (entry.get("name") == name or str(entry.get("name")).startswith(f"{name}-"))
        and not entry.get("expired")
        and part_of(entry, "workflow_run").get("id") == here.triggered_by
    ]
    yield from ours[:MAX_ARTIFACTS]


def _download(api: Api, here: GitHubJob, artifact: Mapping[str, Any], max_bytes: int) -> bytes:
    size, number = artifact.get("size_in_bytes"), artifact.get("id")
    if not isinstance(number, int) or not isinstance(size, int) or size > max_bytes:
        raise RecordError(
            f"An artifact of the pull request's workflow has more than {max_bytes:,} bytes. It is not downloaded.",
            code="PG-R008",
        )
    return api.file(f"/repos/{here.repository}/actions/artifacts/{number}/zip", max_bytes=max_bytes)
