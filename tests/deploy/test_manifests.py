"""The manifests of deploy/: their shape, and that the commands in them are commands of perfgate."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
HERE = Path(__file__).parent


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((DEPLOY / name).read_text(encoding="utf-8")))


def only(name: str, kind: str) -> dict[str, Any]:
    (found,) = (document for document in documents(name) if document["kind"] == kind)
    return found


@pytest.fixture
def entered(tmp_path):
    """What the image's entry point calls, given a container's arguments: a perfgate that tells its own."""
    told = tmp_path / "perfgate"
    told.write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    told.chmod(told.stat().st_mode | stat.S_IXUSR)

    def enter(*arguments: str) -> list[str]:
        environ = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(
            [DEPLOY / "entrypoint", *arguments], env=environ, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.splitlines()

    return enter


def understood(*words: str) -> dict[str, Any]:
    """What perfgate's own command line makes of a verb and its options."""
    from typer.main import get_command

    from perfgate.cli.app import app

    verb, *options = words
    command = get_command(app).commands[verb]
    return command.make_context(verb, list(options), resilient_parsing=False).params


# ---- Kubernetes' own kinds


def test_the_master_is_where_the_workers_look_for_it():
    service, job, workers = documents("kubernetes.yaml")
    assert [one["kind"] for one in (service, job, workers)] == ["Service", "Job", "Deployment"]
    assert [one["apiVersion"] for one in (service, job, workers)] == ["v1", "batch/v1", "apps/v1"]
    pod, worker = job["spec"]["template"], workers["spec"]["template"]
    assert service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    assert workers["spec"]["selector"]["matchLabels"] == worker["metadata"]["labels"]
    assert (pod["spec"]["restartPolicy"], job["spec"]["backoffLimit"]) == ("Never", 0)
    gate, load = pod["spec"]["containers"][0], worker["spec"]["containers"][0]
    asked, told = understood(*gate["args"]), understood(*load["args"])
    assert asked["workers"] == workers["spec"]["replicas"]
    assert told["master_host"] == service["metadata"]["name"]
    assert service["spec"]["ports"][0]["port"] == asked["master_port"] == told["master_port"]
    mounted = {mount["name"]: mount["mountPath"] for mount in gate["volumeMounts"]}
    assert str(asked["budget"].parent) == mounted[pod["spec"]["volumes"][0]["name"]]


def test_compose():
    (compose,) = documents("compose.yaml")
    gate, worker = compose["services"]["gate"], compose["services"]["worker"]
    assert understood(*shlex.split(gate["command"]))["workers"] == worker["deploy"]["replicas"]
    assert understood(*shlex.split(worker["command"]))["master_host"] == "gate"


# ---- operators


@pytest.mark.parametrize(("name", "version"), [("locust-operator.yaml", "v1"), ("locust-k8s-operator.yaml", "v2")])
def test_a_locust_test_is_as_its_operator_wants_it(name, version):
    test = only(name, "LocustTest")
    assert test["apiVersion"] == f"locust.io/{version}"
    schema = json.loads((HERE / f"locusttest-{version}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(test["spec"], schema)


def test_what_locusts_own_operator_starts(entered):
    """It says --master, or --worker and where the master is, and then `args` to both."""
    spec = only("locust-operator.yaml", "LocustTest")["spec"]
    args = shlex.split(spec["args"])
    asked = understood(*entered("--master", *args))
    assert asked["workers"] == spec["workers"]
    assert (str(asked["budget"]), asked["allow_remote"]) == ("/home/locust/budgets.yaml", True)
    told = understood(*entered("--worker", "--master-host", "perfgate-master", *args))
    assert told == {"master_host": "perfgate-master", "master_port": 5557}


def test_what_the_other_operator_starts(entered):
    """It puts its own options behind the command."""
    spec = only("locust-k8s-operator.yaml", "LocustTest")["spec"]
    own = ("--autostart", "--autoquit", "60", "--enable-rebalancing", "--only-summary")
    given = ("--master", "--master-port=5557", f"--expect-workers={spec['worker']['replicas']}", *own)
    asked = understood(*entered(*spec["master"]["command"].split(), *given))
    assert (asked["workers"], asked["master_port"]) == (spec["worker"]["replicas"], 5557)
    assert str(asked["budget"].parent) == spec["testFiles"]["srcMountPath"]
    (mount,) = spec["volumeMounts"]
    assert mount["name"] == spec["volumes"][0]["name"]
    assert str(asked["out"]).startswith(f"{mount['mountPath']}/")
    given = ("--worker", "--master-port=5557", "--master-host=perfgate-master")
    told = understood(*entered(*spec["worker"]["command"].split(), *given))
    assert told == {"master_host": "perfgate-master", "master_port": 5557}


@pytest.mark.parametrize(
    "arguments", [["run", "--budget", "my budgets.yaml", "--workers", "2"], ["--help"], ["gate", "latest"], []]
)
def test_perfgates_own_verbs_pass_through_the_entry_point(entered, arguments):
    assert entered(*arguments) == arguments


def test_the_image_has_the_entry_point():
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "COPY deploy/entrypoint /usr/local/bin/entrypoint" in lines
    assert 'ENTRYPOINT ["entrypoint"]' in lines
    assert os.access(DEPLOY / "entrypoint", os.X_OK)


def test_nothing_runs_as_root():
    """Kubernetes knows the user of an image by its number alone."""
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert lines.index("USER 1000:1000") < lines.index('ENTRYPOINT ["entrypoint"]')
    assert not any(line.startswith("RUN") for line in lines[lines.index("USER 1000:1000") :])
    _, job, workers = documents("kubernetes.yaml")
    pods = [one["spec"]["template"]["spec"] for one in (job, workers)]
    assert [pod["securityContext"] for pod in pods] == [{"runAsNonRoot": True}] * 2
    (compose,) = documents("compose.yaml")
    assert {one["user"] for one in compose["services"].values()} == {"${RUN_AS:-1000:1000}"}
