"""Every kind of mistake: where it is, what it is called, and what is proposed instead.

`mistakes.txt` is the table: a budget file, then `=>` with the place and the message, and the hint below. Fragments
follow a head of three lines, so their first line is line 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from perfgate.model.errors import Mistake

Mistakes = Callable[..., list[Mistake]]

TABLE = Path(__file__).parent / "mistakes.txt"
HOME = "endpoints: {home: GET /}\n"
ENVIRONMENT = {"A": "a", "BAD": "line\nbreak", "EMPTY": ""}


def told(mistakes: list[Mistake]) -> list[str]:
    """As in the table."""
    return [f"=> {one.line}:{one.column} {one.message}" + (f"\n   {one.hint}" if one.hint else "") for one in mistakes]


def table() -> Iterator[tuple[str, str]]:
    """Budget file, expected."""
    for block in TABLE.read_text(encoding="utf-8").split("\n\n"):
        if not block.startswith("# "):
            text, arrow, expected = block.strip().partition("\n=> ")
            assert arrow, block
            yield text + "\n", "=> " + expected


@pytest.mark.parametrize(("text", "expected"), list(table()))
def test_mistakes(mistakes: Mistakes, text: str, expected: str) -> None:
    assert ("\n".join(told(mistakes(text, ENVIRONMENT))) or "=> fine") == expected


def test_what_is_missing_at_the_top(mistakes: Mistakes) -> None:
    assert told(mistakes("# version: none\n" + HOME)) == [
        "=> 0:0 `version` is missing\n   for example `version: 1`",
        "=> 0:0 `target` is missing\n   for example `target: http://127.0.0.1:8765`",
        "=> 0:0 `load` is missing\n   for example `load: {rate: 200/s, warmup: 5s, duration: 30s}`",
    ]


def test_another_version(mistakes: Mistakes) -> None:
    text = "version: 2\ntarget: http://x\nload: {users: 1, duration: 1s}\n" + HOME
    assert told(mistakes(text)) == ["=> 1:10 `version` must be 1"]


def test_variables_are_not_missed_without_an_environment(mistakes: Mistakes) -> None:
    assert mistakes('endpoints: {a: "/${A}"}\n', None) == []


@pytest.mark.parametrize(
    ("target", "environ", "wrong"),
    [
        ("http://x", None, True),
        ("HTTP://x", None, True),
        ("https://x", None, False),
        ("${T:-http://x}", None, True),
        ("${T:-https://x}", None, False),
        ("${T}", None, False),  # who knows
        ("${T:-http://x}", {"T": "https://secret"}, False),
        ("${T:-https://x}", {"T": "http://secret"}, True),
        ("${T:-http://x}", {}, True),
        ("${SCHEME:-http}://x", {"SCHEME": "https"}, False),
    ],
)
def test_tls_goes_by_the_target_with_its_variables_filled_in(
    mistakes: Mistakes, target: str, environ: dict[str, str] | None, wrong: bool
) -> None:
    text = f"version: 1\ntarget: {target}\nload: {{users: 1, duration: 1s}}\ntls: {{insecure: true}}\n" + HOME
    told_of = [(one.line, one.column, one.message) for one in mistakes(text, environ)]
    filled_in = " once its variables are filled in" if "$" in target else ""
    message = f"`tls` is about an https target, and this one begins with `http://`{filled_in}"
    assert told_of == ([(4, 1, message)] if wrong else [])


def test_a_limit_of_the_defaults_beyond_an_own_timeout_is_told_at_the_timeout(mistakes: Mistakes) -> None:
    text = "endpoints: {a: {request: /, timeout: 200ms}}\ndefaults: {budget: {p95: 300ms}}\n"
    assert told(mistakes(text)) == [
        "=> 4:38 p95 can never exceed `300ms`: requests time out after 200 ms\n   raise the timeout, or lower the limit"
    ]


@pytest.mark.parametrize(
    ("default", "own", "place"),
    [
        ("10s", "{total: 200ms, connect: 100ms}", (4, 46)),  # at its own total
        ("200ms", "{connect: 100ms}", (5, 42)),  # at the default limit, which the default total makes useless
    ],
)
def test_the_latency_limit_is_compared_with_the_total(
    mistakes: Mistakes, default: str, own: str, place: tuple[int, int]
) -> None:
    text = (
        f"endpoints: {{a: {{request: /, timeout: {own}}}}}\ndefaults: {{timeout: {default}, budget: {{p95: 300ms}}}}\n"
    )
    [mistake] = mistakes(text)
    assert (mistake.line, mistake.column) == place
    assert mistake.message == "p95 can never exceed `300ms`: requests time out after 200 ms"


def test_a_mistake_of_the_defaults_is_told_once(mistakes: Mistakes) -> None:
    text = (
        "endpoints: {a: /, b: /}\n"
        "defaults: {budget: {p95: {fail: 1s, warn: 2s}, p99: 20s}, timeout: {total: 9s, connect: 10s}}\n"
    )
    assert [(one.line, one.column) for one in mistakes(text)] == [(5, 26), (5, 53), (5, 89)]


def test_one_mistake_hides_no_other(mistakes: Mistakes) -> None:
    text = (
        "endpoints:\n"
        "  a: {request: GTE /, wieght: 1, with: {from: no.csv}, json: {x: {y}}, budget: {p95: 5, p99: 20s}}\n"
        '  b: "/{x}"\n'
        "journeys:\n"
        "  j: {steps: [c, {thnk: 1s}], login: d}\n"
    )
    assert [(one.line, one.column) for one in mistakes(text)] == [
        (5, 16),  # GTE
        (5, 23),  # wieght
        (5, 47),  # no.csv
        (5, 66),  # {y}
        (5, 86),  # 5
        (5, 94),  # 20s
        (6, 8),  # {x}
        (8, 15),  # c
        (8, 19),  # thnk
        (8, 38),  # d
    ]


def test_a_misread_source_does_not_make_its_name_undefined(mistakes: Mistakes) -> None:
    text = 'endpoints: {a: {request: "/{x}/{user}", with: {from: no.csv, x: {betwen: [1, 2]}}}}\n'
    assert [one.message for one in mistakes(text)] == ["`no.csv` does not exist", "unknown key `betwen`"]


@pytest.mark.parametrize(
    ("duration", "wrong"),
    [
        ("3m..20s", "ends before it begins\n   the shorter time comes first: `20s..3m`"),
        (
            "20s..30s",
            "leaves no room to go on: the whole load is sent again\n   at least twice the shorter time: `20s..40s`",
        ),
        ("0s..30s", "must be more than 0"),
        ("20..3m", "`20` has no unit"),
        ("20s..", "`` is not a duration"),
        ("20s...3m", "`.3m` is not a duration"),
    ],
)
def test_a_range_of_time_that_is_none(mistakes: Mistakes, duration: str, wrong: str) -> None:
    (mistake,) = told(mistakes(f"version: 1\ntarget: http://x\nload: {{users: 1, duration: {duration}}}\n" + HOME))
    assert f"{wrong}" in mistake


def test_a_range_of_time_and_extend_say_the_same(mistakes: Mistakes) -> None:
    head = "version: 1\ntarget: http://x\nload: {users: 1, duration: 20s..3m}\n"
    (mistake,) = told(mistakes(head + "gate: {extend: 5m}\n" + HOME))
    assert "`extend` does not go with `load: {duration: 20s..3m}`" in mistake


def test_a_range_of_time_is_over_after_its_shorter_end(mistakes: Mistakes) -> None:
    load = "load: {users: 1, duration: 20s..3m, abort: {errors: 50%, for: 30s}}\n"
    (mistake,) = told(mistakes("version: 1\ntarget: http://x\n" + load + HOME))
    assert "the load is over after 20 s, before it could be aborted" in mistake


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (None, None),  # who knows
        ({"TO": ""}, None),
        ({"TO": "statsd://s3cret-host"}, None),
        ({"TO": "s3cret://host"}, "with its variables filled in, this is no place to export to"),
        (
            {"TO": "otlp+https://s3cret@host"},
            "with its variables filled in, the address of otlp has a user or a password in it",
        ),
    ],
)
def test_what_a_variable_exports_to_is_checked_and_never_shown(
    mistakes: Mistakes, environ: dict[str, str] | None, message: str | None
) -> None:
    text = HOME + 'export: ["${TO}"]\n'
    assert [one.message for one in mistakes(text, environ)] == ([message] if message else [])


def test_a_variable_that_is_not_set_is_named_once(mistakes: Mistakes) -> None:
    header = '{request: GET /, headers: {X-Key: "${API_KEY}"}}'
    text = "endpoints:\n" + "".join(f"  {name}: {header}\n" for name in "abcdefg")

    [unset] = mistakes(text, {})

    assert (unset.line, unset.message) == (5, "the environment variable API_KEY is not set")
    assert unset.hint == "set it, or give a default: `${API_KEY:-...}`; lines 6, 7, 8 and 3 more need it too"
