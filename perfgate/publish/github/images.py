"""Addresses of files on a branch that a comment can show, in private repositories too.

GitHub documents `blob/REF/PATH?raw=true` for images in comments: whoever may read the repository sees them. With a
commit for REF the file never changes, so no cache shows an old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit

from perfgate.publish.github.place import DOTCOM

# https://github.com/OWNER/NAME.git, git@github.com:OWNER/NAME, ssh://git@github.com:22/OWNER/NAME
_REMOTE = re.compile(
    r"(?:[a-z+]+://)?(?:[^@/]*@)?(?P<host>[^/:@]+)(?::[0-9]+)?[:/](?P<repository>[\w.-]+/[\w.-]+?)(?:\.git)?/?",
    re.ASCII,
)


def root(environ: Mapping[str, str], remotes: Iterable[str], commit: str) -> str:
    """What the path of a file at that commit is put behind; "" if none of the remotes is a repository of our GitHub."""
    server = (environ.get("GITHUB_SERVER_URL") or DOTCOM).rstrip("/")
    for remote in remotes:
        match = _REMOTE.fullmatch(remote)
        if match and match["host"] == urlsplit(server).hostname:
            return f"{server}/{match['repository']}/blob/{commit}/"
    return ""


def address(root: str, path: str) -> str:
    return f"{root}{quote(path)}?raw=true"
