"""One example of each format, for the contract test and those of the formats."""

from __future__ import annotations

import json
from pathlib import Path

DOCUMENTS = Path(__file__).parent / "documents"


def har() -> str:
    def entry(
        page: str, start: str, url: str, *, kind: str = "document", method: str = "GET", **request: object
    ) -> dict:
        return {
            "pageref": page,
            "startedDateTime": f"2026-01-01T10:00:{start}Z",
            "time": 100,
            "_resourceType": kind,
            "request": {"method": method, "url": url, "headers": [], **request},
            "response": {"status": 200, "content": {"mimeType": "text/html"}},
        }

    site = "http://127.0.0.1:8765"
    secret = [
        {"name": "Authorization", "value": "Bearer abc123secret"},
        {"name": "Cookie", "value": "sid=cookiesecret"},
    ]
    login = {"mimeType": "application/json", "text": json.dumps({"user": "ann", "password": "pa55word-secret"})}
    entries = [
        entry("p1", "00.000", f"{site}/"),
        entry("p1", "00.200", f"{site}/app.js", kind="script"),
        entry("p1", "00.300", "https://cdn.example/x.css", kind="stylesheet"),
        entry("p1", "03.100", f"{site}/api/search?q=a%20b&token=query-secret", kind="fetch", headers=secret),
        entry("p2", "10.000", f"{site}/login", method="POST", kind="fetch", postData=login),
        entry("p2", "12.100", f"{site}/"),
    ]
    pages = [{"id": "p1", "title": f"{site}/home"}, {"id": "p2", "title": "Sign in"}]
    return json.dumps({"log": {"pages": pages, "entries": entries}})


def access_log() -> str:
    def line(second: int, request: str, status: int = 200) -> str:
        return f'10.0.0.1 - ann [01/Jan/2026:10:00:{second:02} +0000] "{request} HTTP/1.1" {status} 512 "-" "curl/8"'

    lines = [line(number % 60, f"GET /items/{number % 7 + 1}") for number in range(60)]
    lines += [line(number, f"GET /search?q={word}&page=1") for number, word in enumerate(["tea", "pot", "tea"] * 10)]
    lines += [line(1, "POST /orders", 201), line(2, "GET /gone", 404), line(3, "GET /app.css"), "nonsense"]
    return "\n".join(lines) + "\n"


POSTMAN = {
    "info": {"name": "Shop", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
    "variable": [
        {"key": "base", "value": "http://127.0.0.1:9000/api"},
        {"key": "apiToken", "value": "collection-secret"},
    ],
    "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{apiToken}}"}]},
    "item": [
        {
            "name": "Products",
            "item": [
                {"name": "List", "request": {"method": "GET", "url": {"raw": "{{base}}/products?page=1"}}},
                {
                    "name": "Show",
                    "request": {
                        "method": "GET",
                        "url": {"raw": "{{base}}/products/:id", "variable": [{"key": "id", "value": "7"}]},
                    },
                },
                {
                    "name": "Add",
                    "request": {
                        "method": "POST",
                        "url": "{{base}}/products",
                        "body": {
                            "mode": "raw",
                            "raw": '{"name": "{{productName}}"}',
                            "options": {"raw": {"language": "json"}},
                        },
                    },
                },
            ],
        }
    ],
}

CURL = r"""
$ curl 'http://127.0.0.1:9000/search?q=tea' -H 'Accept: application/json' -H 'Authorization: Bearer curl-secret-token'
curl -X POST http://127.0.0.1:9000/orders \
  -H 'Content-Type: application/json' \
  --data-raw '{"product": 7, "note": "a{b}"}' --compressed | jq .
curl -u ann:pa55word-secret http://127.0.0.1:9000/me
curl -F photo=@cat.png http://127.0.0.1:9000/photos
"""

LOCUSTFILE = """from locust import HttpUser, between, task


class Visitor(HttpUser):
    host = "http://127.0.0.1:9000"
    wait_time = between(1, 2)

    @task
    def look(self):
        self.client.get("/")
        self.client.get(f"/items/{id(self)}", name="show item")
        self.client.get(f"/items/{id(self)}")
"""

EXAMPLES = {
    "openapi": ("shop.yaml", (DOCUMENTS / "shop.yaml").read_text()),
    "har": ("visit.har", har()),
    "postman": ("shop.postman_collection.json", json.dumps(POSTMAN)),
    "locustfile": ("locustfile.py", LOCUSTFILE),
    "curl": ("stdin", CURL),
    "access-log": ("access.log", access_log()),
}
SECRETS = (
    "abc123secret",
    "cookiesecret",
    "query-secret",
    "pa55word-secret",
    "collection-secret",
    "curl-secret-token",
    "YW5uOnBhNTV3b3JkLXNlY3JldA==",
)
