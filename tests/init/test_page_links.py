"""What a service shows that has no OpenAPI document: its page, and the pages that it links to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from perfgate.cli.app import app
from perfgate.init import page_links

PAGE = """<html><a href="/news">News</a><a href="item?id=1#top">One</a><a href="/logo.png">x</a>
<a href="/logout">Bye</a><a href="https://elsewhere.example/">Away</a><a href="/news?page=2">More</a></html>"""


def test_links_of_the_same_host_are_taken_but_for_files_and_what_ends_something():
    lines = page_links.commands("http://127.0.0.1:8000/", PAGE).splitlines()

    assert lines == [
        "curl http://127.0.0.1:8000/",
        "curl http://127.0.0.1:8000/news",
        "curl 'http://127.0.0.1:8000/item?id=1'",
    ]


def test_a_hostile_page_adds_no_command():
    lines = page_links.commands("http://127.0.0.1:8000/", '<a href="/a\'; rm -rf $HOME\ncurl http://x/">x</a>')

    assert all(line.startswith("curl ") and "http://127.0.0.1:8000/" in line for line in lines.splitlines() if line)


@pytest.fixture
def site() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_page = self.path == "/"
            self.send_response(200 if is_page else 404)
            self.end_headers()
            self.wfile.write(PAGE.encode() if is_page else b"")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_service_without_a_document_gets_a_file_from_its_page(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(app, ["init", site, "--no-try"])

    text = (tmp_path / "budgets.yaml").read_text()
    assert done.exit_code == 0, done.output
    assert "shows no OpenAPI document" in done.output
    assert [path for path in ("GET /\n", "GET /news\n", "GET /item?id=1") if path not in text] == []
