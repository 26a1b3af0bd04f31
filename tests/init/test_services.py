"""How a folder's files say that its service is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.init import project


@pytest.mark.parametrize(
    ("name", "text", "command"),
    [
        ("Procfile", "release: x\nweb: gunicorn app:app -b 0.0.0.0:$PORT\n", "gunicorn app:app -b 0.0.0.0:${PORT}"),
        ("manage.py", "import django\n", "exec python manage.py runserver 127.0.0.1:${PORT} --noreload"),
        ("main.py", "app = FastAPI()\n", "exec uvicorn main:app --host 127.0.0.1 --port ${PORT}"),
        (
            "src/shop/web.py",
            "api: FastAPI = FastAPI()\n",
            "exec uvicorn --app-dir src shop.web:api --host 127.0.0.1 --port ${PORT}",
        ),
        (
            "site.py",
            "import flask\nweb = flask.Flask(__name__)\n",
            "exec flask --app site:web run --host 127.0.0.1 --port ${PORT}",
        ),
        ("package.json", '{"scripts": {"start": "node x.js"}}', "PORT=${PORT} npm run --silent start"),
        (
            "package.json",
            '{"scripts": {"start": "json-server db.json --port 3000"}}',
            "npm exec -c 'json-server db.json --port ${PORT}'",
        ),
        (
            "package.json",
            '{"scripts": {"prestart": "x", "start": "PORT=3000 node x.js"}}',
            "npm run --silent prestart && npm exec -c 'PORT=${PORT} node x.js'",
        ),
        (
            "package.json",
            '{"scripts": {"start": "next start --port ${PORT:-3000}"}}',
            "PORT=${PORT} npm run --silent start",
        ),
        ("Dockerfile", 'FROM x\nENTRYPOINT ["uvicorn"]\nCMD ["a:b", "--port", "80"]\n', "uvicorn a:b --port ${PORT}"),
        ("compose.yaml", "services: {web: {}}\n", "exec docker compose -f compose.yaml up"),
    ],
)
def test_a_command_is_seen(name: str, text: str, command: str, tmp_path: Path):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text)

    assert command in [proposed for _, proposed in project.services(tmp_path)]


@pytest.mark.parametrize(
    ("name", "text"), [("package.json", "{"), ("main.py", "app = FastAPI("), ("Dockerfile", "CMD [1]")]
)
def test_a_damaged_file_shows_nothing(name: str, text: str, tmp_path: Path):
    (tmp_path / name).write_text(text)

    assert project.services(tmp_path) == []


SQLITE = "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}"
POSTGRESQL = SQLITE.replace("sqlite3", "postgresql")


@pytest.mark.parametrize(
    ("files", "seen_in", "command"),
    [
        ({"package.json": "{}", "package-lock.json": ""}, "package.json (node x.js)", "npm ci"),
        ({"package.json": "{}"}, "package.json (node x.js)", "npm install"),
        ({"requirements.txt": "", "package.json": "{}"}, "main.py", "pip install -r requirements.txt"),
        ({"pyproject.toml": "[project]"}, "main.py", "pip install -e ."),
        ({"pyproject.toml": "[tool.ruff]"}, "main.py", ""),
        (
            {"requirements.txt": "", "manage.py": "django", "site/settings/base.py": SQLITE},
            "manage.py",
            "pip install -r requirements.txt && python manage.py migrate",
        ),
        ({"manage.py": "django", "site/settings.py": POSTGRESQL}, "manage.py", ""),
        ({"requirements.txt": "", "Dockerfile": "CMD x"}, "Dockerfile", ""),
    ],
)
def test_what_a_fresh_checkout_needs_is_proposed(files: dict[str, str], seen_in: str, command: str, tmp_path: Path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert project.set_up(tmp_path, seen_in) == command
