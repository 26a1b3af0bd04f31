"""The known faults of the shop's front page, each found in one view beside the page without it, with its part."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bench.pages import shop
from bench.pages.__main__ import viewed
from bench.pages.truth import TRUTH, Fault
from perfgate.pages import browser, summary, view
from perfgate.pages.browser import Browser
from perfgate.pages.visit import Purpose

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium")]
EXACT = ("shift", "big-bundle")  # whose size no machine changes
LATE_RATIO = 0.7  # of the least: a machine that is busy in the view of the sound page hides some of it


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.launch(os.environ) as launched:
        yield launched


def seen(chromium: Browser, url: str, fault: Fault, purpose: Purpose) -> tuple[float, float]:
    """The metric and the part that a fault moves."""
    looked = viewed(chromium, url, purpose)
    return view.metrics(looked)[fault.metric], fault.part(summary.detail("home", "", [replace(looked, coverage=None)]))


@pytest.mark.parametrize("name", TRUTH)
def test_a_known_fault_moves_its_metric_and_its_part(chromium: Browser, name: str) -> None:
    fault = TRUTH[name]
    purpose = Purpose(coverage=fault.metric in ("unused_js", "cls"))
    with shop.running() as sound, shop.running(name) as faulty:
        before, part_before = seen(chromium, sound, fault, purpose)
        now, part = seen(chromium, faulty, fault, purpose)

    least = fault.least * (1 if name in EXACT else LATE_RATIO)
    least_part = fault.least_part * (1 if name in EXACT else LATE_RATIO)
    assert now - before >= least, (before, now)
    assert part - part_before >= least_part, (part_before, part)
    if name in EXACT:
        assert now - before <= fault.most
        assert part - part_before <= fault.most_part
