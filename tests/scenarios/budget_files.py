"""Strategies for any valid budget file, as the text that somebody could have written."""

from __future__ import annotations

import json
from pathlib import Path
from string import ascii_letters, digits
from typing import Any

from hypothesis import strategies as st
from scenarios.expected import DRAWN
from scenarios.yaml_text import to_yaml

Data = dict[str, Any]
Strategy = st.SearchStrategy[Any]

ENVIRON = {"PROP_TOKEN": "t0k\"e'n {x} $y \\ ü", "PROP_EMPTY": "", "PROP_NUMBER": "42"}
TARGET = "${PROP_TARGET}"  # of the server that is to be asked
FILES = {
    "users.csv": 'user,odd\nann,"a, ""b""\nc"\n\nbob,\u2028{x}\\\n',
    "things.json": json.dumps([{"number": 7, "thing": {"a": [1, 1.0, True, None]}}, {"number": 8, "thing": "{x}"}]),
    "photos/a 'cat'.png": "\x00not\r\nreally",
}
COLUMNS = {"users.csv": (["user"], ["odd"]), "things.json": (["number"], ["thing"])}

TRICKY_NAMES = (
    "class list self open None send values host match task Visitor visitor Endpoint shop Shop env text json HERE buy BUY "
    "buy! поиск 検索 404 __init__ ' \" \"\"\" ''' \\ {{ {x} ${X} %s <b> \\N{BULLET} print() été"
).split()
NAMES = st.sampled_from(TRICKY_NAMES) | st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20
).map(str.strip).filter(bool)
SCENARIO_NAMES = st.sampled_from(["shop", "none", "True", "visitor", "1st load", "value error", "a.b-c_d "])

CHARACTERS = st.characters(exclude_categories=("Cs",))
NASTY = [
    "\"\"\"'''",
    "\\",
    "\n",
    "\\N{BULLET}",
    "\x00",
    "\u2028",
    "#{",
    "}}",
    "$",
    "%s",
    "\ud7ff",
    "\U0001f600",
    "${{x}}",
]
TEXTS = st.text(CHARACTERS, max_size=12) | st.sampled_from(NASTY) | st.text("ab\n'\"\\{} ", min_size=60, max_size=150)
IN_HEADERS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=12)
IN_PATHS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=12)
WORDS = st.text(ascii_letters + digits + " -", max_size=8)
TOKENS = st.text(ascii_letters + digits + "!#$%&'*+.^_`|~-", min_size=1, max_size=10)
NUMBERS = st.integers(-(10**9), 10**9) | st.integers(-(10**6), 10**6).map(lambda number: number / 1000)
SCALARS = st.none() | st.booleans() | NUMBERS
VARIABLES = ["${PROP_TOKEN}", "${PROP_TOKEN:-not-used}", "${PROP_EMPTY:-it's}", '${PROP_UNSET:-a/b"c}']

EXPECTATIONS: list[Data] = [
    {"status": 200},
    {"status": [200, 404]},
    {"header": {"content-type": "application/json", "X-Trace": "exists"}},
    {"header": {"server": {"matches": "^re.o\\w+\\W*$"}, "x-absent": {"exists": False}}},
    {"json": {"$.id": 7, "$.flag": True, "$.list": [1, "two", None], "$.token": "exists"}},
    {"json": {"$.ratio": {"less_than": 1, "greater_than": 0.25}, "$..deep": {"contains": "?"}}},
    {"text": {"contains": '"token"', "matches": "\\{[^\"']"}},
    {"regex": ['"id": \\d', "flag"]},
]
CAPTURES: list[Any] = [
    "$.token",
    "$.id",
    "$.flag",
    "$.list",
    {"json": "$['odd name'].deep"},
    {"header": "location"},
    {"header": "X-Trace"},
    {"cookie": "session"},
    {"regex": r'"id": (\d+)'},
    {"regex": "to.en"},
]


def write_files(folder: Path) -> None:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(text.encode())


@st.composite
def budget_files(draw: st.DrawFn) -> str:
    """The text of a budget file that names the FILES. Answers of the recording server satisfy it."""
    names = draw(st.lists(NAMES, min_size=4, max_size=7, unique=True))
    first, dependent, *others, journey = names
    endpoints = {name: draw(requests()) for name in [first, *others]}
    journeys: Data = {}
    if draw(st.booleans()):
        captures = {f"got_{number}": capture for number, capture in enumerate(draw(_some(CAPTURES)))}
        endpoints[first] = draw(requests(methods=["POST", "GET"])) | {"capture": captures}
        endpoints[dependent] = draw(requests(captured=list(captures)))
        if draw(st.booleans()):
            endpoints[dependent]["login"] = first
        else:
            pause = draw(st.lists(st.sampled_from([*others, {"think": "1ms"}]), max_size=2))
            journeys[journey] = [first, *pause, dependent, *pause, first]
    elif draw(st.booleans()):
        steps = draw(st.lists(st.sampled_from([first, *others, {"think": "2ms"}]), max_size=3))
        journeys[journey] = {"steps": [first, *steps], "weight": draw(st.sampled_from([1, 2.5, 0.001, 70]))}
    return to_yaml(
        {
            "version": 1,
            "name": draw(SCENARIO_NAMES),
            "target": TARGET,
            "load": draw(st.sampled_from([{"rate": "5/s", "duration": "1s"}, {"users": 2, "duration": "10s"}])),
            "defaults": draw(
                st.sampled_from([{}, {"headers": {"X-Every": "${PROP_TOKEN}", "x-b": "'"}, "timeout": "5s"}])
            ),
            "endpoints": dict(draw(st.permutations(list(endpoints.items())))),
            **({"journeys": journeys} if journeys else {}),
        }
    )


