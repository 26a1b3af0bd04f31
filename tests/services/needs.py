"""What some tests need of the machine: `@pytest.mark.needs("chromium")`. Where it is missing they fail in CI
(`CI=true`), and are skipped with the reason elsewhere. `tests/services/install.sh` installs it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

import pytest

PROGRAMS = {  # by need: the programs any of which will do
    "ab": ("ab",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "hey": ("hey",),
    "ip": ("ip",),
    "mariadb": ("mariadbd",),
    "k6": ("k6",),
    "nginx": ("nginx",),
    "node": ("node",),
    "npm": ("npm",),
    "openssl": ("openssl",),
    "postgresql": ("initdb",),
    "prometheus": ("prometheus",),
    "promtool": ("promtool",),
    "pushgateway": ("prometheus-pushgateway", "pushgateway"),
    "rabbitmq": ("rabbitmq-server",),
    "redis": ("redis-server",),
    "wrk": ("wrk",),
}
FOLDERS = (  # beside those of PATH
    str(Path(sys.executable).parent),
    *sorted((str(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin")), reverse=True),
    "/usr/sbin",
)


def program(need: str) -> str | None:
    """The path of a program that meets the need."""
    where = os.pathsep.join([os.environ.get("PATH", os.defpath), *FOLDERS])
    return next(filter(None, (shutil.which(name, path=where) for name in PROGRAMS[need])), None)


def lacking(what: str) -> NoReturn:
    """Ends the test: it fails in CI, and is skipped elsewhere."""
    if os.environ.get("CI") == "true":
        pytest.fail(
            f"needs {what}, and nothing is skipped in CI (tests/services/install.sh installs it)", pytrace=False
        )
    pytest.skip(f"needs {what}")


def check(item: pytest.Item) -> None:
    """Ends the test when the machine lacks one of its needs."""
    for mark in item.iter_markers("needs"):
        for need in mark.args:
            if program(need) is None:
                lacking(need)
