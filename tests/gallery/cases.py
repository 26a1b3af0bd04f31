"""The cases of the gallery: what a user gets wrong, and the command by which it comes to light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

GOOD = """version: 1
name: shop
target: http://127.0.0.1:FREE
load: {rate: 10/s, duration: 10s}
endpoints:
  home: {request: GET /, budget: {p95: 100ms}}
""".replace("FREE", "9")
CHECK = (("perfgate", "check"),)
RUN = (("perfgate", "run"),)
GIT = (
    ("git", "init", "-q", "-b", "main"),
    ("git", "add", "-A"),
    ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "one"),
)
SERVICE = """version: 1
name: shop
target: http://127.0.0.1:FREE_PORT
service: {command: COMMAND, port: FREE_PORT, ready_timeout: 2s}
load: {rate: 10/s, duration: 1s}
endpoints: {home: {request: GET /, budget: {p95: 100ms}}}
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    room: str
    name: str
    commands: tuple[tuple[str, ...], ...] = CHECK
    files: Mapping[str, str | bytes] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)


def budget(name: str, old: str, new: str) -> Case:
    """The good file with one thing wrong."""
    assert old in GOOD
    return Case(room="budget", name=name, files={"budgets.yaml": GOOD.replace(old, new)})


def command(name: str, *words: str, files: Mapping[str, str | bytes] | None = None) -> Case:
    return Case(room="command", name=name, commands=(("perfgate", *words),), files=files or {})


def environment(name: str, *words: str, files: Mapping[str, str | bytes] | None = None, **environ: str) -> Case:
    return Case(room="environment", name=name, commands=(("perfgate", *words),), files=files or {}, environ=environ)


def target(name: str, url: str = "", text: str = "", **environ: str) -> Case:
    text = text or GOOD.replace("http://127.0.0.1:9", url)
    return Case(room="target", name=name, commands=RUN, files={"budgets.yaml": text}, environ=environ)


def ci(name: str, *commands: tuple[str, ...], files: Mapping[str, str | bytes] | None = None, **environ: str) -> Case:
    return Case(room="ci", name=name, commands=commands, files=files or {}, environ=environ)


BUDGET = (
    Case(room="budget", name="no file", without=("budgets.yaml",)),
    Case(room="budget", name="empty file", files={"budgets.yaml": ""}),
    Case(room="budget", name="not utf-8", files={"budgets.yaml": b"name: caf\xe9\n"}),
    budget("a list instead of a map", GOOD, "- version: 1\n"),
    budget("a bracket that is not closed", "{p95: 100ms}}", "{p95: 100ms}"),
    budget("a tab", "  home", "\thome"),
    budget("misspelt key", "rate", "raet"),
    budget("a key at the wrong level", "version: 1", "version: 1\nrate: 10/s"),
    budget("key twice", "name: shop", "name: shop\nname: store"),
    budget("no load", "load: {rate: 10/s, duration: 10s}\n", ""),
    budget("no unit", "p95: 100ms", "p95: 100"),
    budget("comma between criteria", "p95: 100ms", "p95: 100ms, +10%"),
    budget("no sign", "p95: 100ms", "p95: 10%"),
    budget("clock time for a duration", "duration: 10s", "duration: 1:30"),
    budget("value that nothing gives", "{request: GET /, ", '{request: "GET /items/{id}", '),
    budget("value in a map without quotes", "GET /,", "GET /items/{id},"),
    budget("braces without quotes", "{request: GET /, ", "{request: POST /, json: {user: {user}}, "),
    budget("variable in an expectation", "request: GET /,", 'request: GET /, expect: {json: {"$.id": "${ID}"}},'),
    budget("limit above the timeout", "p95: 100ms", "p95: 20s"),
    budget("rate and users", "rate: 10/s", "rate: 10/s, users: 5"),
    budget("target without scheme", "http://127.0.0.1:9", "localhost:8000"),
    budget("password in the target", "http://127.0.0.1:9", "http://me:secret@127.0.0.1:9"),
    budget("data file that is missing", "GET /,", "GET /, with: {from: users.csv},"),
    budget("journey with an unknown step", "endpoints:", "journeys: {buy: [home, paay]}\nendpoints:"),
    budget("two bodies", "{request: GET /, ", "{request: POST /, json: {a: 1}, form: {b: 2}, "),
    budget("unknown metric", "{p95: 100ms}", "{p96: 100ms}"),
    budget("limit without its metric", "{p95: 100ms}", "100ms"),
    budget("criteria without a space", "p95: 100ms", "p95: 100ms+10%"),
    budget("limit with a comparison", "p95: 100ms", "p95: <100ms"),
    budget("status without its key", "GET /,", "GET /, expect: 200,"),
    budget("request in parts", "request: GET /,", "method: GET, url: /,"),
    budget("method in lower case", "GET /,", "get /,"),
    budget("request with its host", "GET /,", "GET http://127.0.0.1:9/,"),
    Case(room="budget", name="other ending", files={"budgets.yml": GOOD}, without=("budgets.yaml",)),
)

