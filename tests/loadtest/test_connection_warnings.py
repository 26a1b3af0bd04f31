"""What a run says of its connections."""

from __future__ import annotations

from perfgate.loadtest.locust.connection_warnings import connection_warnings
from perfgate.model.run import Generator
from perfgate.recording.handover import LoadResult
from perfgate.text.notes import bare


def warnings(resends=None, unsent=None, addresses=None, remarks=()) -> list[str]:
    resends = resends or {}
    generator = Generator(resends=sum(resends.values()), unsent=unsent or {}, addresses=addresses or {})
    result = LoadResult(
        started="", began=0.0, duration=1.0, interrupted=False, resends=resends, remarks=remarks, generator=generator
    )
    return list(map(bare, connection_warnings(result)))


def test_nothing_odd_is_not_worth_a_word():
    assert warnings(addresses={"10.0.0.1": 500}) == []


def test_requests_that_were_sent_again():
    assert warnings(resends={"a": 1, "b": 1200, "c": 2, "d": 1, "e": 1}) == [
        "1,205 requests had to be sent again, because the server had closed the connection before the request came: "
        "b 1,200 times, c 2 times, a once and 2 more endpoints."
    ]


def test_what_the_generator_lacked():
    assert warnings(unsent={"files": 3}) == [
        "3 requests could not be sent by the load generator: no file descriptor was free for another connection; raise "
        "the limit (`ulimit -n 65536`), or use fewer virtual users or more machines."
    ]


def test_several_addresses():
    many = {f"10.0.0.{number}": 1 for number in range(1, 11)}
    assert warnings(addresses={"10.0.0.2": 80, "10.0.0.1": 81}) == [
        "The target has 2 addresses; connections were spread over them: 10.0.0.1 (81), 10.0.0.2 (80)."
    ]
    assert warnings(addresses=many)[0].endswith(" and 2 more.")


def test_remarks_are_made_once_with_their_endpoints():
    assert warnings(remarks=[["a", "odd", 5], ["b", "odd", 1], ["a", "strange", 1]]) == [
        "a 5 times, b once: odd.",
        "a once: strange.",
    ]
