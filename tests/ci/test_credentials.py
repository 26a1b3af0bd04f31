from __future__ import annotations

import subprocess
import threading
from base64 import b64decode, b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from perfgate.ci import credentials
from perfgate.git import command as git

ENVIRON = {"PATH": "/usr/bin:/bin", "PERFGATE_GITHUB_TOKEN": "ghs_secret", "GIT_CONFIG_GLOBAL": "/dev/null"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def test_the_load_does_not_get_the_token():
    assert "ghs_secret" not in repr(credentials.without_secrets(ENVIRON))
    assert credentials.without_secrets(ENVIRON)["PATH"]


def test_without_a_token_nothing_is_lent(checkout: Path):
    assert credentials.git_auth_environment({"PATH": ENVIRON["PATH"]}, checkout) == {}


def test_git_gets_in_at_this_server_and_after_other_settings(checkout: Path):
    environ = {**ENVIRON, "GITHUB_SERVER_URL": "https://github.example", "GIT_CONFIG_COUNT": "1"}

    git_auth_environment = credentials.git_auth_environment(environ, checkout)

    assert (git_auth_environment["GITHUB_TOKEN"], git_auth_environment["GIT_CONFIG_COUNT"]) == ("ghs_secret", "2")
    assert git_auth_environment["GIT_CONFIG_KEY_1"] == "http.https://github.example/.extraheader"
    kind, _, word = git_auth_environment["GIT_CONFIG_VALUE_1"].removeprefix("AUTHORIZATION: ").partition(" ")
    assert (kind, b64decode(word)) == ("basic", b"x-access-token:ghs_secret")


def test_a_checkout_with_credentials_of_its_own_is_left_alone(checkout: Path):
    """GitHub refuses two such headers at once."""
    key = "http.https://github.com/.extraheader"
    subprocess.run(["git", "-C", str(checkout), "config", key, "AUTHORIZATION: basic b3du"], check=True)

    assert credentials.git_auth_environment(ENVIRON, checkout) == {"GITHUB_TOKEN": "ghs_secret"}


def test_outside_a_checkout_it_works_too(tmp_path: Path):
    assert credentials.git_auth_environment(ENVIRON, tmp_path)["GIT_CONFIG_COUNT"] == "1"


def test_git_really_sends_it_there_and_nowhere_else(checkout: Path):
    seen: list[str | None] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers.get("Authorization"))
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as ours, ThreadingHTTPServer(("127.0.0.1", 0), Server) as other:
        for server in (ours, other):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        urls = [f"http://127.0.0.1:{server.server_port}" for server in (ours, other)]
        environ = {**ENVIRON, "GITHUB_SERVER_URL": urls[0]}
        environ |= credentials.git_auth_environment(environ, checkout)
        for url in urls:
            with pytest.raises(git.GitError):
                git.run("ls-remote", f"{url}/octo/shop.git", folder=checkout, environ=git.environment(environ))
        for server in (ours, other):
            server.shutdown()

    expected = f"basic {b64encode(b'x-access-token:ghs_secret').decode()}"
    assert seen[0] == expected
    assert seen[-1] is None


def test_addresses_and_tokens_of_channels_are_kept_from_everybody_else():
    ours = {
        "PERFGATE_SLACK_URL": "https://a",
        "PERFGATE_TEAMS_URL": "https://b",
        "PERFGATE_WEBHOOK_URL": "https://c",
        "PERFGATE_WEBHOOK_SECRET": "d",
        "PERFGATE_GITLAB_TOKEN": "e",
    }

    assert credentials.without_secrets({"PATH": "/bin", **ours}) == {"PATH": "/bin"}