COMMAND = (
    command("misspelt option", "run", "--bugdet", "budgets.yaml"),
    command("misspelt verb", "rnu"),
    command("unknown format of a report", "report", "latest", "--format", "xml"),
    command("no run yet", "report", "latest"),
    command("run that is not there", "gate", "20260131"),
    command("not a number of processes", "run", "--processes", "many"),
    command("two bases", "run", "--base-ref", "main", "--base", "http://127.0.0.1:1"),
    command("restarts without a base", "run", "--restarts", "3"),
    command("endpoint that is not there", "run", "--only", "hmoe"),
    command("accept without a reason", "accept", "latest"),
    command("unknown metric of a trend", "trend", "home", "--metric", "p96"),
    command("file to import that is not there", "import", "results.jtl"),
    command("file to import that is none", "import", "notes.txt", files={"notes.txt": "hello\n"}),
    command("unknown schema", "schema", "budget"),
    command("init over a file", "init", "one.sh", files={"one.sh": "curl http://127.0.0.1:9/\n"}),
    command("init from nothing known", "init", "notes.txt", "--force", files={"notes.txt": "hello\n"}),
    command(
        "init from a plan that breaks off", "init", "plan.jmx", "--force", files={"plan.jmx": "<jmeterTestPlan>\n"}
    ),
    command(
        "init from a script that breaks off",
        "init",
        "load.js",
        "--force",
        files={
            "load.js": "import http from 'k6/http';\nexport default function () {\n  http.get(`http://127.0.0.1:9/`;\n}\n"
        },
    ),
    command(
        "init from a script that computes its requests",
        "init",
        "load.js",
        "--force",
        files={"load.js": "import http from 'k6/http';\nexport default () => http.get(makeUrl());\n"},
    ),
    command(
        "init from an old Insomnia export",
        "init",
        "insomnia.json",
        "--force",
        files={"insomnia.json": '{"_type": "export", "__export_format": 3, "resources": []}'},
    ),
    command("init of a service that is down", "init", "http://127.0.0.1:FREE_PORT", "--force"),
    command("init of another machine", "init", "https://api.shop.example/openapi.json", "--force"),
    command("init with nothing pasted", "init", "-", "--force"),
    command("budget file as an argument", "run", "budgets.yaml"),
    command("budget file as a verb", "budgets.yaml"),
    command("target without scheme for a run", "run", "--target", "127.0.0.1:8000"),
    command("unknown code", "explain", "PG-Q001"),
    command("prune without a measure", "history", "prune"),
)

