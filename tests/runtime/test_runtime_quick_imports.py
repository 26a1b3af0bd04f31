"""Imports of a process that loads Locust: no garbage collection, and one list of the installed packages."""

from __future__ import annotations

import gc
from importlib import metadata

import pytest

from perfgate.runtime.process.quick_imports import quick_imports


@pytest.fixture(autouse=True)
def unfrozen():
    yield
    gc.unfreeze()


def test_packages_are_listed_once_and_found_alike(monkeypatch: pytest.MonkeyPatch):
    groups = ("console_scripts", "gevent.plugins.monkey.will_patch_all", "no.such.group")
    expected = [set(metadata.entry_points(group=group)) for group in groups]
    listed = []
    real = metadata.entry_points
    monkeypatch.setattr(metadata, "entry_points", lambda **selection: listed.append(selection) or real(**selection))

    with quick_imports():
        assert [set(metadata.entry_points(group=group)) for group in groups] == expected
        assert set(metadata.entry_points().select(group=groups[0])) == expected[0]

    assert listed == [{}]
    metadata.entry_points(group="console_scripts")
    assert listed == [{}, {"group": "console_scripts"}]


def test_the_collector_rests_until_the_end_whatever_it_is():
    resting = []

    def broken() -> None:
        with quick_imports():
            resting.append(not gc.isenabled())
            raise ImportError

    with pytest.raises(ImportError):
        broken()
    assert resting == [True]
    assert gc.isenabled()
