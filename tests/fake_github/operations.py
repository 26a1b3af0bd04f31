"""What the fake does for each operation about pull requests, issues, comments, checks, statuses and artifacts."""

from __future__ import annotations

from typing import Any

from fake_github.description import Call
from fake_github.render import Renderer
from fake_github.world import NOT_FOUND, Account, Answer, Issue, Pull, Repository, refusal

LONGEST_COMMENT = 65_536


def user(account: Account, render: Renderer) -> Answer:
    if account.is_app:
        return refusal(403, "Resource not accessible by integration")
    return Answer(200, render.example("users/get-authenticated") | {"login": account.login, "type": "User"})


def repository(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    return Answer(200, render.repository(repo))


# ---------------------------------------------------------------------------------------------- comments


def list_comments(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    number = call.path["issue_number"]
    if number not in repo.issues:
        return NOT_FOUND
    shown = []
    for comment in repo.comments_of(number):
        if comment.hidden_from:
            comment.hidden_from -= 1
        else:
            shown.append(render.comment(repo, comment))
    return render.page(call, shown)


def create_comment(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    issue = repo.issues.get(call.path["issue_number"])
    if issue is None:
        return NOT_FOUND
    if issue.locked and account.is_app:
        return refusal(403, "Unable to create comment because issue is locked.")
    if problem := _too_long(call):
        return problem
    comment = repo.add_comment(issue.number, call.body["body"], account.login)
    return Answer(201, render.comment(repo, comment))


def update_comment(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    comment = repo.comments.get(call.path["comment_id"])
    if comment is None:
        return NOT_FOUND
    if problem := _too_long(call):
        return problem
    comment.body, comment.edits = call.body["body"], comment.edits + 1
    return Answer(200, render.comment(repo, comment))


def delete_comment(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    return Answer(204) if repo.comments.pop(call.path["comment_id"], None) else NOT_FOUND


def _too_long(call: Call) -> Answer | None:
    if len(call.body["body"]) <= LONGEST_COMMENT:
        return None
    problem = f"Body is too long (maximum is {LONGEST_COMMENT} characters)"
    answer = refusal(422, "Validation Failed")
    answer.body["errors"] = [{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": problem}]
    return answer


# ---------------------------------------------------------------------------------------------- issues, labels


def list_issues(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    wanted = call.query.get("state", "open")
    labels = set(filter(None, call.query.get("labels", "").split(",")))
    creator = call.query.get("creator", "")
    found = [
        render.issue(repo, issue)
        for number, issue in sorted(repo.issues.items(), reverse=True)
        if wanted in (issue.state, "all") and labels <= set(issue.labels) and creator in ("", issue.author)
    ]
    return render.page(call, found)


def create_issue(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    issue = Issue(
        number=next(repo.numbers),
        title=call.body["title"],
        author=account.login,
        body=call.body.get("body", ""),
        labels=[label if isinstance(label, str) else label["name"] for label in call.body.get("labels", [])],
    )
    repo.issues[issue.number] = issue
    return Answer(201, render.issue(repo, issue))


def update_issue(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    issue = repo.issues.get(call.path["issue_number"])
    if issue is None:
        return NOT_FOUND
    for key in ("title", "body", "state", "labels"):
        if key in call.body:
            setattr(issue, key, call.body[key])
    return Answer(200, render.issue(repo, issue))


def list_labels(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    issue = repo.issues.get(call.path["issue_number"])
    return render.page(call, list(map(render.label, issue.labels))) if issue else NOT_FOUND


def add_labels(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    issue = repo.issues.get(call.path["issue_number"])
    if issue is None:
        return NOT_FOUND
    issue.labels += [label for label in call.body["labels"] if label not in issue.labels]
    return Answer(200, list(map(render.label, issue.labels)))


def remove_label(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    issue = repo.issues.get(call.path["issue_number"])
    if issue is None or call.path["name"] not in issue.labels:
        return refusal(404, "Label does not exist")
    issue.labels.remove(call.path["name"])
    return Answer(200, list(map(render.label, issue.labels)))


def list_events(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    issue = repo.issues.get(call.path["issue_number"])
    return render.page(call, [render.labeled(*event) for event in issue.events]) if issue else NOT_FOUND


# ---------------------------------------------------------------------------------------------- pull requests


def pull(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    found = repo.pulls.get(call.path["pull_number"])
    return Answer(200, render.pull(repo, found)) if found else NOT_FOUND


def list_pulls(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    def wanted(one: Pull) -> bool:
        return (
            call.query.get("state", "open") in (one.state, "all")
            and call.query.get("head", "") in ("", f"{one.head_owner}:{one.head_ref}")
            and call.query.get("base", "") in ("", one.base_ref)
        )

    found = [render.pull(repo, one, simple=True) for _, one in sorted(repo.pulls.items(), reverse=True) if wanted(one)]
    return render.page(call, found)


def list_pull_commits(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    found = repo.pulls.get(call.path["pull_number"])
    return render.page(call, [render.pull_commit(*one) for one in found.commits]) if found else NOT_FOUND


def pulls_of_commit(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    """Open and merged ones. Commits of forks are not always associated: `knows_forks` is a switch."""
    sha = call.path["commit_sha"]
    found = [
        render.pull(repo, one, simple=True)
        for one in repo.pulls.values()
        if sha in (one.head_sha, one.merge_commit_sha) and (render.knows_forks or one.head_owner == repo.owner)
    ]
    return render.page(call, found)


# ---------------------------------------------------------------------------------------------- checks, statuses


def create_check(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    if not account.is_app:
        return refusal(403, "You must authenticate via a GitHub App.")
    check = {"id": next(repo.ids), "annotations": [], **call.body}
    _take_annotations(check, call.body)
    repo.checks.append(check)
    return Answer(201, render.check(repo, check))


def update_check(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    check = next((one for one in repo.checks if one["id"] == call.path["check_run_id"]), None)
    if check is None:
        return NOT_FOUND
    check.update(call.body)
    _take_annotations(check, call.body)
    return Answer(200, render.check(repo, check))


def _take_annotations(check: dict[str, Any], body: dict[str, Any]) -> None:
    check["annotations"] += body.get("output", {}).get("annotations", [])


def list_checks(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    name = call.query.get("check_name", "")
    found = [c for c in repo.checks if c["head_sha"] == call.path["ref"] and name in ("", c["name"])]
    if call.query.get("filter", "latest") == "latest":
        found = list({c["name"]: c for c in found}.values())
    return Answer(200, {"total_count": len(found), "check_runs": [render.check(repo, check) for check in found]})


def create_status(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    if len(call.body.get("description") or "") > 140:
        return refusal(422, "Validation Failed")
    status = {"id": next(repo.ids), "sha": call.path["sha"], "creator": account.login, **call.body}
    repo.statuses.append(status)
    return Answer(201, render.status(repo, status))


def list_statuses(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    found = [render.status(repo, one) for one in reversed(repo.statuses) if one["sha"] == call.path["ref"]]
    return render.page(call, found)


# ---------------------------------------------------------------------------------------------- workflow runs


def workflow_run(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    run_id = call.path["run_id"]
    return Answer(200, render.run(repo, run_id)) if run_id in repo.runs else NOT_FOUND


def list_artifacts(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    name = call.query.get("name", "")
    found = [
        render.artifact(repo, one)
        for one in repo.artifacts.values()
        if one.run_id == call.path["run_id"] and name in ("", one.name)
    ]
    page = render.page(call, found)
    return Answer(200, {"total_count": len(found), "artifacts": page.body}, page.headers)


def artifact(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    found = repo.artifacts.get(call.path["artifact_id"])
    return Answer(200, render.artifact(repo, found)) if found else NOT_FOUND


def download_artifact(repo: Repository, call: Call, account: Account, render: Renderer) -> Answer:
    """A redirect to a store that knows no tokens: sending one there would give it away."""
    found = repo.artifacts.get(call.path["artifact_id"])
    if found is None:
        return NOT_FOUND
    if found.expired:
        return refusal(410, "Artifact has expired")
    return Answer(302, headers={"Location": f"{render.store}/artifacts/{repo.full_name}/{found.id}"})


HANDLERS = {
    "repos/get": repository,
    "issues/list-comments": list_comments,
    "issues/create-comment": create_comment,
    "issues/update-comment": update_comment,
    "issues/delete-comment": delete_comment,
    "issues/list-for-repo": list_issues,
    "issues/create": create_issue,
    "issues/update": update_issue,
    "issues/list-events": list_events,
    "issues/list-labels-on-issue": list_labels,
    "issues/add-labels": add_labels,
    "issues/remove-label": remove_label,
    "pulls/get": pull,
    "pulls/list": list_pulls,
    "pulls/list-commits": list_pull_commits,
    "repos/list-pull-requests-associated-with-commit": pulls_of_commit,
    "checks/create": create_check,
    "checks/update": update_check,
    "checks/list-for-ref": list_checks,
    "repos/create-commit-status": create_status,
    "repos/list-commit-statuses-for-ref": list_statuses,
    "actions/get-workflow-run": workflow_run,
    "actions/list-workflow-run-artifacts": list_artifacts,
    "actions/get-artifact": artifact,
    "actions/download-artifact": download_artifact,
}
NEEDED = {  # permission to write, any of them
    "issues/create-comment": {"issues", "pull-requests"},
    "issues/update-comment": {"issues", "pull-requests"},
    "issues/delete-comment": {"issues", "pull-requests"},
    "issues/create": {"issues"},
    "issues/update": {"issues"},
    "issues/add-labels": {"issues", "pull-requests"},
    "issues/remove-label": {"issues", "pull-requests"},
    "checks/create": {"checks"},
    "checks/update": {"checks"},
    "repos/create-commit-status": {"statuses"},
    "git/create-blob": {"contents"},
    "git/create-tree": {"contents"},
    "git/create-commit": {"contents"},
    "git/create-ref": {"contents"},
    "git/update-ref": {"contents"},
}
