"""The path that the proposed `service` is asked for: one that the application has."""

from __future__ import annotations

import pytest

from perfgate.init.proposal import Endpoint, FileProposal
from perfgate.init.writing import Context, write


def endpoint(path: str, method: str = "GET", **others) -> Endpoint:
    return Endpoint(name=f"{method} {path}", method=method, path=path, **others)


@pytest.mark.parametrize(
    ("endpoints", "ready"),
    [
        ([endpoint("/pets/{id}"), endpoint("/pets"), endpoint("/owners")], "/pets"),
        ([endpoint("/pets"), endpoint("/")], "/"),
        ([endpoint("/pets"), endpoint("/healthz")], "/healthz"),
        ([endpoint("/pets", "POST"), endpoint("/me", headers={"Authorization": "Bearer ${TOKEN}"})], "/"),
        ([], "/"),
    ],
)
def test_a_service_is_asked_for_a_path_that_it_has(endpoints: list[Endpoint], ready: str):
    text = write(
        FileProposal(endpoints=tuple(endpoints)),
        Context(source="openapi.json", services=[("Procfile", "run --port ${PORT}")], start_service=True),
    )

    assert f"\n  ready: {ready}\n" in text
