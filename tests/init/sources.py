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

INSOMNIA = """type: collection.insomnia.rest/5.0
name: Shop
collection:
  - name: Products
    environment: {path: "{{ _.root }}/products"}
    authentication: {type: bearer, token: "{{ _.shopToken }}"}
    children:
      - {name: List, method: GET, url: "{{ _.base }}{{ _.path }}", parameters: [{name: page, value: "1"}]}
      - {name: Show, method: GET, url: "{{ _.base }}{{ _.path }}/:id", pathParameters: [{name: id, value: "7"}]}
      - name: Add
        method: POST
        url: "{{ _.base }}{{ _.path }}"
        body: {mimeType: application/json, text: '{"name": "{{ _.productName }}", "password": "pa55word-secret"}'}
      - {name: Chained, method: GET, url: "{{ _.base }}/{% response 'body', 'req_1', '$.id' %}"}
environments:
  name: Base Environment
  data: {root: /api, shopToken: collection-secret}
  subEnvironments:
    - {name: local, data: {base: "http://127.0.0.1:9000"}}
    - {name: production, data: {base: "https://shop.example"}}
"""

K6 = """import http from 'k6/http';
import { check, sleep } from 'k6';

const BASE = __ENV.BASE || 'http://127.0.0.1:9000';
export const options = {
  scenarios: { browse: { executor: 'constant-arrival-rate', rate: 20, timeUnit: '1s', duration: '2m' } },
  thresholds: { http_req_duration: ['p(95)<300'], http_req_failed: ['rate<0.02'], 'http_req_duration{name:list}': ['p(95)<100'] },
};

export default function () {
  const res = http.get(`${BASE}/products?page=1`, { tags: { name: 'list' } });
  check(res, { 'is fine': (r) => r.status === 200 });
  http.post(`${BASE}/login`, JSON.stringify({ user: 'ann', password: 'pa55word-secret' }), {
    headers: { Authorization: 'Bearer curl-secret-token' },
  });
  http.get(`${BASE}/products/${res.json().id}`);
  sleep(1);
}
"""


def sampler(title: str, path: str = "/", method: str = "GET", below: str = "", **properties: str) -> str:
    """An HTTP sampler of a JMeter plan, with what stands below it."""
    own = {"path": path, "method": method, **properties}
    written = "".join(f'<stringProp name="HTTPSampler.{name}">{value}</stringProp>' for name, value in own.items())
    return f'<HTTPSamplerProxy testname="{title}">{written}</HTTPSamplerProxy><hashTree>{below}</hashTree>'


def thread_group(title: str, inner: str, threads: str = "10", **properties: str) -> str:
    """A thread group of a JMeter plan: `ramp_time`, `scheduler` and `duration` are properties."""
    own = {"num_threads": threads, **properties}
    written = "".join(f'<stringProp name="ThreadGroup.{name}">{value}</stringProp>' for name, value in own.items())
    return f'<ThreadGroup testname="{title}">{written}</ThreadGroup><hashTree>{inner}</hashTree>'


def jmx(*elements: str) -> str:
    """A test plan with these elements."""
    plan = '<TestPlan testname="Plan"/>'
    inner = "".join(elements)
    return f'<jmeterTestPlan version="1.2"><hashTree>{plan}<hashTree>{inner}</hashTree></hashTree></jmeterTestPlan>'


def argument(name: str, value: str) -> str:
    """An argument of a sampler, or a user defined variable."""
    named = f'<stringProp name="Argument.name">{name}</stringProp>'
    return f'<elementProp>{named}<stringProp name="Argument.value">{value}</stringProp></elementProp>'


JMX_DEFAULTS = (
    '<ConfigTestElement guiclass="HttpDefaultsGui" testname="Defaults"><stringProp name="HTTPSampler.domain">127.0.0.1'
    '</stringProp><stringProp name="HTTPSampler.port">9000</stringProp></ConfigTestElement><hashTree/>'
)
JMX_HEADERS = (
    '<HeaderManager testname="Headers"><collectionProp name="HeaderManager.headers"><elementProp><stringProp '
    'name="Header.name">Authorization</stringProp><stringProp name="Header.value">Bearer curl-secret-token</stringProp>'
    "</elementProp></collectionProp></HeaderManager><hashTree/>"
)
JMETER = jmx(
    JMX_DEFAULTS,
    JMX_HEADERS,
    thread_group(
        "Visitors",
        sampler("List", "/products?page=1")
        + sampler("Show", "/products/7")
        + '<JSR223Sampler testname="Groovy"/><hashTree/>',
        scheduler="true",
        duration="120",
    ),
)

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
    "insomnia": ("Insomnia_shop.yaml", INSOMNIA),
    "jmeter": ("shop.jmx", JMETER),
    "k6": ("shop.js", K6),
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
