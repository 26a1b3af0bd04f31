"""Secrets come from the environment and are never written: no file, no log, no report, no process list."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import servers
from projects import Project, free_port

SECRET = "s3cr3t-{curly}-Va1ue"


def test_a_secret_reaches_the_target_and_nothing_else(project: Project):
    seen: list[bytes] = []
    command_lines: set[str] = set()

    def echo(behaviour: servers.Behaviour, connection: object) -> None:
        while head := behaviour.read(connection):
            seen.append(head)
            command_lines.update(all_command_lines())
            body = b'{"echo": "' + SECRET.encode() + b'"}'  # a target that gives it back
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    with servers.serving(echo) as (url, _):
        project.write(f"""
version: 1
target: {url}
load: {{rate: 10/s, duration: 1s}}
defaults: {{headers: {{Authorization: "Bearer ${{API_TOKEN}}"}}}}
endpoints:
  home: {{request: GET /, budget: {{errors: 1%}}, expect: {{json: {{$.echo: something else}}}}}}
""")
        done = project.perfgate("run", API_TOKEN=SECRET)

    assert done.returncode == 1, done.stderr
    assert all(f"Authorization: Bearer {SECRET}".encode() in head for head in seen)
    assert len(seen) == 10
    assert "[API_TOKEN]" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert not [line for line in command_lines if SECRET in line]
    written = [path for path in project.folder.rglob("*") if path.is_file()]
    assert len(written) > 8
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


@pytest.mark.needs("chromium")
def test_a_secret_in_a_pages_address_reaches_the_page_and_nothing_else(project: Project):
    """The address is the document's, that of what it fetches, and part of what the page says when it breaks. Queries
    may hold what the application itself made secret."""
    seen: list[bytes] = []
    page = b"<h1>Hi</h1><script>fetch(location.href + '&more'); throw Error(decodeURIComponent(location.href))</script>"
    page += b"<img src='/a.png?session=0pen-sesame' width=9 height=9>"

    def serve(behaviour: servers.Behaviour, connection: object) -> None:
        while head := behaviour.read(connection):
            seen.append(head)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n")
            connection.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(page), page))

    with servers.serving(serve) as (url, _):
        project.write(f"""
version: 1
target: {url}
pages:
  home: {{path: "/?key=${{API_TOKEN}}", iterations: 3, budget: {{requests: 1, errors: 0%}}}}
""")
        done = project.perfgate("run", "--save", API_TOKEN=SECRET)

    assert done.returncode == 1, done.stdout + done.stderr
    assert any(quote(SECRET).encode() in head for head in seen)
    written = {path: path.read_bytes() for path in project.folder.rglob("*") if path.is_file()}
    assert "/a.png?…" in {item["url"].partition(url)[2] for item in project.run()["pages"][0]["resources"]}
    assert any("[API_TOKEN]" in note or "?…" in note for note in project.run()["pages"][0]["notes"])
    for form in (SECRET, quote(SECRET), "0pen-sesame"):
        assert form not in done.stdout + done.stderr
        assert not [path for path, text in written.items() if form.encode() in text]


def test_a_key_of_several_lines_stays_out_of_the_logs(project: Project):
    """The service writes down what it was sent, line by line, as JSON and as Python shows it; and says it at its end."""
    key = (
        "-----BEGIN KEY-----\n"
        + "\n".join(f"{line}+{'aZ9/' * 12}" for line in ("first", "second"))
        + "\n-----END KEY-----"
    )
    project.write("import json, os; k = os.environ['KEY']; print(k); print(json.dumps(k)); print(repr(k))", "say.py")
    port = free_port()
    project.write(f"""
version: 1
target: http://127.0.0.1:{port}
service: {{command: "{sys.executable} say.py; exec perfgate demo --port {port}", port: {port}, ready: /healthz}}
load: {{rate: 10/s, duration: 1s}}
endpoints:
  home: {{request: POST /healthz, json: {{key: "${{KEY}}"}}, budget: {{errors: 1%}}}}
diagnose: {{for: 1s}}
""")
    done = project.perfgate("run", KEY=key)

    assert done.returncode in (0, 1), done.stderr
    (log,) = (project.folder / ".perfgate").rglob("service.log")
    assert "[KEY]" in log.read_text()
    second = project.perfgate("diagnose", "home", KEY=key)
    assert second.returncode == 0, second.stderr
    assert len(logs := list((project.folder / ".perfgate").rglob("service.log"))) == 2
    assert all("[KEY]" in log.read_text() for log in logs)
    written = [path for path in (project.folder / ".perfgate").rglob("*") if path.is_file()]
    for piece in (line for line in key.splitlines() if not line.startswith("-----")):
        assert piece not in done.stdout + done.stderr
        assert [path for path in written if piece.encode() in path.read_bytes()] == []


def all_command_lines() -> list[str]:
    lines = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                lines.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return lines
