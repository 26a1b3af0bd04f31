"""The workflow files of GitHub and GitLab, as the documentation has them."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import PurePosixPath

from perfgate.model.errors import UsageError

USUAL_FILE = "budgets.yaml"
USUAL_BRANCH = "main"
GITLAB, GITLAB_APART = PurePosixPath(".gitlab-ci.yml"), PurePosixPath(".gitlab/perfgate.yml")
GITHUB = PurePosixPath(".github/workflows/performance.yml")
KINDS = ("github", "gitlab")


def workflow(
    kind: str, *, has_gitlab_file: bool, budget: str = USUAL_FILE, branch: str = ""
) -> tuple[PurePosixPath, str, str]:
    """Path, text, and what is still to do by hand. Raises UsageError for another CI service.

    A `.gitlab-ci.yml` that is there is left alone: the job gets a file of its own, to be included. `branch` is where
    GitHub remembers runs; GitLab knows it itself.
    """
    if kind not in KINDS:
        raise UsageError(
            f"--ci {kind}: perfgate writes the file of {' or '.join(KINDS)}",
            hint="see docs/gitlab.md for others",
            code="PG-U002",
        )
    text = (files("perfgate.init.project") / "templates" / f"{kind}.yml").read_text(encoding="utf-8")
    if kind == "github":
        if branch not in ("", USUAL_BRANCH):
            text = text.replace("pushes to main", f"pushes to {branch}")
            text = text.replace(f"branches: [{USUAL_BRANCH}]", f"branches: [{json.dumps(branch)}]")
        step = "      - uses: OWNER/perfgate@v1\n"
        if budget != USUAL_FILE:
            text = text.replace(f"{step}        with:\n", f"{step}        with:\n          budget: {budget}\n")
            text = text.removesuffix(step) + f"{step}        with:\n          budget: {budget}\n"
        return GITHUB, text, "In it, replace OWNER by where you have perfgate from."
    text = text.replace(f"--budget {USUAL_FILE}", f"--budget {budget}")
    hint = "In it, replace OWNER by where you have perfgate from. The variable PERFGATE_GITLAB_TOKEN lets it comment."
    if has_gitlab_file:
        return GITLAB_APART, text, f"{hint} Include it in .gitlab-ci.yml: include: [{{local: {GITLAB_APART}}}]"
    return GITLAB, text, hint
