"""A Prometheus and a Pushgateway for the tests alone: on free ports, gone with them."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from typing import Any

from services.needs import lacking, program

from perfgate.loadtest.service.ports import free_ports

PATIENCE = 60.0  # s
CONFIGURATION = """
global: {{scrape_interval: {every}, evaluation_interval: {every}}}
rule_files: [{rules}]
scrape_configs:
  - job_name: perfgate
    honor_labels: true
    static_configs: [{{targets: [{targets}]}}]
"""


class Prometheus:
    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[dict[str, Any]]:
        """An instant vector: labels and value of each series."""
        words = urllib.parse.urlencode({"query": expression})
        answer = _json(f"{self.url}/api/v1/query?{words}")
        return [{**item["metric"], "value": float(item["value"][1])} for item in answer["data"]["result"]]

    def wait_for(self, expression: str) -> list[dict[str, Any]]:
        """The same, once there is a series."""
        until = monotonic() + PATIENCE
        while not (matches := self.query(expression)):
            assert monotonic() < until, f"nothing came of {expression}"
            sleep(0.1)
        return matches

    def alerts(self) -> list[dict[str, Any]]:
        firing: list[dict[str, Any]] = _json(f"{self.url}/api/v1/alerts")["data"]["alerts"]
        return firing


@contextmanager
def prometheus(
    *targets: str, rules: Sequence[Path] = (), every: str = "250ms", flags: Sequence[str] = ()
) -> Iterator[Prometheus]:
    """Scrapes these (host and port) all the time."""
    if (server := program("prometheus")) is None:
        lacking("prometheus")
    with TemporaryDirectory(prefix="perfgate-prometheus-") as name:
        folder, [port] = Path(name), free_ports(1)
        written = CONFIGURATION.format(
            every=every, rules=", ".join(map(str, rules)), targets=", ".join(f'"{target}"' for target in targets)
        )
        (folder / "prometheus.yml").write_text(written, encoding="utf-8")
        command = [server, f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
        with _running([*command, *flags, f"--web.listen-address=127.0.0.1:{port}"], f"http://127.0.0.1:{port}") as url:
            yield Prometheus(url)


@contextmanager
def pushgateway() -> Iterator[str]:
    """The URL of an empty one."""
    if (server := program("pushgateway")) is None:
        lacking("pushgateway")
    [port] = free_ports(1)
    with _running([server, f"--web.listen-address=127.0.0.1:{port}"], f"http://127.0.0.1:{port}") as url:
        yield url


@contextmanager
def _running(command: Sequence[str], url: str) -> Iterator[str]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = monotonic() + PATIENCE
        while not _is_ready(url):
            assert process.poll() is None, f"{command[0]} ended with {process.poll()}"
            assert monotonic() < until, f"{command[0]} did not start"
            sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _is_ready(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/-/ready", timeout=10).close()
    except OSError:
        return False
    return True


def _json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)
