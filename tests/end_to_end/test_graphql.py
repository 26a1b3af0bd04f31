"""GraphQL: operations of a file, queries that the server knows by their hash, and payloads by client."""

from __future__ import annotations

import hashlib
import json
import socket
from collections import Counter
from threading import Lock
from typing import Any

import servers
from projects import Project

DOCUMENT = """
query Search($q: String!) { search(q: $q) { ...Card } }
mutation Order { order { id } }
fragment Card on Product { id }
"""
FILE = """
version: 1
target: {target}
load: {{rate: 30/s, duration: 2s}}
gate: {{probe: false}}
endpoints:
  Search:
    request: POST /graphql
    graphql: {{file: shop.graphql, persisted: true}}
    variables: {{q: tea}}
    clients: {{header: apollographql-client-name, names: {{web: {{weight: 2}}, ios: {{budget: {{size: 100B}}}}}}}}
    budget: {{size: 10kB, errors: 5%}}
  Order: {{request: POST /graphql, graphql: {{file: shop.graphql}}, budget: {{errors: 5%}}}}
"""


class Persisting:
    """Knows a query by its SHA-256 once it was sent, and answers each client with a payload of its own size."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.sent: Counter[tuple[str, str]] = Counter()  # operation, and what was sent of it
        self._lock = Lock()

    def __call__(self, behaviour: servers.Behaviour, connection: socket.socket) -> None:
        while data := behaviour.read(connection):
            head, _, body = data.partition(b"\r\n\r\n")
            answer = self._answer(head.lower(), json.loads(body)) if body else {}
            content = json.dumps(answer).encode()
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content))

    def _answer(self, head: bytes, message: dict[str, Any]) -> dict[str, Any]:
        query, persisted = message.get("query"), message.get("extensions", {}).get("persistedQuery", {})
        digest = persisted.get("sha256Hash", "")
        with self._lock:
            self.sent[message["operationName"], "both" if query and digest else "hash" if digest else "query"] += 1
            if query and digest:
                assert hashlib.sha256(query.encode()).hexdigest() == digest
                self.known[digest] = query
            if digest and digest not in self.known:
                return {"errors": [{"message": "PersistedQueryNotFound"}]}
        if message["operationName"] == "Order":
            return {"errors": [{"message": "out of stock"}]}
        return {"data": "x" * (50 if b"client-name: ios" in head else 5000)}


def test_persisted_queries_and_payloads_by_client(project: Project):
    server = Persisting()
    with servers.serving(server) as (url, _):
        project.write(DOCUMENT, "shop.graphql")
        project.write(FILE.format(target=url))
        done = project.perfgate("run")

    assert done.returncode == 1, done.stdout + done.stderr  # by Order alone
    results = {one["name"]: one for one in project.run()["endpoints"]}
    web, ios, order = results["Search (web)"], results["Search (ios)"], results["Order"]
    assert (web["requests"], ios["requests"], order["requests"]) == (20, 10, 30)
    assert web["failures"] == ios["failures"] == 0
    assert 5000 < web["metrics"]["size"] < 5200
    assert 50 < ios["metrics"]["size"] < 100
    [known] = server.known.values()
    assert "...Card" in known
    assert "fragment Card" in known
    assert "mutation" not in known
    assert server.sent["Search", "both"] >= 1
    assert server.sent["Search", "hash"] == 30
    assert order["failures"] == 30
    assert order["failure_examples"] == ["graphql: 'out of stock'"]
    found = {(one["endpoint"], one["metric"]): one["outcome"] for one in project.verdict()["findings"]}
    assert found["Search (ios)", "size"] == found["Search (web)", "size"] == "pass"
