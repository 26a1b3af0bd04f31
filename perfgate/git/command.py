"""Runs git for programs: no questions, no pager, no other language, and no passwords in what it says."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

GIT_TIMEOUT_S = 300.0  # seconds for one command: a push of a big import over a slow line takes its time

_OF_HOOKS = re.compile(r"GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|NAMESPACE|OBJECT_DIRECTORY)")
_TRACES = re.compile(r"GIT_(TRACE.*|CURL_VERBOSE)")  # they would mingle with answers
_USERINFO = re.compile(r"(?<=://)[^/\s']+@")  # up to the last @: a password may have one


class GitError(Exception):
    """git failed; the text is what it said, without passwords."""


def without_hook_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without what git sets while it runs a hook: it would lead every git in another checkout to this
    one."""
    return {name: value for name, value in environ.items() if not _OF_HOOKS.fullmatch(name)}


def environment(environ: Mapping[str, str], **more: str) -> dict[str, str]:
    """Makes git ask nothing, lock nothing that it need not, and answer in English."""
    own = {name: value for name, value in without_hook_variables(environ).items() if not _TRACES.fullmatch(name)}
    return own | {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"} | more


def run(*arguments: str, folder: Path, environ: Mapping[str, str], text: bytes = b"") -> bytes:
    """Runs git in the folder with that environment; `text` is its input. Returns what it prints. Raises GitError."""
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, env=dict(environ), input=text, capture_output=True, timeout=GIT_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {arguments[0]} took longer than {GIT_TIMEOUT_S:g} s") from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the environment
        raise GitError(f"git cannot be started: {error}") from error
    if done.returncode != 0:
        message = b"\n".join(part.strip() for part in (done.stderr, done.stdout) if part.strip())
        raise GitError(redacted(message.decode(errors="replace")) or f"git {arguments[0]}: exit code {done.returncode}")
    return done.stdout


def redacted(text: str) -> str:
    """Removes users and passwords in URLs, and control characters: it may be a server's text."""
    lines = ("".join(filter(str.isprintable, line.replace("\t", " "))) for line in text.splitlines())
    return _USERINFO.sub("", "\n".join(lines))
