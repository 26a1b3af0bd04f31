"""How a fresh checkout of a project is made ready to start, as its files say it. Nothing is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from perfgate.init.project.reading import text

LOCKS = (
    ("package-lock.json", "npm ci"),
    ("pnpm-lock.yaml", "pnpm install --frozen-lockfile"),
    ("yarn.lock", "yarn install --frozen-lockfile"),
    ("package.json", "npm install"),
)
CONTAINERS = ("Dockerfile", "compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")


def set_up(folder: Path, seen_in: str) -> str:
    """The command for `service.setup` beside a start command `seen_in` this file; empty where there is none."""
    if seen_in in CONTAINERS:
        return ""
    steps = _node(folder) if seen_in.startswith("package.json") else _python(folder)
    return " && ".join(steps)


def _node(folder: Path) -> Iterator[str]:
    yield from [command for name, command in LOCKS if (folder / name).exists()][:1]


def _python(folder: Path) -> Iterator[str]:
    """Migrations run where the database is a file of the checkout: one that is shared would change under both."""
    if (folder / "requirements.txt").exists():
        yield "pip install -r requirements.txt"
    elif re.search(r"(?m)^\[(project|build-system)\]", text(folder / "pyproject.toml")):
        yield "pip install -e ."
    settings = [*folder.glob("*/settings.py"), *folder.glob("*/settings/*.py")]
    if "django" in text(folder / "manage.py") and any("backends.sqlite3" in text(path) for path in settings):
        yield "python manage.py migrate"
