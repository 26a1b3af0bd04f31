"""The house rules of `perfgate/README.md`, kept by reading the imports of every module."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "perfgate"
STAGES = (
    "budgets",
    "scenarios",
    "loadtest",
    "measure",
    "gate",
    "diagnose",
    "report",
    "history",
    "publish",
    "init",
)
ROOMS = (*STAGES, "model", "cli", "runtime", "demo")

# One library, one door: who may import it.
DOORS = {
    "locust": ("runtime",),
    "gevent": ("runtime",),
    "httptools": ("runtime",),
    "yaml": ("budgets", "init"),
    "pydantic": ("budgets", "codec", "demo"),
    "matplotlib": ("report",),
    "PIL": ("report",),
    "pandas": ("report", "measure"),
    "jinja2": ("report",),
    "httpx": ("http",),
    "sqlalchemy": ("history", "demo", "middleware"),
    "fsspec": ("history",),
    "typer": ("cli",),
    "fastapi": ("demo",),
    "uvicorn": ("demo",),
    "django": ("middleware",),
    "redis": ("diagnose",),
    "psycopg": ("diagnose",),
    "psutil": ("machine", "diagnose"),
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """The folder below perfgate/, or the name of a module at its top (a tool)."""
    inside = path.relative_to(PACKAGE)
    return inside.parts[0] if len(inside.parts) > 1 else inside.stem


def imports(path: Path, *, typing_too: bool = True) -> Iterator[str]:
    """Dotted names of everything a module imports, inside functions as well."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set() if typing_too else {id(inner) for block in _typing_blocks(tree) for inner in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            if node.module == "perfgate":
                yield from (f"perfgate.{alias.name}" for alias in node.names)


def _typing_blocks(tree: ast.Module) -> list[ast.If]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]


def rooms_imported(path: Path) -> set[str]:
    names = (name.split(".") for name in imports(path) if name.startswith("perfgate."))
    return {parts[1] for parts in names} - {room_of(path), "__version__"}


def test_imports_point_down():
    tools = (
        {room_of(path) for path in modules()}
        - set(ROOMS)
        - {
            "backtesting",
            "baselines",
            "bases",
            "pipeline",
            "diagnosing",
            "calibrating",
            "doctor",
            "first_run",
            "recordings",
            "rejudging",
            "__init__",
            "__main__",
        }
    )
    allowed = {
        "cli": {
            "backtesting",
            "baselines",
            "bases",
            "pipeline",
            "diagnosing",
            "calibrating",
            "doctor",
            "first_run",
            "recordings",
            "rejudging",
            *STAGES,
            *tools,
            "model",
            "demo",
        },
        "backtesting": {"baselines", "pipeline", *STAGES, *tools, "model"},
        "baselines": {*STAGES, *tools, "model"},
        "bases": {*STAGES, *tools, "model"},
        "calibrating": {"pipeline", *STAGES, *tools, "model"},
        "doctor": {"baselines", *STAGES, *tools, "model"},
        "first_run": {"pipeline", *STAGES, *tools, "model"},
        "recordings": {*STAGES, *tools, "model"},
        "rejudging": {"baselines", "pipeline", *STAGES, *tools, "model"},
        "diagnosing": {*STAGES, *tools, "model"},
        "pipeline": {"baselines", "bases", "diagnosing", *STAGES, *tools, "model"},
        **{stage: {*tools, "model"} for stage in STAGES},
        "runtime": {*tools, "model"},
        **{tool: {*tools, "model"} for tool in tools},
        "model": set(),
        "demo": set(),
        "middleware": set(),
        "__init__": set(),
        "__main__": {"cli"},
    }

    broken = [
        f"{path.relative_to(PACKAGE)} imports {room}"
        for path in modules()
        for room in rooms_imported(path) - allowed[room_of(path)]
    ]

    assert broken == []


def test_no_cycles():
    graph = {
        ".".join(("perfgate", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in modules()
    }
    edges = {
        name: {other for other in imports(path, typing_too=False) if other in graph} for name, path in graph.items()
    }
    for name, others in edges.items():  # a package that offers its own parts is no cycle
        edges[name] = {
            other for other in others if not f"{other}.".startswith(f"{name}.") and not name.startswith(f"{other}.")
        }

    def reaches(start: str) -> set[str]:
        seen: set[str] = set()
        todo = list(edges[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += edges[name]
        return seen

    assert [name for name in edges if name in reaches(name)] == []


@pytest.mark.parametrize("library", DOORS)
def test_one_library_one_door(library: str):
    broken = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        if room_of(path) not in DOORS[library]
        and any(name.split(".")[0] == library for name in imports(path, typing_too=False))
    ]

    assert broken == []


@pytest.mark.parametrize("name", ["environ", "getcwd", "cwd", "now", "time"])
def test_clock_environment_and_folder_are_read_in_cli_only(name: str):
    calls = {"environ": ("os.environ",), "getcwd": ("os.getcwd",), "cwd": ("Path.cwd",), "now": ("datetime.now",)}
    calls["time"] = ("time.time", "date.today")

    broken = [
        str(path.relative_to(PACKAGE))
        for path in modules()
        if room_of(path) not in ("cli", "runtime", "demo", "middleware")
        and any(
            isinstance(node, ast.Attribute) and ast.unparse(node) in calls[name]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]

    assert broken == []


@pytest.mark.parametrize("start", ["perfgate.cli", "perfgate.runtime.process.conductor", "perfgate.budgets"])
def test_quick_starters_load_neither_pandas_nor_matplotlib(start: str):
    code = f"import sys, {start}; print([name for name in ('pandas', 'matplotlib') if name in sys.modules])"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"


def test_the_command_line_starts_without_the_heavy_libraries():
    code = (
        "import sys, perfgate.cli; print([n for n in ('httpx', 'sqlalchemy', 'locust', 'numpy') if n in sys.modules])"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "[]"


def test_importing_perfgate_does_not_patch_the_process():
    code = "import socket, perfgate.cli, perfgate.workflows.run, perfgate.runtime; print(socket.socket.__module__)"

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "socket"
