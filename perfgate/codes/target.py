"""Codes of the target, the service and the proxy (T), and of an A/B test's base (A)."""

from __future__ import annotations

from collections.abc import Mapping

from perfgate.codes.entry import CodeEntry

CODES: Mapping[str, CodeEntry] = {
    "PG-T001": CodeEntry(
        "The target is not this machine, and load on it is not allowed.",
        "A load test of somebody else's machine is an attack.",
        "target: https://shop.example",
        "If it is yours to load: `allow: [shop.example]` in the budget file, or `--allow-remote`.",
    ),
    "PG-T002": CodeEntry(
        "The target is down.",
        "Nothing accepts connections at its host and port.",
        "The target http://127.0.0.1:8000 is down",
        "Start it, name another with `--target URL`, or let perfgate start it: `service: {command: ..., port: ...}`.",
    ),
    "PG-T003": CodeEntry(
        "The target is not a URL.",
        "It needs http:// or https://, a host, and a valid port.",
        "perfgate run --target localhost:8000",
        "Write `http://localhost:8000`.",
    ),
    "PG-T004": CodeEntry(
        "The proxy is down.",
        "HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names one that does not answer.",
        "HTTP_PROXY=http://127.0.0.1:3128",
        "Start it, unset the variable, or except the target: `NO_PROXY=host`.",
    ),
    "PG-T005": CodeEntry(
        "The service's port is taken.",
        "perfgate would measure that instead of the service.",
        "a development server left running",
        "Stop it, let the command take its port as `${PORT}`, or leave `service` out.",
    ),
    "PG-T006": CodeEntry(
        "The service did not start, was not ready in time, or ended during the load.",
        "Its last lines stand in the message; most often a dependency or a variable is missing.",
        "The service ended at once, with exit code 1.",
        "Run the command by hand, in the folder of the budget file. Slow starts: `service: {ready: /path, ready_timeout: 60s}`.",
    ),
    "PG-T007": CodeEntry(
        "The set-up of the service failed.",
        "The command under `service: {setup: ...}` ended with an error, or took too long.",
        "setup: pip install -e .",
        "Run it by hand in a fresh checkout; its log is named in the message.",
    ),
    "PG-T008": CodeEntry(
        "A proxy variable cannot be used.",
        "perfgate speaks to HTTP proxies; SOCKS is not supported.",
        "ALL_PROXY=socks5://127.0.0.1:1080",
        "Name an HTTP proxy, or except the target: `NO_PROXY=host`.",
    ),
    "PG-T010": CodeEntry(
        "The target's certificate is not trusted, or it does not speak TLS.",
        "It is self-signed, expired or for another host, or the server speaks plain HTTP or an old version of TLS.",
        "The certificate of https://127.0.0.1:8443 is not trusted: self-signed certificate",
        "Name the authority: `tls: {ca: ca.pem}`, the host: `tls: {server_name: HOST}`, or `tls: {insecure: true}`.",
    ),
    "PG-T015": CodeEntry(
        "The target speaks HTTP/2 alone.",
        "Its TLS refuses http/1.1 (ALPN). perfgate times requests by the kernel's clock over HTTP/1.1, where each answer "
        "has its own last packet; HTTP/2 is spoken for gRPC.",
        "https://127.0.0.1:8443 speaks HTTP/2 alone, and perfgate measures by HTTP/1.1 (HTTP/2 for gRPC).",
        "Let the server offer http/1.1 too, or measure the plain port behind the proxy that ends TLS.",
    ),
    "PG-T011": CodeEntry(
        "The proxy does not connect to the target.",
        "HTTPS_PROXY or ALL_PROXY names a proxy that refuses the target.",
        "The proxy proxy.example port 3128 does not connect to shop.example:443: HTTP/1.1 403 Forbidden",
        "Allow it there, unset the variable, or except the target: `NO_PROXY=shop.example`.",
    ),
    "PG-T012": CodeEntry(
        "The target speaks TLS, and its address begins with http://.",
        "Every request was refused or cut off, and a TLS handshake with the same port succeeds.",
        "No request succeeded, and 127.0.0.1 port 8443 speaks TLS: http://127.0.0.1:8443 is an https:// target.",
        "Write https:// in `target`, or name the port that speaks plain HTTP.",
    ),
    "PG-T013": CodeEntry(
        "Chromium stopped while it viewed a page, three times.",
        "It lacked memory, or something ended it.",
        "Chromium stopped while it viewed page product.",
        "`dmesg` says whether memory ran out; give the container or the runner more.",
    ),
    "PG-T014": CodeEntry(
        "The gRPC server has no reflection, and the budget file names no .proto file.",
        "Without either nobody knows what the methods take and give; nothing was sent.",
        "The gRPC server http://127.0.0.1:50051 has no reflection: it does not say what its methods take.",
        "Name the file: `grpc: {proto: shop.proto}`, or switch reflection on in the server.",
    ),
    "PG-A001": CodeEntry(
        "An A/B test by branch needs git.",
        "git is not installed, or this folder is in no repository.",
        "perfgate run --base-ref main (outside a repository)",
        "Run it in a checkout, or compare what runs already: `--base URL`.",
    ),
    "PG-A002": CodeEntry(
        "There is no such branch, tag or commit.",
        "It is misspelt, or the clone is shallow and does not have it.",
        "perfgate run --base-ref mian",
        "Correct it, or fetch it first: `git fetch origin main`; in GitHub Actions `fetch-depth: 0`.",
    ),
    "PG-A003": CodeEntry(
        "There is no commit to compare with.",
        "The repository is new, or a shallow clone lacks the common ancestor.",
        "HEAD and main have no commit in common here.",
        "`fetch-depth: 0` for actions/checkout, or GIT_DEPTH: 0 in GitLab.",
    ),
    "PG-A004": CodeEntry(
        "The base cannot be checked out.",
        "git refused, took too long, or the remote does not answer.",
        "git cannot check out origin/main",
        "The lines of git say why; try the same by hand.",
    ),
    "PG-A005": CodeEntry(
        "There is no service that perfgate could start twice.",
        "An A/B test by branch runs base and head itself.",
        "perfgate run --base-ref main (without `service`)",
        "Add `service: {command: ... --port ${PORT}, port: ...}`, or compare two that run: `--base URL`.",
    ),
    "PG-A006": CodeEntry(
        "Base and head would take the same port.",
        "The command names its port, or the target is not at the service's port.",
        "command: python app.py --port 8000",
        "Write `--port ${PORT}` and let the target name the same port.",
    ),
    "PG-A007": CodeEntry(
        "A hand-written scenario sends to one target only.",
        "Plain Locust users do not know of base and head.",
        "class Shop(HttpUser)",
        "Use perfgate.runtime.Visitor in the scenario, or compare with the history.",
    ),
    "PG-T009": CodeEntry(
        "No browser could be started, so pages cannot be viewed.",
        "`pages` need a Chromium or Chrome on this machine, and the package playwright; perfgate downloads neither.",
        "pages: {home: /}",
        "`pip install 'perfgate[browser]'` and `apt-get install chromium`, or name the browser: PERFGATE_CHROMIUM=PATH.",
    ),
}
