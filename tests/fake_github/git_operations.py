"""What the fake does for each operation about contents and git's objects."""

from __future__ import annotations

import base64
from typing import Any

from fake_github.description import Call
from fake_github.objects import Rejected
from fake_github.render import Renderer
from fake_github.world import NOT_FOUND, Account, Answer, Repository, refusal

SIGNATURE = {"name": "GitHub", "email": "noreply@github.com", "date": "2026-01-05T09:00:00Z"}


def get_content(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    commit = repo.objects.resolve(call.query.get("ref", repo.default_branch))
    if commit is None:
        return refusal(404, f"No commit found for the ref {call.query.get('ref')}")
    path = call.path["path"].strip("/")
    entry = repo.objects.find(commit, path)
    if entry is None:
        return NOT_FOUND
    if entry.kind == "tree":
        inside = repo.objects.trees[entry.sha]
        return Answer(200, [render.content(repo, f"{path}/{n}".strip("/"), e) for n, e in sorted(inside.items())])
    content = repo.objects.blobs[entry.sha]
    if render.accept.startswith("application/vnd.github.raw"):
        return Answer(200, content, content_type=f"{render.accept}; charset=utf-8")
    return Answer(200, render.content(repo, path, entry, content))


def get_blob(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    content = repo.objects.blobs.get(call.path["file_sha"])
    if content is None:
        return NOT_FOUND
    if render.accept.startswith("application/vnd.github.raw"):
        return Answer(200, content, content_type=f"{render.accept}; charset=utf-8")
    encoded = base64.encodebytes(content).decode()
    filled = {"content": encoded, "sha": call.path["file_sha"], "size": len(content), "encoding": "base64"}
    return Answer(200, render.example("git/get-blob") | filled)


def create_blob(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    text = call.body["content"]
    content = base64.b64decode(text) if call.body.get("encoding") == "base64" else text.encode()
    return Answer(201, {"url": render.url(repo, "git/blobs"), "sha": repo.objects.blob(content)})


def get_tree(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    name = call.path["tree_sha"]
    commit = repo.objects.resolve(name)
    sha = repo.objects.commits[commit].tree if commit else name
    if sha not in repo.objects.trees:
        return NOT_FOUND
    return Answer(200, render.tree(repo, sha, recursive="recursive" in call.query))


def create_tree(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    base = call.body.get("base_tree", "")
    if base and base not in repo.objects.trees:
        base = repo.objects.commits[base].tree if base in repo.objects.commits else base
        if base not in repo.objects.trees:
            return refusal(422, "base_tree is not a valid tree oid")
    sha = repo.objects.tree(call.body["tree"], base)
    return Answer(201, render.tree(repo, sha, recursive=False))


def get_commit(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    sha = call.path["commit_sha"]
    return Answer(200, render.commit(repo, sha)) if sha in repo.objects.commits else NOT_FOUND


def create_commit(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    author: dict[str, str] = {**SIGNATURE, **call.body.get("author", {})}
    sha = repo.objects.commit(call.body["tree"], call.body.get("parents", []), call.body["message"], author)
    return Answer(201, render.commit(repo, sha))


def get_ref(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    name = f"refs/{call.path['ref']}"
    return Answer(200, _ref(repo, name, render)) if name in repo.objects.refs else NOT_FOUND


def create_ref(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    if not call.body["ref"].startswith("refs/") or call.body["ref"].count("/") < 2:
        return refusal(422, "Reference name must start with 'refs' and have at least two slashes")
    repo.objects.create_ref(call.body["ref"], call.body["sha"])
    return Answer(201, _ref(repo, call.body["ref"], render))


def update_ref(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    name = f"refs/{call.path['ref']}"
    repo.objects.update_ref(name, call.body["sha"], force=call.body.get("force", False))
    return Answer(200, _ref(repo, name, render))


def _ref(repo: Repository, name: str, render: Renderer) -> dict[str, Any]:
    sha = repo.objects.refs[name]
    url = render.url(repo, f"git/{name}")
    target = {"type": "commit", "sha": sha, "url": render.url(repo, f"git/commits/{sha}")}
    return {"ref": name, "node_id": "REF", "url": url, "object": target}


def compare(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    base, head = (repo.objects.resolve(call.path[side]) for side in ("base", "head"))
    if base is None or head is None:
        return NOT_FOUND
    of_base, of_head = repo.objects.ancestors(base), repo.objects.ancestors(head)
    merge_base = next((sha for sha in of_head if sha in of_base), None)
    if merge_base is None:
        return refusal(404, f"No common ancestor between {base} and {head}.")
    example = render.example("repos/compare-commits")
    sides = {"base_commit": base, "merge_base_commit": merge_base}
    return Answer(
        200,
        example
        | {key: example["merge_base_commit"] | {"sha": sha} for key, sha in sides.items()}
        | {"ahead_by": len(set(of_head) - set(of_base)), "behind_by": len(set(of_base) - set(of_head))},
    )


def refused(error: Rejected) -> Answer:
    return refusal(422, str(error))


HANDLERS = {
    "repos/get-content": get_content,
    "git/get-blob": get_blob,
    "git/create-blob": create_blob,
    "git/get-tree": get_tree,
    "git/create-tree": create_tree,
    "git/get-commit": get_commit,
    "git/create-commit": create_commit,
    "git/get-ref": get_ref,
    "git/create-ref": create_ref,
    "git/update-ref": update_ref,
    "repos/compare-commits": compare,
}
