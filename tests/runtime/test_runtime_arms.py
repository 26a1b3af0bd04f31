"""The arms of an A/B test: where tasks go, and what each arm has for itself."""

from __future__ import annotations

from itertools import pairwise

from perfgate.model.budget_file import Abort
from perfgate.recording.handover import Duet
from perfgate.recording.windows import Record, Window
from perfgate.runtime.process.abort import ErrorWatch
from perfgate.runtime.scenario.arms import NS_PER_SECOND, Arms
from perfgate.runtime.scenario.endpoint import Endpoint
from perfgate.runtime.scenario.values import between

BASE, HEAD = "http://127.0.0.1:1001", "http://127.0.0.1:1002/api"


def make_arms(**others) -> Arms:
    return Arms(Duet(base=BASE, head=HEAD, **others), lambda *_: None)


def drawn(arms: Arms, *offsets: float) -> list[str]:
    return [arms.draw(int(offset * NS_PER_SECOND)).name for offset in offsets]


def test_each_task_goes_to_either_arm_with_no_pattern():
    names = drawn(make_arms(), *range(4000))
    assert abs(names.count("base") - 2000) < 5 * 4000**0.5 / 2
    assert abs(sum(one == other for one, other in pairwise(names)) - 2000) < 5 * 4000**0.5 / 2


def test_two_runs_draw_differently():
    assert drawn(make_arms(), *range(64)) != drawn(make_arms(), *range(64))


def test_blocks_are_pairs_in_random_order_and_the_same_in_every_process():
    times = [block * 2.0 + inside for block in range(200) for inside in (0.0, 1.999)]
    names = drawn(make_arms(block=2.0, seed=7), *times)
    assert names == drawn(make_arms(block=2.0, seed=7), *times)
    blocks = [set(names[at : at + 2]) for at in range(0, len(names), 2)]
    assert all(len(block) == 1 for block in blocks)
    pairs = [names[at : at + 4 : 2] for at in range(0, len(names), 4)]
    assert all(sorted(pair) == ["base", "head"] for pair in pairs)
    assert 25 < pairs.count(["base", "head"]) < 75


def test_the_warm_up_is_for_both_at_once():
    names = drawn(make_arms(block=5.0), *[-at / 100 for at in range(1, 200)])
    assert {"base", "head"} == set(names[:50])


def test_an_endpoint_is_compiled_once_per_arm():
    base, head = make_arms().both
    endpoint = Endpoint("home", "GET", "/products/{id}", values={"id": between(1, 1)})
    for _ in range(3):
        sent = [arm.own(endpoint).message(arm.origin, {"id": 1}, "") for arm in (base, head)]
        assert sent[0].startswith(b"GET /products/1 HTTP/1.1\r\nHost: 127.0.0.1:1001\r\n")
        assert sent[1].startswith(b"GET /api/products/1 HTTP/1.1\r\nHost: 127.0.0.1:1002\r\n")
    assert base.own(endpoint) is base.own(endpoint) is not head.own(endpoint)


def test_one_hopeless_arm_ends_the_load():
    watch = ErrorWatch(Abort(errors=0.9, duration=2.0))
    for second in range(4):
        part = Record()
        for arm, failures in (("base", 0), ("head", 10)):
            window = Window()
            window.successes, window.failures = 10 - failures, {"status": failures}
            part.add(("endpoint", "home", arm, second), window)
        assert bool(watch.reason_to_abort(float(second), part)) == (second >= 2)


def test_what_is_recorded_is_the_arms():
    recorded = []
    base, head = Arms(Duet(base=BASE, head=HEAD), lambda *what: recorded.append(what)).both
    base.record(("endpoint", "home"), 1, "response", None)
    head.record(("journey", "buy"), 2, "response", None)
    assert recorded == [
        (("endpoint", "home", "base"), 1, "response", None),
        (("journey", "buy", "head"), 2, "response", None),
    ]