ENVIRONMENT = (
    environment(
        "variable that is not set",
        "run",
        files={"budgets.yaml": GOOD.replace("GET /,", 'GET /, headers: {Authorization: "Bearer ${API_TOKEN}"},')},
    ),
    environment(
        "variable without braces",
        "check",
        files={"budgets.yaml": GOOD.replace("GET /,", 'GET /, headers: {Authorization: "Bearer $API_TOKEN"},')},
    ),
    environment(
        "secret with a line break",
        "run",
        files={"budgets.yaml": GOOD.replace("GET /,", 'GET /, headers: {Authorization: "Bearer ${API_TOKEN}"},')},
        API_TOKEN="secret\n",
    ),
    environment(
        "proxy of a kind that cannot be used",
        "run",
        ALL_PROXY="socks5://127.0.0.1:1",
        HTTP_PROXY="socks5://127.0.0.1:1",
        NO_PROXY="example.org",
        files={"budgets.yaml": GOOD.replace("127.0.0.1:9", "shop.example") + "allow: [shop.example]\n"},
    ),
    environment("history of an unknown kind", "trend", PERFGATE_HISTORY="mysql://127.0.0.1/perfgate"),
    environment(
        "history in a file that is none",
        "trend",
        files={"history.db": "not a database, but long enough to be read as one" * 9},
        PERFGATE_HISTORY="sqlite:///history.db",
    ),
    environment(
        "history on a server that is down",
        "trend",
        PERFGATE_HISTORY="postgresql://me:secret@127.0.0.1:FREE_PORT/perfgate",
    ),
    environment("history outside a repository", "trend", PERFGATE_HISTORY="git:perfgate-data"),
    environment("folder that is a file", "run", "--out", "budgets.yaml/run"),
    environment("option by a wrong variable", "run", PERFGATE_PROCESSES="all"),
)

TARGET = (
    target("down", "http://127.0.0.1:FREE_PORT"),
    target("not this machine", "http://shop.example"),
    target("tls settings for plain http", text=GOOD + "tls: {insecure: true}\n"),
    target("service that ends at once", text=SERVICE.replace("COMMAND", "\"python -c 'raise SystemExit(1)'\"")),
    target("service that does not exist", text=SERVICE.replace("COMMAND", "no-such-program")),
    target("service that never listens", text=SERVICE.replace("COMMAND", "sleep 60")),
    target("port that is taken", text=SERVICE.replace("COMMAND", "sleep 60").replace("FREE_PORT", "BUSY_PORT")),
    target(
        "proxy that is down", "http://shop.example", HTTP_PROXY="http://127.0.0.1:FREE_PORT", PERFGATE_ALLOW_REMOTE="1"
    ),
)

CI = (
    ci(
        "base outside a repository",
        ("perfgate", "run", "--base-ref", "main"),
        files={"budgets.yaml": SERVICE.replace("COMMAND", "sleep 60")},
    ),
    ci(
        "base that does not exist",
        *GIT,
        ("perfgate", "run", "--base-ref", "mian"),
        files={"budgets.yaml": SERVICE.replace("COMMAND", '"python app.py --port ${PORT}"')},
    ),
    ci("base without a service", *GIT, ("perfgate", "run", "--base-ref", "main")),
    ci(
        "base on a fixed port",
        *GIT,
        ("perfgate", "run", "--base-ref", "main"),
        files={"budgets.yaml": SERVICE.replace("COMMAND", "python app.py")},
    ),
    ci(
        "fork's results outside their event", ("perfgate", "publish", "--from-workflow-run", "latest", "--to", "github")
    ),
    ci("unknown place to publish", ("perfgate", "publish", "latest", "--to", "githbu")),
    ci(
        "setting of the comment that is none",
        ("perfgate", "publish", "latest", "--to", "github"),
        PERFGATE_COMMENT="sometimes",
    ),
    ci(
        "pull request that is no number",
        ("perfgate", "publish", "latest", "--to", "github"),
        PERFGATE_PULL_REQUEST="my-branch",
    ),
    ci(
        "history at a remote that is down",
        *GIT,
        ("perfgate", "trend"),
        PERFGATE_HISTORY="git:perfgate-data@http://127.0.0.1:FREE_PORT/shop.git",
    ),
    ci("run to confirm that is not there", ("perfgate", "run", "--confirm", "first/verdict.json")),
    ci("stale scenario", ("perfgate", "generate", "--check"), files={"scenarios/generated/shop.py": "# old\n"}),
)

CASES = (*BUDGET, *COMMAND, *ENVIRONMENT, *TARGET, *CI)
