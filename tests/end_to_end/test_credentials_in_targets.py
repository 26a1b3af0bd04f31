"""A password in the URL of a target: refused by every way in, and written nowhere."""

from __future__ import annotations

import pytest
from projects import Project, free_port

PASSWORD = "s3cr3t-p4ss"
BUDGETS = """
version: 1
target: ${{PERFGATE_TARGET:-http://127.0.0.1:{port}}}
service: {{command: "ps -eo args > started.txt; sleep 60", port: {port}}}
load: {{rate: 20/s, duration: 1s}}
endpoints:
  home: {{request: GET /, budget: {{p95: 200ms}}}}
"""
WAYS = {
    "--target": (["run", "--target", "{url}"], {}),
    "PERFGATE_TARGET": (["run"], {"PERFGATE_TARGET": "{url}"}),
    "--base": (["run", "--base", "{url}"], {}),
    "PERFGATE_BASE": (["run"], {"PERFGATE_BASE": "{url}"}),
    "--base beside a good target": (["run", "--target", "http://127.0.0.1:{port}", "--base", "{url}"], {}),
    "calibrate": (["calibrate", "--runs", "3", "--target", "{url}"], {}),
    "allowed everywhere": (["run", "--allow-remote", "--target", "{url}"], {}),
    "published": (["run", "--publish", "webhook", "--target", "{url}"], {}),
}
URLS = (
    f"http://user:{PASSWORD}@127.0.0.1:{{port}}",
    f"http://{PASSWORD}@127.0.0.1:{{port}}",
    f"http://user:{PASSWORD}@127.0.0.1:{{port}}x",
    f"http://127.0.0.1:{{port}}/?token={PASSWORD}",
)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_is_checked_before_anything_happens(project: Project, way: str):
    arguments, environ = WAYS[way]
    for url in URLS:
        port = free_port()
        project.write(BUDGETS.format(port=port))
        given = url.format(port=port)
        done = project.perfgate(
            *(one.format(url=given, port=port) for one in arguments),
            **{name: one.format(url=given) for name, one in environ.items()},
        )

        assert done.returncode == 2, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        assert any(word in done.stderr for word in ("user name or password", "host or port is wrong", "query"))
        written = [path for path in project.folder.rglob("*") if path.is_file() and path.name != "budgets.yaml"]
        assert [path for path in written if PASSWORD in path.read_text(errors="replace")] == []
        assert not (project.folder / "started.txt").exists()  # neither the service nor Locust
