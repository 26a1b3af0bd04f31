"""How git gets in where the URL of a remote has a user, a password or a token in it.

git hands a remote's URL on as an argument, which others on the machine can read: so it gets the URL without them, and
a credential helper that reads them from environment variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from perfgate.git import command as git
from perfgate.git.command import GitError

_WITH_USER = re.compile(  # up to the last @: a password may have one
    r"(?P<scheme>https?)://(?P<userinfo>[^/]+)@(?P<host>[^/@]+)(?P<path>.*)", re.IGNORECASE | re.DOTALL
)
_HELPER = '!f() { printf "username=%s\\npassword=%s\\n" "$PERFGATE_GIT_USER" "$PERFGATE_GIT_PASSWORD"; }; f'
# What GIT_ASKPASS says, or nothing. git itself would name the user in the question, which is an argument too.
_ASKPASS = (
    '!f() { printf "password=%s\\n" "$(test -z "$PERFGATE_GIT_ASKPASS" || "$PERFGATE_GIT_ASKPASS" "Password: ")"; }; f'
)


@dataclass(frozen=True)
class Access:
    """A remote without what is secret, and what lets git in, as configuration and as environment variables."""

    remote: str
    settings: tuple[tuple[str, str], ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


def access(remote: str, *, folder: Path, environ: Mapping[str, str]) -> Access:
    """Takes user and password out of a remote, a name or a URL. A user without a password may be a token, or somebody
    whose password is known to the credential helpers that git has in `folder`, or to GIT_ASKPASS; else it is empty."""
    match = _WITH_USER.fullmatch(remote)
    if match is None:
        return Access(remote)
    user, colon, password = (unquote(part) for part in match["userinfo"].partition(":"))
    if not colon:
        user, password = _known(user, match, folder, environ)
    base = f"{match['scheme']}://{match['host']}"
    key = f"credential.{base}.helper"
    variables = {"PERFGATE_GIT_USER": user, "PERFGATE_GIT_PASSWORD": password}
    return Access(f"{base}{match['path']}", ((key, ""), (key, _HELPER)), variables)


def _known(user: str, match: re.Match[str], folder: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """User and password as git knows them. It is asked apart, and its helpers are not there when it gets in: it would
    hand them a token to store."""
    question = (
        f"protocol={match['scheme']}",
        f"host={match['host']}",
        f"path={match['path'].removeprefix('/')}",
        f"username={user}",
    )
    if not all(map(str.isprintable, question)):  # a line more could ask about another host
        return user, ""
    variables = {"GIT_ASKPASS": "", "GCM_INTERACTIVE": "never", "PERFGATE_GIT_ASKPASS": environ.get("GIT_ASKPASS", "")}
    options = ("-c", "credential.interactive=false", "-c", f"credential.helper={_ASKPASS}")
    text = "".join(f"{line}\n" for line in (*question, ""))
    try:
        answer = git.run(
            *options, "credential", "fill", folder=folder, environ={**environ, **variables}, text=text.encode()
        )
    except GitError:
        return user, ""
    known = dict(line.partition("=")[::2] for line in answer.decode(errors="replace").splitlines())
    return known.get("username", user), known.get("password", "")
