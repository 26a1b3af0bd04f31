"""The runner probe beside a real load."""

from __future__ import annotations

from projects import Project, Shop

from perfgate.recording import handover
from perfgate.runner.reference import samples

BUDGETS = """
version: 1
target: {target}
load: {{rate: 40/s, warmup: 500ms, duration: 2s}}
endpoints:
  list products: {{request: GET /products, budget: {{p95: 9s}}}}
gate: {{probe: {probe}}}
"""


def test_every_run_has_a_probe(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=shop.url, probe="true"))

    done = project.perfgate("run")

    probe = project.run()["probe"]
    kept = samples.read(project.runs[-1] / handover.PROBE)
    assert done.returncode == 0, done.stderr
    assert probe["samples"] == sum(0 <= sample.at < 2 for sample in kept) > 0
    assert 0 < probe["p50"] <= probe["p95"]
    assert probe["beside_target"] is True


def test_but_not_when_it_is_left_out(project: Project, shop: Shop):
    project.write(BUDGETS.format(target=shop.url, probe="false"))

    done = project.perfgate("run")

    assert done.returncode == 0, done.stderr
    assert project.run()["probe"] is None
    assert not (project.runs[-1] / handover.PROBE).exists()
