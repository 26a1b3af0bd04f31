"""The house rules of `perfgate/README.md`, kept by reading the imports of every module (`house.py`)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import house
import pytest

# One library, one door: the rooms or modules that may import it.
DOORS = {
    "locust": ("runtime",),
    "gevent": ("runtime",),
    "httptools": ("runtime",),
    "wsproto": ("runtime.streams", "diagnose.profilers"),
    "h2": ("runtime.streams", "loadtest.service"),
    "yaml": ("budgets", "init"),
    "pydantic": ("budgets", "files.codec", "demo"),
    "matplotlib": ("report.charts",),
    "PIL": ("report.charts",),
    "pandas": ("report", "measure"),
    "jinja2": ("report",),
    "httpx": ("net.http",),
    "sqlalchemy": ("history", "demo", "middleware"),
    "fsspec": ("history",),
    "typer": ("cli",),
    "fastapi": ("demo",),
    "uvicorn": ("demo",),
    "django": ("middleware",),
    "redis": ("diagnose",),
    "psycopg": ("diagnose",),
    "opentelemetry": ("diagnose.traces.decoding",),
    "google": ("diagnose.traces.decoding", "export.remote_write", "runtime.streams", "text.proto"),
    "cramjam": ("export.remote_write",),
    "playwright": ("pages",),
    "psutil": ("runner", "diagnose"),
    "amqp": ("diagnose",),
    "pymysql": ("diagnose",),
    "prometheus_client": ("diagnose",),
}


def is_within(name: str, places: tuple[str, ...]) -> bool:
    return any(f"{name}.".startswith(f"{place}.") for place in places)


def test_every_module_belongs_to_a_room():
    assert [name for name in house.KNOWN if house.room_of(name) is None] == []


def test_a_module_outside_of_the_rooms_is_noticed():
    assert house.room_of("helpers") is None
    assert house.room_of("gate.deeper.still") is None


def test_every_room_of_the_table_exists():
    lived_in = {house.room_of(name) for name in house.KNOWN}
    listed = {other for allowed in house.ROOMS.values() for other in allowed.split()}

    assert set(house.ROOMS) - lived_in == set()
    assert listed - set(house.ROOMS) == set()


def test_imports_point_down():
    broken = [
        f"{name} imports {other}"
        for name, path in house.KNOWN.items()
        for other in house.modules_imported(path, typing_too=name != "__init__")  # which loads its parts when used
        if house.room_of(other) not in (house.room_of(name), *house.ROOMS[house.room_of(name) or ""].split())
    ]

    assert broken == []


def test_nothing_is_allowed_that_no_module_needs():
    assert house.unused_permissions() == []


def test_nothing_is_allowed_that_leads_back():
    assert house.on_cycles({room: set(allowed.split()) for room, allowed in house.ROOMS.items()}) == []


def test_no_cycles():
    assert house.module_cycles() == []


@pytest.mark.parametrize("figure", house.FIGURES)
def test_a_stranger_finds_the_way(figure: str):
    measure, limit = house.FIGURES[figure]

    assert measure() <= limit


@pytest.mark.parametrize("library", DOORS)
def test_one_library_one_door(library: str):
    broken = [
        name
        for name, path in house.KNOWN.items()
        if not is_within(name, DOORS[library])
        and any(dotted.split(".")[0] == library for dotted in house.imports(path, typing_too=False))
    ]

    assert broken == []


@pytest.mark.parametrize("name", ["environ", "getcwd", "cwd", "now", "time"])
def test_clock_environment_and_folder_are_read_in_cli_only(name: str):
    calls = {"environ": ("os.environ",), "getcwd": ("os.getcwd",), "cwd": ("Path.cwd",), "now": ("datetime.now",)}
    calls["time"] = ("time.time", "date.today")

    broken = [
        module
        for module, path in house.KNOWN.items()
        if not is_within(module, ("cli", "runtime", "demo", "middleware"))
        and any(
            isinstance(node, ast.Attribute) and ast.unparse(node) in calls[name]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        )
    ]

    assert broken == []


def test_a_time_without_a_zone_is_read_in_one_place_and_in_the_history():
    again = re.compile(r"(?<!datetime\.min)\.replace\(tzinfo=")

    assert {name for name, path in house.KNOWN.items() if again.search(path.read_text(encoding="utf-8"))} == {
        "history.times",
        "text.units",
    }


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
