"""A bare repository in a temporary folder that borrows remotes and credentials from the user's repository.

What happens in it leaves the user's work tree, index, configuration, refs and even the depth of the clone as they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from perfgate.git import command as git
from perfgate.git.access import access
from perfgate.git.command import GitError

# What it needs of the user's own configuration: where the remote is and how to get in.
_BORROWED = re.compile(
    r"(http|credential|url|ssh|protocol)\..*|core\.(sshcommand|gitproxy|askpass)"
    r"|remote\..*\.(url|pushurl|proxy|proxyauthmethod|uploadpack|receivepack)",
    re.IGNORECASE | re.DOTALL,
)

OLDEST_GIT = "2.31"


class PrivateRepository:
    """Is made when it is first used, and again after `close`."""

    def __init__(self, *, remote: str, folder: Path, environ: Mapping[str, str]) -> None:
        """`remote`: a name or a URL; "" is origin, or where there is none the repository that `folder` is in."""
        self._requested = remote
        self._user = folder
        self._environ = environ

    @property
    def remote(self) -> str:
        """The remote for git commands of this repository. Raises GitError."""
        return self._made[0]

    def git(self, *arguments: str, text: bytes = b"") -> bytes:
        """Raises GitError."""
        _, folder, environ = self._made
        return git.run("-c", "core.hooksPath=/dev/null", *arguments, folder=folder, environ=environ, text=text)

    def addresses(self) -> tuple[str, ...]:
        """The remote's URL as git uses it, and as it is written down (`url.*.insteadOf` makes them differ).

        None when the remote is the user's own repository. Raises GitError.
        """
        remote = self.remote
        if "/" in remote or ":" in remote:
            return (remote,)
        return self._output("remote", "get-url", remote), self._output("config", "--get", f"remote.{remote}.url")

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
        login = access(self._requested, folder=self._user, environ=own)
        remote = login.remote
        folder, names, borrowed = self._user, "sha1", list[tuple[str, str]]()
        try:
            common = self._output("rev-parse", "--path-format=absolute", "--git-common-dir")
        except GitError as error:
            is_url = ":" in remote or "/" in remote
            if not is_url or "not a git repository" not in str(error):
                raise
        else:
            if common.startswith("--"):  # an older git repeats what it does not know
                raise GitError(f"git {OLDEST_GIT} or newer is needed; here is {self._output('version')}")
            remote = remote or ("origin" if "origin" in self._output("remote").splitlines() else common)
            bare = self._output("rev-parse", "--is-bare-repository") == "true"
            folder = Path(common if bare else self._output("rev-parse", "--show-toplevel"))
            names = self._output("rev-parse", "--show-object-format")
            borrowed = _settings(self._user, own)
        home = self._home.name
        git.run(
            "init", "--quiet", "--bare", "--template=", f"--object-format={names}", home, folder=folder, environ=own
        )
        here = own | {"GIT_DIR": home}
        missing = _without(borrowed, _settings(folder, here))
        return remote, folder, _configured(here, [*missing, *login.settings]) | login.variables

    def _output(self, *question: str) -> str:
        """The user's repository."""
        return git.run(*question, folder=self._user, environ=git.environment(self._environ)).decode().strip()


def _settings(folder: Path, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a git started in that folder knows of remotes and ways in, from whatever file, in its order."""
    words = git.run("config", "--null", "--list", folder=folder, environ=environ).decode().split("\0")
    settings = (setting.partition("\n") for setting in words if setting)
    return [(key, value) for key, _, value in settings if _BORROWED.fullmatch(key)]


def _without(settings: Sequence[tuple[str, str]], known: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The settings that are not known yet: a header given twice would be sent twice."""
    remaining = Counter(known)
    missing = []
    for setting in settings:
        if remaining[setting]:
            remaining[setting] -= 1
        else:
            missing.append(setting)
    return missing


def _configured(environ: Mapping[str, str], settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Settings in environment variables, not arguments: others on the machine can read those, and it may be a token."""
    first = int(environ.get("GIT_CONFIG_COUNT") or 0)
    context = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (key, value) in enumerate(settings, first):
        context |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return {**environ, **context}
