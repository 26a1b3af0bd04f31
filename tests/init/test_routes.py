"""A Node application without an OpenAPI document: the routes that its sources have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from perfgate import budgets
from perfgate.cli import questions
from perfgate.cli.app import app
from perfgate.init import project

EXPRESS = """
const express = require('express'), axios = require('axios')
const app = express()
const users = express.Router({ mergeParams: true })
// app.get('/old', gone)
/* app.get('/older', gone) */
app.set('etag', false)
app.get('/hotels', list)
app.get("/hotels/:id", guard, one); app.post('/hotels', add)
app.get('/files/*path', file)
app.route('/about').get(about)
app.get('/by/:day(\\\\d+)/:city?', (req, res) => axios.get('/elsewhere', {}).then(x => res.json(x)))
users.get('/', all)
users.get('/:user/bookings', bookings)
app.use('/users', guard, users)
app.use(
  '/api',
  express.json(),
  require('./routes/api'),
)
"""
API = """
const { Router } = require('express'); const orders = require("./orders.js")
const router = Router()
router.get('/ping', ping)
router.use('/orders', orders)
module.exports = router
"""
ORDERS = "import { Router } from 'express'\nconst r = Router()\nr.get('/:orderId', show)\nexport default r\n"
FASTIFY = """
import Fastify from 'fastify'
import rooms from './rooms/index.ts'
import cors from './cors.js'
const fastify = Fastify({ logger: true })
fastify.get<{ Params: P }>('/status', async () => ({}))
fastify.route({ method: 'GET', url: '/search', handler })
fastify.register(cors)
fastify.register(rooms, { prefix: '/v1/rooms' })
"""
CORS = "export default async (fastify) => fastify.register(require('./origins'))\n"
ORIGINS = "module.exports = async (app) => app.get('/origins', origins)\n"
ROOMS = "export default async function (fastify, opts) {\n  fastify.get('/:id', { schema }, one)\n}\n"


def folder_with(folder: Path, **files: str) -> Path:
    for name, source in {"package.json": '{"scripts": {"start": "node server.js"}}', **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return folder


def requests(folder: Path) -> set[str]:
    paths = project.routes(folder).get("paths", {})
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}  # type: ignore[attr-defined]


def test_routes_of_express_stand_where_their_routers_are_mounted(tmp_path: Path):
    files = {"server.js": EXPRESS, "routes/api.js": API, "routes/orders.js": ORDERS, "test/x.test.js": EXPRESS}

    assert requests(folder_with(tmp_path, **files)) == {
        "GET /hotels",
        "GET /hotels/{id}",
        "POST /hotels",
        "GET /about",
        "GET /by/{day}",
        "GET /users",
        "GET /users/{user}/bookings",
        "GET /api/ping",
        "GET /api/orders/{orderId}",
    }
    assert project.routes(tmp_path)["x-unread"] == ["GET /files/*path"]


CHAINED = """
import { Router } from 'express';
import tags from './tag/tag.controller';
import { articles as news, other } from './article';

const api = Router()
  .use(tags)
  .use(news);

export default Router().use('/api', api);
"""
CONTROLLER = """
const controller = require('express').Router();
controller.get('/{}', auth.optional, async (req: Request) => {{}});
export default controller;
"""


def test_routers_in_chains_and_imports_by_name(tmp_path: Path):
    files = {
        "src/main.ts": "import all from './app/all';\nconst app = express();\napp.use(cors());\napp.use(all);\n",
        "src/app/all.ts": CHAINED,
        "src/app/tag/tag.controller.ts": CONTROLLER.format("tags"),
        "src/app/article/index.ts": CONTROLLER.format("articles"),
    }

    assert requests(folder_with(tmp_path, **files)) == {"GET /api/tags", "GET /api/articles"}


def test_routes_of_fastify_have_the_prefix_of_their_plug_in(tmp_path: Path):
    assert requests(
        folder_with(tmp_path, **{"app.ts": FASTIFY, "rooms/index.ts": ROOMS, "cors.js": CORS, "origins.js": ORIGINS})
    ) == {
        "GET /status",
        "GET /search",
        "GET /v1/rooms/{id}",
        "GET /origins",
    }


@pytest.mark.parametrize(
    "source", ["", "app.get(", "app.get('/a', x", "router.use('/a', router)", "app.get(`/${x}`, y)"]
)
def test_odd_sources_are_read_without_harm(source: str, tmp_path: Path):
    made = project.routes(folder_with(tmp_path, **{"a.js": source}))

    assert set(made.get("paths", {})) <= {"/a"}  # type: ignore[call-overload]


def test_routers_that_mount_each_other_come_to_an_end(tmp_path: Path):
    source = "const a = Router(), z = 1\nconst b = Router()\na.get('/x', f)\na.use('/b', b)\nb.use('/a', a)\n"

    assert len(requests(folder_with(tmp_path, **{"a.js": source}))) < 10


def test_calls_of_a_client_are_no_routes(tmp_path: Path):
    made = "const api = axios.create({ baseURL })\napi.get('/users', { params })\n"
    imported = (
        "import api from './client'\nimport { instance } from './client'\napi.get('/items', {})\ninstance.get('/x', {})"
    )

    assert project.routes(folder_with(tmp_path, **{"src/client.ts": made, "src/items.ts": imported})) == {}


def test_no_package_no_routes(tmp_path: Path):
    (tmp_path / "browser.js").write_text("app.get('/hotels', list)")

    assert project.routes(tmp_path) == {}


def test_init_alone_begins_with_the_routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = folder_with(tmp_path, **{"server.js": EXPRESS})
    monkeypatch.chdir(folder)

    done = CliRunner().invoke(app, ["init", "--service"])

    budget_file, _ = budgets.check(folder / "budgets.yaml", {"PORT": "8000"})
    text = (folder / "budgets.yaml").read_text()
    assert done.exit_code == 0, done.output
    assert "the routes in server.js" in done.output
    assert "left out: GET /files/*path" in done.output
    assert 'request: "GET /hotels/{id}"' in text
    assert "with: {id: 1}" in text
    assert budget_file.service
    assert [item.request.method for item in budget_file.endpoints if item.request] == ["GET"] * len(
        budget_file.endpoints
    )
    assert json.dumps("POST /hotels") not in text


def test_sources_are_read_once_at_a_terminal_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    scanned: list[Path] = []

    def scan(folder: Path) -> object:
        scanned.append(folder)
        return routes(folder)

    routes = project.routes
    monkeypatch.setattr(project, "routes", scan)
    monkeypatch.setattr(questions, "can_ask", lambda: True)
    monkeypatch.chdir(folder_with(tmp_path, **{"server.js": EXPRESS}))

    done = CliRunner().invoke(app, ["init", "--dry-run"])

    assert done.exit_code == 0, done.output
    assert "the routes in server.js" in done.output
    assert len(scanned) == 1