@st.composite
def requests(draw: st.DrawFn, captured: list[str] | None = None, methods: list[str] | None = None) -> Data:
    """One endpoint. `captured` are names of values that it may use besides its own."""
    sources, simple, any_kind = draw(values())
    any_kind = [*any_kind, *(captured or [])]
    method = draw(st.sampled_from(methods or ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]))
    usable = EXPECTATIONS[:4] if method == "HEAD" else EXPECTATIONS
    expect: Data = {}
    for one in draw(_some(usable)):
        expect |= one
    headers = draw(_map(TOKENS.map(lambda token: f"X-{token}"), texts(simple, IN_HEADERS), same=str.lower))
    if draw(st.booleans()):
        headers[draw(st.sampled_from(["Content-Type", "user-agent", "ACCEPT"]))] = "text/x-odd"
    drawn = [name for name, source in sources.items() if _is_drawn(source)]
    return {
        "request": f"{method} {draw(paths(simple + any_kind))}",
        **draw(bodies(any_kind + simple)),
        "headers": {**headers, **{f"{DRAWN}{name}": f"{{{name}}}" for name in drawn}},
        **({"with": sources} if sources else {}),
        **({"expect": expect} if expect else {}),
        **draw(
            st.sampled_from([{}, {"timeout": "1500ms"}, {"follow_redirects": True}, {"budget": {"p95": "1s +10%"}}])
        ),
    }


@st.composite
def values(draw: st.DrawFn) -> tuple[Data, list[str], list[str]]:
    """A `with:`, the names in it that a header can hold, and those that may be anything."""
    simple = draw(_map(st.sampled_from(["page", "user_id", "_x", "self", "None"]), SIMPLE_SOURCES))
    other = draw(_map(st.sampled_from(["word", "W2", "Endpoint"]), ANY_SOURCES))
    file = draw(st.sampled_from([None, *COLUMNS]))
    columns: tuple[list[str], list[str]] = COLUMNS.get(file or "", ([], []))
    return ({"from": file} if file else {}) | simple | other, [*simple, *columns[0]], [*other, *columns[1]]


def _pair(numbers: Strategy) -> Strategy:
    return st.lists(numbers, min_size=2, max_size=2).map(sorted)


SIMPLE_SOURCES = st.one_of(
    st.builds(lambda pair: {"between": pair}, _pair(st.integers(-99, 99)) | _pair(NUMBERS.filter(lambda n: n % 1))),
    st.builds(lambda options: {"choice": options}, st.lists(WORDS | NUMBERS, min_size=2, max_size=4, unique_by=str)),
    st.just("uuid"),
    st.builds(lambda start: {"sequence": start}, st.integers(-5, 5) | st.just({"start": 3, "step": -2})),
    st.sampled_from(
        [{"env": "PROP_NUMBER"}, {"env": "PROP_UNSET", "default": "it's"}, {"env": "PROP_EMPTY", "default": ""}]
    ),
    WORDS.filter(lambda word: word != "uuid") | NUMBERS | st.booleans(),
)
ANY_SOURCES = TEXTS.filter(lambda text: text != "uuid") | st.builds(
    lambda option: {"choice": [option]}, TEXTS | SCALARS | st.lists(SCALARS | TEXTS, max_size=3)
)


def _is_drawn(source: Any) -> bool:
    return source == "uuid" or (isinstance(source, dict) and ("between" in source or len(source.get("choice", ())) > 1))


def texts(names: list[str], literals: Strategy = TEXTS) -> Strategy:
    """Texts with `{x}` of these names, and `${X}`."""
    plain = literals.map(lambda text: text.replace("{", "{{").replace("}", "}}"))
    closed = plain.map(lambda text: f"{text}." if text.endswith("$") else text)  # `$` and `{x}` would be a variable
    holes = [f"{{{name}}}" for name in names]
    return st.lists(closed | st.sampled_from([*VARIABLES, *holes]), max_size=4).map("".join)


def paths(names: list[str]) -> Strategy:
    path = texts(names, IN_PATHS).map(lambda text: f"/{text}")
    return path | st.builds("{{{}}}{}".format, st.sampled_from(names), path) if names else path


def bodies(names: list[str]) -> Strategy:
    text = texts(names)
    trees = st.recursive(
        SCALARS | text,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=6,
    )
    field_names = st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters='"'), min_size=1
    )
    file = {"file": "photos/a 'cat'.png"}
    return st.one_of(
        st.just({}),
        st.builds(lambda tree: {"json": tree}, trees.filter(lambda tree: tree is not None)),
        st.builds(lambda fields: {"form": fields}, st.dictionaries(TEXTS, text, max_size=3)),
        st.builds(
            lambda fields: {"multipart": fields},
            st.dictionaries(
                field_names,
                text | st.sampled_from([file, {**file, "type": "image/png", "name": "a b.png"}]),
                max_size=3,
            ),
        ),
        st.builds(lambda raw: {"body": raw}, text),
        st.builds(
            lambda query, variables: {"graphql": query, "variables": variables},
            TEXTS.filter(bool),
            st.dictionaries(TEXTS, trees, max_size=3),
        ),
    )


def _some(options: list[Any]) -> Strategy:
    return st.lists(st.sampled_from(options), max_size=3, unique_by=str)


def _map(keys: Strategy, contents: Strategy, same: Any = str) -> Strategy:
    pairs = st.lists(st.tuples(keys, contents), max_size=3, unique_by=lambda pair: same(pair[0]))
    return pairs.map(dict)
