"""How a project's service is started, as its files say it. Nothing is run; what is seen is proposed."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from perfgate.init.project.reading import text

PORT = "${PORT}"
HOST = "127.0.0.1"
MAX_FILES = 200
SKIPPED = ("node_modules", "tests", "test", "docs", "build", "dist", "site-packages", "venv", "env", "migrations")


def services(folder: Path) -> list[tuple[str, str]]:
    """Where it was seen and the command, most certain first; a port in it is perfgate's `${PORT}`."""
    readers = (_procfile, _manage, _python_apps, _package, _dockerfile, _compose)
    pairs = [pair for reader in readers for pair in reader(folder)]
    commands: dict[str, str] = {}
    for where, command in pairs:
        commands.setdefault(command, where)
    return [(where, command) for command, where in commands.items()]


def _with_port(command: str) -> str:
    """The command with perfgate's port in the place of its own."""
    command = re.sub(r"\$\{PORT(:-[^}]*)?\}|\$PORT\b", PORT, command)
    if PORT in command:
        return command
    return re.sub(
        r"((?:--port|-p)[ =]|\bPORT=|(?:0\.0\.0\.0|127\.0\.0\.1|localhost):)\d{2,5}\b", rf"\g<1>{PORT}", command
    )


def _procfile(folder: Path) -> Iterator[tuple[str, str]]:
    for line in text(folder / "Procfile").splitlines():
        name, colon, command = line.partition(":")
        if colon and name.strip() == "web" and command.strip():
            yield "Procfile", _with_port(command.strip())


def _manage(folder: Path) -> Iterator[tuple[str, str]]:
    if "django" in text(folder / "manage.py"):
        yield "manage.py", f"exec python manage.py runserver {HOST}:{PORT} --noreload"
        for path in sorted(folder.glob("*/wsgi.py")):
            yield f"{path.parent.name}/wsgi.py", f"exec gunicorn {path.parent.name}.wsgi --bind {HOST}:{PORT}"


def _python_apps(folder: Path) -> Iterator[tuple[str, str]]:
    """Modules that make an ASGI or WSGI application at their top."""
    paths = (path for pattern in ("*.py", "*/*.py", "src/*/*.py") for path in sorted(folder.glob(pattern)))
    for path in list(paths)[:MAX_FILES]:
        inside = path.relative_to(folder)
        if any(part in SKIPPED or part.startswith(".") for part in inside.parts):
            continue
        parts = inside.with_suffix("").parts
        parts = parts[1:] if parts[0] == "src" else parts
        module = ".".join(parts).removesuffix(".__init__")
        source = "--app-dir src " if inside.parts[0] == "src" else ""
        for name, kind in _applications(text(path)):
            if kind == "Flask":
                yield str(inside), f"exec flask --app {module}:{name} run --host {HOST} --port {PORT}"
            else:
                yield str(inside), f"exec uvicorn {source}{module}:{name} --host {HOST} --port {PORT}"


def _applications(source: str) -> Iterator[tuple[str, str]]:
    if not re.search(r"\b(FastAPI|Starlette|Flask|Litestar|Quart)\(", source):
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Call):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        kind = ast.unparse(node.value.func).rpartition(".")[2]
        if kind in ("FastAPI", "Starlette", "Flask", "Litestar", "Quart"):
            yield from ((target.id, kind) for target in targets if isinstance(target, ast.Name))


def _package(folder: Path) -> Iterator[tuple[str, str]]:
    try:
        package = json.loads(text(folder / "package.json") or "{}")
    except ValueError:
        return
    scripts = package.get("scripts") if isinstance(package, dict) else None
    if not isinstance(scripts, dict):
        return
    for name in ("start", "serve", "dev"):
        script = scripts.get(name)
        if isinstance(script, str):
            before = f"npm run --silent pre{name} && " if f"pre{name}" in scripts else ""
            yield f"package.json ({script})", _npm_command(name, script, before)


def _npm_command(name: str, script: str, before: str) -> str:
    """Runs the script by its name where it reads PORT; where it has a port of its own, its text with perfgate's, after
    what npm would run `before` it."""
    own = _with_port(script)
    if own == script or "$" in script or "'" in script:
        return f"PORT={PORT} npm run --silent {name}"
    return f"{before}npm exec -c '{own}'"


def _dockerfile(folder: Path) -> Iterator[tuple[str, str]]:
    joined = re.sub(r"\\\r?\n", " ", text(folder / "Dockerfile"))
    message: dict[str, str] = {}
    for line in joined.splitlines():
        match = re.match(r"\s*(CMD|ENTRYPOINT)\s+(.+)", line)
        if match:
            message[match[1]] = _command(match[2].strip())
    command = " ".join(filter(None, (message.get("ENTRYPOINT"), message.get("CMD"))))
    if command:
        yield "Dockerfile", _with_port(command)


def _command(written: str) -> str:
    """A command as a shell has it, from a shell's or JSON's form."""
    if not written.startswith("["):
        return written
    try:
        words = json.loads(written)
    except ValueError:
        return ""
    return shlex.join(words) if isinstance(words, list) and all(isinstance(word, str) for word in words) else ""


def _compose(folder: Path) -> Iterator[tuple[str, str]]:
    for name in ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"):
        if "services:" in text(folder / name):
            yield name, f"exec docker compose -f {name} up"
            return
