"""Texts made to break out of the source, and names made to mean something else: all arrive as they were written."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

import pytest
from scenarios.budget_files import TARGET
from scenarios.recording_server import Recorded
from scenarios.sending import Sent, send_all
from scenarios.yaml_text import to_yaml

ESCAPE = '"); import os; os._exit(3) #\n"""\n\'\'\'\\'
TEXTS = {
    "double quotes": 'say "hi"',
    "single quotes": "it's",
    "both quotes": 'it\'s "it"',
    "triple quotes": '""" \'\'\' """',
    "trailing backslash": "C:\\",
    "backslashes": "\\\\ \\n \\x41 \\u0041 \\N{BULLET} \\'",
    "line breaks": "a\nb\r\nc\rd\ve\ff",
    "separators": "a\u2028b\u2029c\x85d\x1ce",
    "nul": "a\0b",
    "controls": "\x01\x1b[31m\x7f",
    "unicode": "Grüße, 日本, \U0001f600, e\u0301, \u200b\ufeff\u202e",
    "braces": "{a} {{b}} {} }{ ${c} ${d:-e} $",
    "formats": "%s %(x)s {0} {x!r} \\{x} f'{x}'",
    "code": ESCAPE,
    "long": "\n".join(["it's \"\\", "x" * 200, "{y}", ""]),
    "empty": "",
}
LATIN = {name: text for name, text in TEXTS.items() if text.isascii() and not set(text) & set("\r\n\0")}
PLAIN = [text.replace("${", "{") for text in TEXTS.values()]  # `with` takes no variables, and says so
PATH = "/a\"b'c\\d{e}`f|g<h>%20?q=\"\"\"&r='''"
FILE = "it's \"a\"\n{b}\\ '''.png"
SECRET = "s3cret \"'\\ {x} {{y}} ${Z} %s"

NAMES = (
    "import class None match self list print send tasks host wait values environment Visitor Endpoint text env HERE shop "
    "Shop поиск 検索 !?"
).split()
NAMES += ["log in", "log-in", "Log In", ESCAPE.replace("\n", " "), '"""', "\\", "{x} ${Y}", "\ufeff\u202e", "x" * 100]
JOURNEYS = {"LOG IN": "log in", "import!": "import", "'''": "log-in", "run": "text"}


def doubled(text: str) -> str:
    """As a template that means `text`."""
    return text.replace("{", "{{").replace("}", "}}")


def budget_file(endpoints: object, **others: object) -> str:
    load = {"users": 1, "duration": "1s"}
    return to_yaml({"version": 1, "name": "shop", "target": TARGET, "load": load, "endpoints": endpoints, **others})


def texts_file() -> str:
    """One endpoint for each way in which a text can be sent."""
    fields = {text: doubled(text) for text in TEXTS.values()}
    sources = {f"v{number}": {"choice": [text]} for number, text in enumerate(PLAIN)}
    return budget_file(
        {
            "path": "GET " + doubled(PATH),
            "value in a path": {"request": "GET /{a}/x", "with": {"a": TEXTS["line breaks"] + ESCAPE}},
            "headers": {
                "request": "GET /",
                "headers": {f"X-{number}": doubled(text) for number, text in enumerate(LATIN.values())},
            },
            "json": {"request": "POST /", "json": {**fields, "list": list(fields.values())}},
            "form": {"request": "POST /", "form": fields},
            "raw": {"request": "POST /", "body": "".join(fields.values())},
            "graphql": {"request": "POST /", "graphql": "".join(TEXTS.values()), "variables": fields},
            "multipart": {
                "request": "POST /",
                "multipart": {"it's \\{a}": doubled(ESCAPE), "file": {"file": FILE, "name": "b'\\{a}.png"}},
            },
            "default file name": {"request": "POST /", "multipart": {"file": {"file": FILE}}},
            "values": {
                "request": "POST /",
                "json": [f"{{{name}}}" for name in sources],
                "with": sources,
            },
            "rows": {"request": "POST /", "json": ["{a}", "{b}"], "with": {"from": 'it\'s """\n.csv'}},
            "secret": {
                "request": "POST /?${SECRET}",
                "headers": {"X-Secret": "${SECRET}"},
                "json": ["${SECRET}", "{a} ${SECRET} {{b}}"],
                "with": {"a": "{c}"},
            },
        }
    )


