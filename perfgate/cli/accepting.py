"""Which claims of acceptance belong to a run, by what started the job: those of its pull request, or those that came to
the branch since its last run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perfgate.ci.revision import is_from_fork, is_merge_request_from_fork, part_of, read_event
from perfgate.cli.where import is_on

if TYPE_CHECKING:
    from perfgate.ci.acceptances import AcceptanceClaim
    from perfgate.model.revision import Revision
    from perfgate.publish.github.consents import AcceptanceQuery

TRUST_FORKS = "PERFGATE_ACCEPT_FORKS"
MAX_PULL_REQUESTS = 20  # pull requests whose labels are asked for, at most


def gather(
    environ: Mapping[str, str],
    root: Path,
    revision: Revision,
    *,
    branch: str,
    last: str,
    say: Callable[[str], None],
) -> tuple[AcceptanceClaim, ...]:
    """`branch` is the baseline's, `last` the commit of its newest run, `environ` has perfgate's own token."""
    event = read_event(environ.get("GITHUB_EVENT_PATH", "")) if environ.get("GITHUB_ACTIONS") == "true" else {}
    if part_of(event, "pull_request"):
        return _of_pull_request(environ, root, event, say)
    if environ.get("CI_MERGE_REQUEST_IID"):
        return _of_merge_request(environ, root)
    if part_of(event, "workflow_run"):
        from perfgate.publish.github.consents import AcceptanceQuery

        return _claims_at_github(environ, say, AcceptanceQuery(now=_now(), should_look_up=True))
    from perfgate.ci import acceptances

    if revision.branch and revision.branch != branch:
        return acceptances.of_commits(root, environ, since=(f"origin/{branch}", branch))
    before = event.get("before") or environ.get("CI_COMMIT_BEFORE_SHA", "")
    since = (last, str(before))
    claims = acceptances.of_commits(root, environ, since=since)
    if not event:
        return claims
    from perfgate.publish.github.consents import AcceptanceQuery

    merged = acceptances.first_parents(root, environ, since=since, limit=MAX_PULL_REQUESTS)
    return (*claims, *_claims_at_github(environ, say, AcceptanceQuery(now=_now(), merged=merged)))


def _of_pull_request(
    environ: Mapping[str, str], root: Path, event: Mapping[str, Any], say: Callable[[str], None]
) -> tuple[AcceptanceClaim, ...]:
    from perfgate.ci import acceptances
    from perfgate.publish.github.consents import AcceptanceQuery

    pull = part_of(event, "pull_request")
    head, base = part_of(pull, "head"), part_of(pull, "base")
    commits = (str(base.get("sha") or ""), str(head.get("sha") or ""))
    is_trusted = not is_from_fork(pull) or is_on(environ.get(TRUST_FORKS, ""))
    claims: tuple[AcceptanceClaim, ...] = ()
    is_here = acceptances.has_commits(root, environ, *commits)
    if is_here:
        distrust = "" if is_trusted else acceptances.FORKS_TRAILER
        claims = acceptances.of_commits(root, environ, since=commits[:1], head=commits[1], distrust=distrust)
    number = pull.get("number")
    query = AcceptanceQuery(
        now=_now(),
        event=event,
        pull_request=number if isinstance(number, int) else 0,
        should_read_commits=not is_here,
        is_trusted=is_trusted,
    )
    return (*claims, *_claims_at_github(environ, say, query))


def _of_merge_request(environ: Mapping[str, str], root: Path) -> tuple[AcceptanceClaim, ...]:
    """GitLab hands the labels to the job; who set them it does not say."""
    from perfgate.ci import acceptances

    get = environ.get
    fork = is_merge_request_from_fork(environ)
    distrust = acceptances.FORKS_TRAILER if fork and not is_on(get(TRUST_FORKS, "")) else ""
    base = get("CI_MERGE_REQUEST_DIFF_BASE_SHA", "")
    head = get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA") or get("CI_COMMIT_SHA") or "HEAD"
    claims = acceptances.of_commits(root, environ, since=(base,), head=head, distrust=distrust)
    title = "" if fork else get("CI_MERGE_REQUEST_TITLE", "")  # its author can change it after a label was set
    about = f"!{get('CI_MERGE_REQUEST_IID')} {title}".strip()
    labels = (
        acceptances.of_label(
            name,
            author="a label",
            at=_now(),
            reason=about,
            distrust=acceptances.FORKS_LABEL if fork else "",  # who pushed last, nobody says
        )
        for name in get("CI_MERGE_REQUEST_LABELS", "").split(",")
    )
    return (*claims, *(label for label in labels if label))


def _claims_at_github(
    environ: Mapping[str, str], say: Callable[[str], None], query: AcceptanceQuery
) -> tuple[AcceptanceClaim, ...]:
    from perfgate.publish.github import consents

    claims, warnings = consents.gather(environ, query)
    for warning in warnings:
        say(f"perfgate: {warning}")
    return claims


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
