"""A token that is perfgate's alone: scenarios and the service under test run a pull request's code, and get none of it.

`PERFGATE_GITHUB_TOKEN` serves for the history (on a branch, or through GitHub's API) and for publishing. What keeps it
out of sight is `ci/concealment.py`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

from perfgate.ci import concealment
from perfgate.git import command as git

TOKEN = "PERFGATE_GITHUB_TOKEN"  # noqa: S105 - the name of a variable
GITHUB = "https://github.com"


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for everybody else."""
    return concealment.shown(environ)


def git_auth_environment(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What the token adds to the environment of perfgate's own errands: GITHUB_TOKEN, and git's way in.

    git gets none when the checkout has credentials of its own (`persist-credentials`): GitHub refuses two at once.
    """
    token = environ.get(TOKEN, "").strip()  # secrets are pasted, with the end of the line
    if not token:
        return {}
    key = f"http.{(environ.get('GITHUB_SERVER_URL') or GITHUB).rstrip('/')}/.extraheader"
    if _has(key, environ, folder):
        return {"GITHUB_TOKEN": token}
    basic = b64encode(f"x-access-token:{token}".encode()).decode()
    count = int(environ.get("GIT_CONFIG_COUNT") or 0)
    return {
        "GITHUB_TOKEN": token,
        "GIT_CONFIG_COUNT": str(count + 1),
        f"GIT_CONFIG_KEY_{count}": key,
        f"GIT_CONFIG_VALUE_{count}": f"AUTHORIZATION: basic {basic}",
    }


def _has(key: str, environ: Mapping[str, str], folder: Path) -> bool:
    try:
        return bool(git.run("config", "--get-all", key, folder=folder, environ=git.environment(environ)).strip())
    except git.GitError:
        return False
