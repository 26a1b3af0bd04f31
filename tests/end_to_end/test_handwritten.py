"""Existing locustfiles run as they are, and their requests are judged beside the generated ones."""

from __future__ import annotations

import pytest
from projects import Project, Shop

LOCUSTFILE = """
from locust import FastHttpUser, HttpUser, between, constant, task


class Browser(HttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        self.client.post("/login", json={"user": "user1", "password": "demo"}, name="log in")

    @task
    def products(self):
        self.client.get("/products?page=2", name="list products")

    @task
    def missing(self):
        with self.client.get("/products/999999", name="missing", catch_response=True) as answer:
            if answer.status_code == 404:
                answer.success()


class Quick(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def search(self):
        self.client.get("/search?q=lamp", name="/search")

    @task
    def broken(self):
        self.client.get("/products/999999", name="broken")
"""

BUDGETS = """
version: 1
name: shop
target: {target}
load: {{{load}, warmup: 500ms, duration: 2s}}
scenarios: [locust/shop.py]
endpoints:
  home: {{request: GET /, budget: {{errors: 40%}}}}
  list products: {{budget: {{p95: 9s, errors: 40%}}}}
  GET /search: {{budget: {{p95: 9s}}}}
  broken: {{budget: {{errors: 1%}}}}
  never: {{budget: {{p95: 2s}}}}
"""


@pytest.mark.parametrize(
    ("load", "processes"),
    [pytest.param("users: 6", "1", marks=pytest.mark.slow), ("users: 6", "2"), ("rate: 60/s", "2")],
)
def test_their_requests_are_recorded_completely_and_judged_by_name(
    project: Project, shop: Shop, load: str, processes: str
):
    project.write(BUDGETS.format(target=shop.url, load=load))
    project.write(LOCUSTFILE, "locust/shop.py")
    shop.reset()

    done = project.perfgate("run", "--processes", processes)

    assert done.returncode == 1, done.stderr
    findings = {(one["endpoint"], one["metric"]): one["outcome"] for one in project.verdict()["findings"]}
    few = [("list products", "p95"), ("GET /search", "p95"), ("list products", "errors"), ("home", "errors")]
    for finding in few:  # in 2 s there may be too few requests to be sure
        assert findings.pop(finding) in ("pass", "inconclusive")
    assert findings == {
        ("broken", "errors"): "fail",
        ("never", "p95"): "no-data",
    }
    run = project.run()
    results = {one["name"]: one for one in run["endpoints"]}
    assert results["missing"]["failures"] == 0 < results["missing"]["requests"]
    assert results["broken"]["failures_by_kind"] == {"status": results["broken"]["requests"]}
    total = sum(one["requests"] for one in run["endpoints"]) + run["warmup_requests"] + run["after_requests"]
    assert total == shop.stats()["total"]


def test_a_file_without_requests_of_its_own_needs_only_the_scenario(project: Project, shop: Shop):
    project.write(LOCUSTFILE, "shop.py")
    project.write(f"""
version: 1
target: {shop.url}
load: {{users: 4, duration: 1s}}
scenarios: [shop.py]
endpoints:
  list products: {{budget: {{p95: 9s}}}}
""")

    done = project.perfgate("run")

    assert done.returncode == 0, done.stderr
    assert not (project.runs[-1] / "scenario.py").exists()


def test_exceptions_of_a_locustfile_leave_kept_limits_in_doubt(project: Project, shop: Shop):
    project.write(
        "from locust import HttpUser, task\n\nclass Visitor(HttpUser):\n    @task\n    def home(self):\n"
        "        self.client.get('/products', name='list products')\n        raise LookupError('no token')\n",
        "shop.py",
    )
    project.write(f"""
version: 1
target: {shop.url}
load: {{users: 4, duration: 2s}}
gate: {{probe: false}}
scenarios: [shop.py]
endpoints:
  list products: {{budget: {{p95: 9s}}}}
""")

    done = project.perfgate("run")

    (finding,) = project.verdict()["findings"]
    assert (finding["outcome"], finding["code"]) == ("inconclusive", "PG-V015")
    assert "PASS" not in done.stdout
    assert "shop.py:7, in home: no token" in done.stdout


def test_a_taskset_under_a_rate_is_refused_with_the_way_out(project: Project, shop: Shop):
    project.write(
        "from locust import HttpUser, TaskSet, task\n\nclass Steps(TaskSet):\n    @task\n    def home(self):\n"
        "        self.client.get('/')\n\nclass Visitor(HttpUser):\n    tasks = [Steps]\n",
        "shop.py",
    )
    project.write(
        f"version: 1\ntarget: {shop.url}\nload: {{rate: 10/s, duration: 1s}}\nscenarios: [shop.py]\n"
        "endpoints: {/: {budget: {p95: 2s}}}\n"
    )

    done = project.perfgate("run")

    assert done.returncode == 3
    assert "uses a TaskSet" in done.stderr
    assert "load: {users: ...}" in done.stderr


def test_a_locustfile_without_users_is_named(project: Project, shop: Shop):
    project.write("import time\n", "empty.py")
    project.write(
        f"version: 1\ntarget: {shop.url}\nload: {{users: 4, duration: 1s}}\nscenarios: [empty.py]\n"
        "defaults: {budget: {errors: 1%}}\n"
    )

    done = project.perfgate("run")

    assert done.returncode == 3
    assert "There is no class of users in empty.py" in done.stderr
    assert "Locust ended" not in done.stderr


def test_defaults_hold_for_names_that_only_the_locustfile_knows(project: Project, shop: Shop):
    project.write(LOCUSTFILE, "shop.py")
    project.write(f"""
version: 1
target: {shop.url}
load: {{users: 4, duration: 1s}}
scenarios: [shop.py]
defaults: {{budget: {{errors: 1%}}}}
""")

    done = project.perfgate("run")

    assert done.returncode == 1, done.stderr
    findings = {(one["endpoint"], one["metric"]): one["outcome"] for one in project.verdict()["findings"]}
    assert findings["broken", "errors"] == "fail"
    assert {("missing", "errors"), ("list products", "errors")} <= set(findings)


def test_a_run_that_nothing_judges_is_no_pass(project: Project, shop: Shop):
    project.write(LOCUSTFILE, "shop.py")
    project.write(f"version: 1\ntarget: {shop.url}\nload: {{users: 4, duration: 1s}}\nscenarios: [shop.py]\n")

    done = project.perfgate("run")

    assert done.returncode == 3
    assert "NO DATA: no budget was judged" in done.stdout
    assert "`defaults: {budget:" in done.stdout
