"""Draws docs/images/watch-prometheus.png: ten minutes of `perfgate watch` on the demo shop, a fault on and off.

    python docs/watch_pictures.py            # eleven minutes; needs `prometheus` and `chromium`

A small proxy stands for a deployment: behind it runs the shop as it is, and for two minutes one whose search takes four
times as long. A round every 20 s; alerts and recoveries go to a webhook, and are printed as they came. Prometheus
scrapes the watch, and its own page draws both graphs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from perfgate.loadtest.service.ports import free_ports

PICTURE = Path(__file__).parent / "images" / "watch-prometheus.png"
MINUTES = 10
FAULT = "search:slow=4"
FAULT_FROM_S, FAULT_UNTIL_S = 240, 360
GRAPHS = ('perfgate_measured_time_seconds{metric="p95"}', "perfgate_watch_incident")
BUDGETS = """
version: 1
name: shop
target: http://127.0.0.1:{port}
load: {{rate: 30/s, duration: 10s}}
gate: {{baseline: {{min_runs: 5}}, probe: false}}
defaults: {{budget: {{p95: 300ms +40%}}}}
endpoints:
  list products: GET /products
  product: "GET /products/7"
  search: "GET /search?q=lamp"
"""


class Deployment:
    """Passes bytes on to one shop or the other; a connection stays with its shop."""

    def __init__(self, shop: int) -> None:
        self.shop = shop
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self._listening.getsockname()[1]
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def switch(self, shop: int) -> None:
        self.shop = shop
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    def _accept(self) -> None:
        while True:
            client, _ = self._listening.accept()
            shop = socket.create_connection(("127.0.0.1", self.shop))
            for one in (client, shop):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections += [client, shop]
            for source, sink in ((client, shop), (shop, client)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        alert = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print(f"webhook at {time.strftime('%X')}: {alert['alert']}: {alert['headline']}", flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def child(*command: str, folder: Path | None = None, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environ}, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def main() -> None:
    healthy, slow, metrics, web = free_ports(4)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="perfgate-watch-")))
        for port, faults in ((healthy, ""), (slow, FAULT)):
            shop = (sys.executable, "-m", "perfgate.demo", "--port", str(port))
            stack.enter_context(child(*shop, PERFGATE_DEMO_FAULTS=faults))
            _wait_for(f"http://127.0.0.1:{port}/healthz")
        deployment = Deployment(healthy)
        hook = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=hook.serve_forever, daemon=True).start()
        stack.enter_context(_prometheus(folder, metrics, web))
        (folder / "budgets.yaml").write_text(BUDGETS.format(port=deployment.port), encoding="utf-8")
        watch = ("perfgate", "watch", "--every", "20s", "--alert", "2/3", "--recover", "2", "--publish", "webhook")
        export = ("--export", f"prometheus://127.0.0.1:{metrics}")
        url = f"http://127.0.0.1:{hook.server_port}/"
        stack.enter_context(child(sys.executable, "-m", *watch, *export, folder=folder, PERFGATE_WEBHOOK_URL=url))
        for shop_port, until in ((healthy, FAULT_FROM_S), (slow, FAULT_UNTIL_S), (healthy, MINUTES * 60)):
            deployment.switch(shop_port)
            print(f"{time.strftime('%X')}: {'slow' if shop_port == slow else 'healthy'}", flush=True)
            time.sleep(until - {FAULT_FROM_S: 0, FAULT_UNTIL_S: FAULT_FROM_S}.get(until, FAULT_UNTIL_S))
        _draw(f"http://127.0.0.1:{web}")
    print(f"wrote {PICTURE}")


@contextmanager
def _prometheus(folder: Path, metrics: int, web: int) -> Iterator[None]:
    (folder / "prometheus.yml").write_text(
        "global: {scrape_interval: 2s}\nscrape_configs:\n  - job_name: perfgate\n    honor_labels: true\n"
        f'    static_configs: [{{targets: ["127.0.0.1:{metrics}"]}}]\n',
        encoding="utf-8",
    )
    options = (f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data")
    with child(shutil.which("prometheus") or "prometheus", *options, f"--web.listen-address=127.0.0.1:{web}"):
        _wait_for(f"http://127.0.0.1:{web}/-/ready")
        yield


def _draw(prometheus: str) -> None:
    words = {}
    for number, expression in enumerate(GRAPHS):
        words |= {f"g{number}.expr": expression, f"g{number}.tab": "0", f"g{number}.range_input": f"{MINUTES + 1}m"}
        words |= {f"g{number}.step_input": "2"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1000, "height": 1100})
        tab.goto(f"{prometheus}/graph?{urllib.parse.urlencode(words)}", wait_until="networkidle")
        tab.wait_for_timeout(1500)  # its graphs draw themselves
        tab.screenshot(path=PICTURE)
        browser.close()


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{url} does not answer")


if __name__ == "__main__":
    main()
