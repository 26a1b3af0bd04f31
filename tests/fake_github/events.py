"""What GitHub hands to a workflow: event files, derived from GitHub's own examples, and environment variables."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from fake_github.server import FakeGitHub
from fake_github.world import Pull, Repository

HERE = Path(__file__).parent
Payload = dict[str, Any]


def example(name: str) -> Payload:
    payload: Payload = json.loads((HERE / "events" / f"{name}.json").read_text(encoding="utf-8"))
    return payload


def _of(repo: Repository, payload: Payload) -> Payload:
    names = {"name": repo.name, "full_name": repo.full_name, "default_branch": repo.default_branch}
    payload["repository"] |= names
    payload["repository"]["owner"]["login"] = repo.owner
    return payload


def _repository(like: Payload, owner: str, name: str) -> Payload:
    other = deepcopy(like) | {"name": name, "full_name": f"{owner}/{name}", "fork": True}
    other["owner"] = {**like["owner"], "login": owner}
    return other


def pull_request(repo: Repository, pull: Pull) -> Payload:
    """For `pull_request` and `pull_request_target` alike; a fork's when its head belongs to somebody else."""
    payload = _of(repo, example("pull_request"))
    payload["number"] = payload["pull_request"]["number"] = pull.number
    base = payload["pull_request"]["base"]
    base |= {"ref": pull.base_ref, "repo": deepcopy(payload["repository"])}
    head_repo = _repository(payload["repository"], pull.head_owner, repo.name)
    head_repo["fork"] = pull.head_owner != repo.owner
    payload["pull_request"]["head"] |= {
        "ref": pull.head_ref,
        "sha": pull.head_sha,
        "label": f"{pull.head_owner}:{pull.head_ref}",
        "user": {**payload["sender"], "login": pull.head_owner},
        "repo": head_repo if pull.head_repo else None,
    }
    return payload


def push(repo: Repository, branch: str, sha: str) -> Payload:
    payload = _of(repo, example("push"))
    return payload | {"ref": f"refs/heads/{branch}", "after": sha}


def merge_group(repo: Repository, pull: Pull, sha: str) -> Payload:
    payload = _of(repo, example("merge_group"))
    ref = f"refs/heads/gh-readonly-queue/{pull.base_ref}/pr-{pull.number}-{'9' * 40}"
    payload["merge_group"] |= {"head_sha": sha, "head_ref": ref, "base_ref": f"refs/heads/{pull.base_ref}"}
    return payload


def workflow_run(repo: Repository, pull: Pull, *, event: str = "pull_request", sha: str = "") -> Payload:
    """Its list of pull requests is empty, as it is for forks."""
    payload = _of(repo, example("workflow_run"))
    run = payload["workflow_run"]
    run["repository"] = deepcopy(payload["repository"])
    run |= {
        "event": event,
        "conclusion": "failure",
        "status": "completed",
        "head_sha": sha or pull.head_sha,
        "head_branch": pull.head_ref,
        "head_repository": _repository(payload["repository"], pull.head_owner, repo.name),
        "pull_requests": [],
    }
    return payload


def workflow_dispatch(repo: Repository, branch: str) -> Payload:
    return _of(repo, example("workflow_dispatch")) | {"ref": f"refs/heads/{branch}"}


def issue_comment(repo: Repository, pull: Pull) -> Payload:
    payload = _of(repo, example("issue_comment"))
    link = f"https://github.com/{repo.full_name}/pull/{pull.number}"
    payload["issue"] |= {"number": pull.number, "pull_request": {"html_url": link}}
    return payload


def environ(
    github: FakeGitHub,
    repo: Repository,
    name: str,
    payload: Payload,
    folder: Path,
    *,
    token: str,
    sha: str = "e" * 40,
    ref: str = "refs/heads/main",
    run: int = 1001,
    actor: str = "octocat",
) -> dict[str, str]:
    """As on a runner; files lie in `folder`. `sha` and `ref` are what GITHUB_SHA and GITHUB_REF say of such an event."""
    event = folder / "event.json"
    event.write_text(json.dumps(payload), encoding="utf-8")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": actor,
        "GITHUB_API_URL": github.api,
        "GITHUB_SERVER_URL": github.server,
        "GITHUB_REPOSITORY": repo.full_name,
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_SHA": sha,
        "GITHUB_REF": ref,
        "GITHUB_RUN_ID": str(run),
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "GITHUB_OUTPUT": str(folder / "output"),
        **({"GITHUB_TOKEN": token} if token else {}),
    }
