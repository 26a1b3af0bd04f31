"""A bare repository in a temporary folder that borrows remotes and credentials from the user's repository.

What happens in it leaves the user's work tree, index, configuration, refs and even the depth of the clone as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from perfgate import git
from perfgate.git import GitError

# What it needs of the user's own configuration: where the remote is and how to get in.
_BORROWED = re.compile(
    r"(http|credential|url|ssh|protocol)\..*|core\.(sshcommand|gitproxy|askpass)"
    r"|remote\..*\.(url|pushurl|proxy|proxyauthmethod|uploadpack|receivepack)",
    re.IGNORECASE | re.DOTALL,
)
_SCOPES = ("local", "worktree")  # the others count for every repository anyway


class PrivateRepository:
    """Made when it is first used, and made again after `close`."""

    def __init__(self, *, remote: str, folder: Path, environ: Mapping[str, str]) -> None:
        """`remote`: a name or a URL; "" is origin, or where there is none the repository that `folder` is in."""
        self._asked = remote
        self._user = folder
        self._environ = environ

    @property
    def remote(self) -> str:
        """For git commands of this repository. Raises GitError."""
        return self._made[0]

    def git(self, *arguments: str, text: bytes = b"") -> bytes:
        """Raises GitError."""
        _, folder, environ = self._made
        return git.run("-c", "core.hooksPath=/dev/null", *arguments, folder=folder, environ=environ, text=text)

    def close(self) -> None:
        if "_home" in self.__dict__:
            self._home.cleanup()
            for name in ("_home", "_made"):
                self.__dict__.pop(name, None)

    @cached_property
    def _home(self) -> TemporaryDirectory[str]:
        return TemporaryDirectory(prefix="perfgate-branch-", ignore_cleanup_errors=True)

    @cached_property
    def _made(self) -> tuple[str, Path, dict[str, str]]:
        """The remote, the folder that its URL counts from if it is relative, and the environment for git."""
        own = git.environment(self._environ)
        remote, folder, names, borrowed = self._asked, self._user, "sha1", dict[str, str]()
        try:
            common = self._ask("rev-parse", "--path-format=absolute", "--git-common-dir")
        except GitError as error:
            is_url = ":" in remote or "/" in remote
            if not is_url or "not a git repository" not in str(error):
                raise
        else:
            remote = remote or ("origin" if "origin" in self._ask("remote").splitlines() else common)
            bare = self._ask("rev-parse", "--is-bare-repository") == "true"
            folder = Path(common if bare else self._ask("rev-parse", "--show-toplevel"))
            names = self._ask("rev-parse", "--show-object-format")
            borrowed = self._borrowed()
        home = self._home.name
        git.run(
            "init", "--quiet", "--bare", "--template=", f"--object-format={names}", home, folder=folder, environ=own
        )
        return remote, folder, own | borrowed | {"GIT_DIR": home}

    def _ask(self, *question: str) -> str:
        """The user's repository."""
        return git.run(*question, folder=self._user, environ=git.environment(self._environ)).decode().strip()

    def _borrowed(self) -> dict[str, str]:
        """As environment variables, not arguments: others on the machine can read those, and it may be a token."""
        words = self._ask("config", "--null", "--show-scope", "--list").split("\0")
        count = int(self._environ.get("GIT_CONFIG_COUNT") or 0)
        borrowed: dict[str, str] = {}
        for scope, setting in zip(words[::2], words[1::2], strict=False):
            key, _, value = setting.partition("\n")
            if scope in _SCOPES and _BORROWED.fullmatch(key):
                borrowed |= {f"GIT_CONFIG_KEY_{count}": key, f"GIT_CONFIG_VALUE_{count}": value}
                count += 1
        return borrowed | {"GIT_CONFIG_COUNT": str(count)}
