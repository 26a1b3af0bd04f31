"""What the fake's answers look like: GitHub's own examples, filled with what is true here."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fake_github.description import Call, Description
from fake_github.objects import Entry
from fake_github.world import Answer, Artifact, Comment, Issue, Pull, Repository

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Renderer:
    description: Description
    api: str  # "http://127.0.0.1:1234"
    server: str
    store: str  # another host, for downloads
    accept: str
    path: str
    knows_forks: bool = True

    def example(self, operation: str) -> Json:
        example: Json = json.loads(json.dumps(self.description.example(operation)))
        return example

    def url(self, repo: Repository, path: str) -> str:
        return f"{self.api}/repos/{repo.full_name}/{path}"

    def page(self, call: Call, found: list[Any]) -> Answer:
        """One page of a list, with the Link header that GitHub sends."""
        size, number = call.query.get("per_page", 30), call.query.get("page", 1)
        shown = found[(number - 1) * size : number * size]
        last = max(1, -(-len(found) // size))
        links = {"next": number + 1, "last": last} if number < last else {}
        links |= {"prev": number - 1, "first": 1} if number > 1 else {}
        header = ", ".join(
            f'<{self.api}{self.path}?{urlencode({**call.query, "page": page})}>; rel="{name}"'
            for name, page in links.items()
        )
        return Answer(200, shown, {"Link": header} if header else {})

    def repository(self, repo: Repository) -> Json:
        names = {"name": repo.name, "full_name": repo.full_name, "default_branch": repo.default_branch}
        example: Json = {"language": "Python"} | {
            k: v for k, v in self.example("repos/get").items() if k not in ("source", "parent", "template_repository")
        }
        seen = {"private": repo.private, "visibility": "private" if repo.private else "public"}
        return example | names | seen | {"owner": self.user(repo.owner), "html_url": f"{self.server}/{repo.full_name}"}

    def user(self, login: str) -> Json:
        example = self.description.example("issues/create-comment")["user"]
        return {**example, "login": login, "type": "Bot" if login.endswith("[bot]") else "User"}

    def comment(self, repo: Repository, comment: Comment) -> Json:
        return self.example("issues/create-comment") | {
            "id": comment.id,
            "body": comment.body,
            "user": self.user(comment.author),
            "url": self.url(repo, f"issues/comments/{comment.id}"),
            "html_url": f"{self.server}/{repo.full_name}/pull/{comment.issue}#issuecomment-{comment.id}",
        }

    def issue(self, repo: Repository, issue: Issue) -> Json:
        filled = {
            "id": issue.number,
            "number": issue.number,
            "title": issue.title,
            "body": issue.body,
            "state": issue.state,
            "user": self.user(issue.author),
            "labels": list(map(self.label, issue.labels)),
            "html_url": f"{self.server}/{repo.full_name}/issues/{issue.number}",
        }
        example = self.example("issues/create")
        if issue.number not in repo.pulls:
            example.pop("pull_request", None)
        return example | filled

    def label(self, name: str) -> Json:
        return {**self.description.example("issues/list-labels-on-issue")[0], "name": name}

    def pull(self, repo: Repository, pull: Pull, *, simple: bool = False) -> Json:
        example = self.example("pulls/list")[0] if simple else self.example("pulls/get")
        fork = pull.head_owner != repo.owner
        head_repo = example["head"]["repo"] | {
            "full_name": f"{pull.head_owner}/{repo.name}",
            "name": repo.name,
            "owner": self.user(pull.head_owner),
            "fork": fork,
            "private": repo.private,
        }
        head = {
            "label": f"{pull.head_owner}:{pull.head_ref}",
            "ref": pull.head_ref,
            "sha": pull.head_sha,
            "user": self.user(pull.head_owner),
            "repo": head_repo if pull.head_repo else None,
        }
        base_repo = example["base"]["repo"] | {"full_name": repo.full_name, "default_branch": repo.default_branch}
        base = {"label": f"{repo.owner}:{pull.base_ref}", "ref": pull.base_ref, "repo": base_repo}
        return example | {
            "number": pull.number,
            "state": pull.state,
            "merged_at": pull.merged_at,
            "title": repo.issues[pull.number].title,
            "requested_teams": [],  # GitHub's example has one that is not as described
            "head": example["head"] | head,
            "base": example["base"] | base,
            "html_url": f"{self.server}/{repo.full_name}/pull/{pull.number}",
            "labels": [{**example["labels"][0], "name": name} for name in repo.issues[pull.number].labels],
        }

    def labeled(self, label: str, by: str, at: str) -> Json:
        example = self.example("issues/list-events")[0]
        example.pop("issue", None)
        said = {"event": "labeled", "actor": self.user(by), "created_at": at}
        return example | said | {"label": {"name": label, "color": "ededed"}}

    def pull_commit(self, sha: str, message: str) -> Json:
        example = self.example("pulls/list-commits")[0]
        return example | {"sha": sha, "commit": example["commit"] | {"message": message}}

    def check(self, repo: Repository, check: Json) -> Json:
        example = self.example("checks/create")
        output = {key: check.get("output", {}).get(key) for key in ("title", "summary", "text")}
        counted = {"annotations_count": len(check["annotations"])}
        kept = {k: check[k] for k in ("id", "name", "head_sha", "status", "conclusion", "external_id") if k in check}
        html = {"html_url": f"{self.server}/{repo.full_name}/runs/{check['id']}"}
        return example | kept | html | {"output": example["output"] | output | counted}

    def status(self, repo: Repository, status: Json) -> Json:
        kept = {key: status[key] for key in ("id", "state", "description", "context", "target_url") if key in status}
        return self.example("repos/create-commit-status") | kept | {"creator": self.user(status["creator"])}

    def run(self, repo: Repository, run_id: int) -> Json:
        return self.example("actions/get-workflow-run") | repo.runs[run_id] | {"id": run_id, "pull_requests": []}

    def artifact(self, repo: Repository, artifact: Artifact) -> Json:
        example = self.example("actions/get-artifact")
        of_run = {"id": artifact.run_id, "head_sha": repo.runs[artifact.run_id]["head_sha"]}
        return example | {
            "id": artifact.id,
            "name": artifact.name,
            "size_in_bytes": len(artifact.content),
            "expired": artifact.expired,
            "archive_download_url": self.url(repo, f"actions/artifacts/{artifact.id}/zip"),
            "workflow_run": example["workflow_run"] | of_run,
        }

    def content(self, repo: Repository, path: str, entry: Entry, content: bytes | None = None) -> Json:
        example = self.example("repos/get-content")
        example = example if isinstance(example, dict) else example[0]
        size = len(repo.objects.blobs.get(entry.sha, b""))
        kind = "dir" if entry.kind == "tree" else "file"
        kept = {"name": path.rsplit("/", 1)[-1], "path": path, "sha": entry.sha, "size": size, "type": kind}
        if content is None:
            return {k: v for k, v in example.items() if k not in ("content", "encoding")} | kept
        return example | kept | {"content": base64.encodebytes(content).decode(), "encoding": "base64"}

    def tree(self, repo: Repository, sha: str, *, recursive: bool) -> Json:
        entries = [
            {
                "path": path,
                "mode": entry.mode,
                "type": entry.kind,
                "sha": entry.sha,
                "url": self.url(repo, f"git/{entry.kind}s/{entry.sha}"),
                **({"size": len(repo.objects.blobs[entry.sha])} if entry.sha in repo.objects.blobs else {}),
            }
            for path, entry in repo.objects.walk(sha, recursive=recursive)
        ]
        return {"sha": sha, "url": self.url(repo, f"git/trees/{sha}"), "tree": entries, "truncated": False}

    def commit(self, repo: Repository, sha: str) -> Json:
        commit = repo.objects.commits[sha]
        parents = [
            {
                "sha": p,
                "url": self.url(repo, f"git/commits/{p}"),
                "html_url": f"{self.server}/{repo.full_name}/commit/{p}",
            }
            for p in commit.parents
        ]
        return self.example("git/get-commit") | {
            "sha": sha,
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": self.url(repo, f"git/trees/{commit.tree}")},
            "parents": parents,
            "author": commit.author,
            "committer": commit.author,
        }
