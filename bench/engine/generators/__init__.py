"""The tools, one file each."""

from __future__ import annotations

from bench.engine.generators.artillery import Artillery
from bench.engine.generators.hey import Hey
from bench.engine.generators.k6 import K6
from bench.engine.generators.locust import Locust
from bench.engine.generators.perfgate import Perfgate
from bench.engine.generators.wrk import Wrk
from bench.engine.job import Generator

ALL: dict[str, Generator] = {
    generator.name: generator
    for generator in (
        Perfgate(),
        Locust("FastHttpUser"),
        Locust("HttpUser"),
        K6(),
        Artillery(),
        Hey(),
        Wrk(),
    )
}
