"""What Locust does not need for a run in one process is loaded by its first use, and works then as ever."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

START = "from perfgate.runtime.process.late_modules import import_locust; import_locust()\nimport sys\n"
HEAVY = ("flask", "werkzeug", "jinja2", "zmq")


def output(code: str, before: str = "") -> str:
    """Of a fresh interpreter, because importing Locust patches the whole process."""
    command = [sys.executable, "-c", before + START + textwrap.dedent(code)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_locust_starts_without_its_web_interface_and_without_sockets_between_processes():
    code = f"print([name for name in {HEAVY!r} if name in sys.modules])"
    assert output(code) == "[]"


@pytest.mark.parametrize(
    "use",
    [
        "from locust import web; print(web.WebUI.__name__, web.Flask.__name__)",
        "import locust, locust.web; print(locust.web.WebUI.__name__, locust.web.Flask.__name__)",
        "from locust.web import WebUI, Flask; print(type('WebUI', (WebUI,), {}).__name__, Flask.__name__)",
    ],
)
def test_a_scenario_that_uses_the_web_interface_has_it(use: str):
    assert output(use) == "WebUI Flask"


def test_the_web_interface_answers():
    code = """
    from urllib.request import urlopen
    from locust import User, constant
    from locust.env import Environment

    class Nobody(User):
        wait_time = constant(1)

    environment = Environment(user_classes=[Nobody])
    environment.create_local_runner()
    web = environment.create_web_ui("127.0.0.1", 0, delayed_start=True)
    with web.app.test_client() as client:
        print(client.get("/").status_code, type(web).__module__)
    """
    assert output(code) == "200 locust.web"


def test_a_master_and_a_worker_talk():
    code = """
    from locust.rpc import Message, zmqrpc

    server = zmqrpc.Server("127.0.0.1", 0)
    client = zmqrpc.Client("127.0.0.1", server.port, "me")
    client.send(Message("hello", None, "me"))
    print(server.recv_from_client()[1].type)
    """
    assert output(code) == "hello"


def test_inspecting_all_modules_loads_none_of_them():
    code = f"import inspect; inspect.getmodule(sys.exit); print([name for name in {HEAVY!r} if name in sys.modules])"
    assert output(code) == "[]"


def test_plugins_of_gevent_are_called(tmp_path: Path):
    """They are found by the metadata of what is installed, for each module that gevent patches."""
    info = tmp_path / "plugin-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: plugin\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[gevent.plugins.monkey.did_patch_module]\nmine = plugin:call\n")
    (tmp_path / "plugin.py").write_text("names = []\ndef call(event):\n    names.append(event.module_name)\n")
    code = "import plugin; print('socket' in plugin.names)"
    assert output(code, before=f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n") == "True"


def test_the_metadata_of_packages_are_read_as_ever_afterwards():
    code = "from importlib import metadata; print(metadata.entry_points.__module__)"
    assert output(code) == "importlib.metadata"
