"""The CI job: its event, its token, and how much of the repository it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from perfgate.ci import eligibility
from perfgate.ci.git_questions import ask_git, reading_problem
from perfgate.ci.revision import read
from perfgate.net import http
from perfgate.workflows.doctor.check import Check, CheckSurroundings, broken, warning

ANSWER_TIMEOUT_S = 10.0  # s
GITLAB_TOKENS = ("PERFGATE_GITLAB_TOKEN", "GITLAB_TOKEN")


def event(around: CheckSurroundings, baseline_branch: str) -> Check:
    """What started the job, and whether its runs are remembered."""
    environ = around.environ
    if not (environ.get("GITHUB_ACTIONS") == "true" or environ.get("GITLAB_CI")):
        why = eligibility.why_not(environ, baseline_branch)
        return Check(name="event", message=why or "no GitHub or GitLab job, no pull request: every run is remembered")
    name = environ.get("GITHUB_EVENT_NAME") or environ.get("CI_PIPELINE_SOURCE") or "unknown"
    if environ.get("GITHUB_ACTIONS") == "true" and not environ.get("GITHUB_EVENT_PATH"):
        return warning("event", f"{name}, without an event file", "run doctor in a step of the job itself")
    why = eligibility.why_not(environ, baseline_branch)
    return Check(name="event", message=f"{name}: {why or 'its runs are remembered'}")


def token(around: CheckSurroundings) -> Check:
    """The token that comments are written with, as far as it can be seen without writing one."""
    environ = around.environ
    if environ.get("GITHUB_ACTIONS") == "true":
        return _github(environ)
    if environ.get("GITLAB_CI"):
        if any(environ.get(name, "").strip() for name in GITLAB_TOKENS):
            return Check(name="token", message="there is one; whether it may comment shows only a comment")
        cure = "a project access token with the scope api, as the variable PERFGATE_GITLAB_TOKEN"
        return warning("token", "there is none of your own, so no note can be written", cure)
    return Check(name="token", message="none is needed here")


def _github(environ: Mapping[str, str]) -> Check:
    secret = environ.get("GITHUB_TOKEN", "").strip()
    if not secret:
        cure = "env: {GITHUB_TOKEN: ${{ github.token }}}, and permissions: {pull-requests: write}"
        return warning("token", "GITHUB_TOKEN is not set: nothing can be told in the pull request", cure)
    api = (environ.get("GITHUB_API_URL") or "https://api.github.com").rstrip("/")
    repository = environ.get("GITHUB_REPOSITORY", "")
    headers = {"Authorization": f"Bearer {secret}", "Accept": "application/vnd.github+json"}
    try:
        with http.HttpSession(timeout=ANSWER_TIMEOUT_S) as session:
            reply = session.exchange("GET", f"{api}/repos/{repository}", headers=headers)
    except http.NoReplyError as error:
        return warning("token", f"{api} does not answer: {error}", "is a proxy or firewall in between?")
    if reply.status == 401:
        return broken("token", "GitHub does not know it (401)", "it has expired or was pasted in part: set it anew")
    if reply.status != 200:
        cure = "permissions: {contents: read, pull-requests: write} in the job"
        return broken("token", f"it may not read {repository} ({reply.status})", cure)
    scopes = reply.headers.get("x-oauth-scopes", "")
    observed = f"; scopes: {scopes}" if scopes else "; whether it may comment shows only a comment"
    return Check(name="token", message=f"may read {repository}{observed}")


def clone(around: CheckSurroundings) -> Iterator[Check]:
    """The commit, and how much of what came before it is there."""
    code = read(around.environ, around.root)
    if ask_git(around.environ, around.root, "rev-parse", "--is-inside-work-tree") != "true":
        why = reading_problem(around.environ, around.root) or "no git repository"
        yield warning("repository", why, "without commits and branches there is no baseline by branch")
        return
    commit = (code.commit or "no commit yet")[:12]
    yield Check(name="repository", message=f"{commit} on {code.branch or 'no branch'}")
    if ask_git(around.environ, around.root, "rev-parse", "--is-shallow-repository") == "true":
        number = ask_git(around.environ, around.root, "rev-list", "--count", "HEAD") or "?"
        cure = "GitHub: fetch-depth: 0 (2 is enough for a pull request's merge commit). GitLab: GIT_DEPTH: 0"
        yield warning("clone depth", f"shallow, {number} commits", cure)
    else:
        yield Check(name="clone depth", message="whole")
