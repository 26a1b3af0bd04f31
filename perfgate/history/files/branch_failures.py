"""git's words about a branch: which kind of failure they tell, and the error that people get."""

from __future__ import annotations

import re

from perfgate.model.errors import HistoryError

KEPT = "Nothing is lost: the run folder has the run, and `perfgate history add RUN` adds it later."

_STALE = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|reference already exists|failed to update ref"
    r"|incorrect old value|failed to lock"
)
_DENIED = re.compile(
    r"GH0\d\d|protected branch|hook declined|checked out|deny|denied|forbidden|not allowed|prohibited|error: 40[13]"
    r"|authentication failed|could not read (username|password)|permission|read-only|read only|archived",
    re.IGNORECASE,
)
_IN_THE_WAY = re.compile(r"exists; cannot create|directory.file conflict")  # `data/old` where `data` is wanted
_NETWORK = re.compile(
    r"could not resolve|unable to access|couldn't connect|timed out|timeout|connection|hung up|disconnect|early eof"
    r"|rpc failed|error: 5\d\d",
    re.IGNORECASE,
)
_OWNED = re.compile(r"--add safe\.directory (\S.*)")  # what git proposes
_NAMES = re.compile(r"^To .*$|'[^']*'|\S*[/:@]\S*[/:]\S*", re.MULTILINE)  # of repositories: they may be any words


def without_names(text: str, branch: str) -> str:
    """git's words without names, for the predicates: a repository may be called "permission-denied"."""
    return _NAMES.sub("", text).replace(branch, "")


def is_denied(words: str) -> bool:
    return bool(_DENIED.search(words) or _IN_THE_WAY.search(words))


def is_stale(words: str) -> bool:
    """Whether others were quicker: what was to be pushed is decided anew."""
    return bool(_STALE.search(words))


def is_network_failure(words: str) -> bool:
    return bool(_NETWORK.search(words))


def unreadable(text: str, place: str, branch: str) -> HistoryError:
    """The error of a branch that git could not reach, by what it said."""
    if "not a git repository" in text:
        hint = f"Run perfgate in a checkout, or say whose branch it is: git:{branch}@https://HOST/OWNER/REPO"
    elif "dubious ownership" in text:
        folder = match[1] if (match := _OWNED.search(text)) else "PATH"
        hint = f"The checkout belongs to another user. To trust it: git config --global --add safe.directory {folder}"
    elif "check-ref-format" in text:
        hint = "Branches look like git:perfgate-data."
    elif "cannot be started" in text:
        hint = "A history on a branch needs git: install it, or read the branch with github:OWNER/REPO@BRANCH."
    else:
        hint = "Check the network, the remote (`git remote -v`) and that the job may read it (`contents: read`)."
    return HistoryError(f"{place} cannot be reached: {_telling_lines(text)}", hint=hint, code="PG-H002")


def refused(text: str, place: str) -> HistoryError:
    """The error of a branch whose server took no push, by what git said."""
    if "checked out" in text:
        hint = "Somebody works on that branch: check out another one. It is for perfgate alone."
    elif _IN_THE_WAY.search(text):
        hint = "git cannot have a branch A beside a branch A/B. Choose another name: git:OTHER-NAME"
    elif "verified signatures" in text:
        hint = (
            "perfgate's commits are not signed. Leave this branch out of the rule about signed commits, or keep "
            "the history elsewhere: s3:, postgresql: or folder:."
        )
    elif re.search(r"GH0\d\d|protected branch|hook declined|rule", text, re.IGNORECASE):
        hint = (
            "A rule protects the branch. Leave it out of the rule (GitHub: Settings > Rules > Rulesets), let this "
            "job's account bypass the rule, or choose a name that no rule is about: git:OTHER-NAME"
        )
    else:
        hint = (
            "The job may not write. GitHub: give it `permissions: {contents: write}`. Pull requests from forks "
            "never may: use `--no-save` there."
        )
    return HistoryError(
        f"{place} refuses to be written: {_telling_lines(text)}", hint=f"{hint}\n{KEPT}", code="PG-H003"
    )


def _telling_lines(text: str) -> str:
    """The lines of git's answer that say why."""
    lines = [line.strip() for line in text.splitlines()]
    telling = [line for line in lines if re.match(r"(remote:|fatal:|error:|!|ERROR)", line) and line != "remote:"]
    return "\n".join((telling or lines or ["git said nothing"])[:8])
