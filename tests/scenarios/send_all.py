"""Imports generated scenarios with real Locust and performs each of their tasks once, with a new user each.

`python send_all.py URL SCENARIO...`: the server at URL is told of the start of each task. Prints, as JSON, what every
scenario reported: the names of its requests and journeys, and what failed. Run apart, because Locust patches the process.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from http.client import HTTPConnection
from typing import Any

from locust.env import Environment
from locust.exception import RescheduleTask, StopUser

from perfgate.runtime import Visitor
from perfgate.runtime.process import joining

MARK = "/-/mark"


def main(url: str, paths: list[str]) -> list[dict[str, Any]]:
    connection = HTTPConnection(url.removeprefix("http://"))
    return [send_all(load(path, f"scenario_{number}"), connection) for number, path in enumerate(paths)]


def load(path: str, name: str) -> type[Visitor]:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return next(value for value in vars(module).values() if isinstance(value, type) and value.__module__ == name)


def send_all(scenario: type[Visitor], connection: HTTPConnection) -> dict[str, Any]:
    environment = Environment(user_classes=[scenario])
    joining.on_init(environment)
    names: list[str] = []
    failures: list[str] = []

    def on_request(name: str, exception: Exception | None, **_: Any) -> None:
        names.append(name)
        if exception is not None:
            failures.append(f"{name}: {exception}")

    environment.events.request.add_listener(on_request)
    for task in dict.fromkeys(scenario.tasks):
        connection.request("GET", MARK)
        connection.getresponse().read()
        visitor = scenario(environment)
        try:
            task(visitor)
        except (RescheduleTask, StopUser):
            pass  # the listener has heard of it
        finally:
            visitor.on_stop()
    return {"names": names, "failures": failures}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2:])))