def names_file() -> str:
    journeys = {name: {"steps": [step, {"think": "1ms"}]} for name, step in JOURNEYS.items()}
    requests = {name: {"request": f"GET /{number}", "weight": 1} for number, name in enumerate(NAMES)}
    return budget_file(requests, journeys=journeys)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> list[Sent]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / FILE).write_bytes(b"\x89PNG\0")
    (folder / 'it\'s """\n.csv').write_text(f'a,b\n"{ESCAPE.replace(chr(34), chr(34) * 2)}",\u2028\n', encoding="utf-8")
    sent = send_all([texts_file(), names_file()], folder, {"SECRET": SECRET})
    assert [each.failures for each in sent] == [[], []]
    return sent


@pytest.fixture
def requests(sent: list[Sent]) -> dict[str, Recorded]:
    return {name: group[0] for name, group in zip(sent[0].names, sent[0].requests, strict=True)}


def test_every_text_is_in_the_source_as_ascii_or_as_a_printable_character(sent: list[Sent]):
    assert all(line.isprintable() for each in sent for line in each.scenario.split("\n"))


def test_paths(requests: dict[str, Recorded]):
    assert requests["path"].target == "/a%22b'c%5Cd%7Be%7D%60f%7Cg%3Ch%3E%20?q=%22%22%22&r='''"
    assert requests["value in a path"].target.startswith("/a%0Ab%0D%0Ac%0Dd%0Be%0Cf%22%29%3B%20import%20os%3B%20")


def test_headers(requests: dict[str, Recorded]):
    got = [requests["headers"].header(f"X-{number}") for number in range(len(LATIN))]

    assert got == [text.encode() for text in LATIN.values()]


def test_json(requests: dict[str, Recorded]):
    fields = {text: text for text in TEXTS.values()}

    assert json.loads(requests["json"].body) == {**fields, "list": list(TEXTS.values())}
    assert json.loads(requests["graphql"].body) == {"query": "".join(TEXTS.values()), "variables": fields}
    assert json.loads(requests["values"].body) == PLAIN
    assert json.loads(requests["rows"].body) == [ESCAPE, "\u2028"]


def test_other_bodies(requests: dict[str, Recorded]):
    assert requests["raw"].body == "".join(TEXTS.values()).encode()
    assert parse_qsl(requests["form"].body.decode("ascii"), keep_blank_values=True) == [(t, t) for t in TEXTS.values()]


def test_multipart(requests: dict[str, Recorded]):
    first, second = requests["multipart"].body.split(b"Content-Disposition: form-data; ")[1:]
    (third,) = requests["default file name"].body.split(b"Content-Disposition: form-data; ")[1:]

    assert first.startswith(b'name="it\'s \\{a}"\r\n\r\n' + ESCAPE.encode() + b"\r\n--")
    assert second.startswith(
        b'name="file"; filename="b\'\\{a}.png"\r\nContent-Type: application/octet-stream\r\n\r\n\x89PNG\0'
    )
    assert third.startswith(b"name=\"file\"; filename=\"it's %22a%22%0A{b}\\ '''.png\"\r\n")


def test_the_values_of_variables_are_only_values(sent: list[Sent], requests: dict[str, Recorded]):
    request = requests["secret"]

    assert request.header("X-Secret") == SECRET.encode()
    assert json.loads(request.body) == [SECRET, f"{{c}} {SECRET} {{b}}"]
    assert request.target == "/?s3cret%20%22%27%5C%20%7Bx%7D%20%7B%7By%7D%7D%20%24%7BZ%7D%20%25s"
    assert "s3cret" not in sent[0].scenario


def test_names(sent: list[Sent]):
    """Each endpoint and journey is a task of its own, and reports under its own name."""
    targets = [[request.target for request in group] for group in sent[1].requests]
    walked = [[f"/{NAMES.index(step)}"] for step in JOURNEYS.values()]
    reported = [name for journey, step in JOURNEYS.items() for name in (step, journey)]

    assert targets == [*([f"/{number}"] for number in range(len(NAMES))), *walked]
    assert sent[1].names == [*NAMES, *reported]


def test_the_file_of_names_can_be_read(sent: list[Sent]):
    assert "\n    def list_(self):\n        self.send(list_)\n" in sent[1].scenario
    assert "\n    def log_in_2(self):\n        self.send(log_in_2)\n" in sent[1].scenario
    assert '\n    @journey("LOG IN")\n    def log_in_4(self):\n        self.send(log_in)\n' in sent[1].scenario
