"""What to do when GitHub refuses: in words, with the lines to paste into the workflow."""

from __future__ import annotations

from perfgate.publish.github.api import RefusedError
from perfgate.publish.github.place import GitHubJob
from perfgate.publish.wording import STANDS

NEEDS = {"comment": "pull-requests", "check run": "checks", "commit status": "statuses", "issue": "issues"}
_NO_APP = "authenticate via a GitHub App"
_LOCKED = "locked"
_LIMIT = "rate limit"


def explain(refused: RefusedError, what: str, place: GitHubJob) -> str:
    """Why there is no `what` (a key of NEEDS), and how to get one."""
    permission = NEEDS[what]
    if refused.status == 401:
        return f"No {what}: GitHub does not know the token in GITHUB_TOKEN ({refused.text}). {STANDS}\n{_token()}"
    if _LIMIT in refused.text.lower() or refused.status == 429:
        return f"No {what}: {refused.text}. {STANDS} `perfgate publish` tells it later, without new load."
    if _NO_APP in refused.text:
        return (
            f"No {what}: GitHub lets only apps make check runs, and this is a personal token. {STANDS}\n"
            "Use the workflow's own token (GITHUB_TOKEN: ${{ github.token }}), or --status instead of --check."
        )
    if _LOCKED in refused.text:
        return f"No {what}: the conversation of the pull request is locked. {STANDS}"
    if refused.status == 403 and (place.is_from_fork or place.is_from_dependabot):
        who = "Dependabot" if place.is_from_dependabot else "a fork"
        return (
            f"No {what}: this pull request comes from {who}, so its token may only read, whatever `permissions:` says. "
            f"{STANDS}\nIt is in the job summary; a second workflow can comment: see docs/github.md, "
            '"Pull requests from forks".'
        )
    if refused.status == 403:
        return f"No {what}: the token may not write ({refused.text}). {STANDS}\n{paste(permission)}"
    if refused.status == 404:
        return (
            f"No {what}: GitHub shows this token no {place.repository}, or no such pull request or commit. {STANDS}\n"
            f"{paste(permission)}"
        )
    return f"No {what}: GitHub answered {refused.status}: {refused.text}. {STANDS}"


def paste(permission: str) -> str:
    return f"Give the job the permission:\n\n    permissions:\n      contents: read\n      {permission}: write\n"


def no_token() -> str:
    return f"Nothing was posted to GitHub: there is no GITHUB_TOKEN. {STANDS}\n{_token()}"


def _token() -> str:
    return "Give the step the token:\n\n    env:\n      GITHUB_TOKEN: ${{ github.token }}\n"
