"""Secrets: their values never get out, and innocent text stays."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from perfgate.loadtest.process.child import Child
from perfgate.text.redaction import Redactor, redactor


def test_values_become_the_names_of_their_variables():
    hide = redactor(["API_TOKEN"], {"API_TOKEN": "s3cr3t-value", "OTHER": "text"})
    assert hide("Bearer s3cr3t-value, twice s3cr3t-value; text") == "Bearer [API_TOKEN], twice [API_TOKEN]; text"


def test_a_value_within_another_does_not_leave_its_rest_behind():
    hide = redactor(["SHORT", "LONG"], {"SHORT": "pass", "LONG": "password1"})
    assert hide("password1 and pass") == "[LONG] and [SHORT]"


@pytest.mark.parametrize("value", ["", "a", "abc"])
def test_short_values_are_no_secrets(value):
    hide = redactor(["PIN"], {"PIN": value})
    assert hide("a cab, abc") == "a cab, abc"


def test_unset_variables_are_nothing_to_hide():
    assert redactor(["NOT_SET"], {}) == Redactor()
    assert Redactor()("text") == "text"


def test_special_characters_are_no_pattern():
    hide = redactor(["KEY"], {"KEY": "a.*b\\1"})
    assert hide("axxb a.*b\\1") == "axxb [KEY]"


KEY = (
    "-----BEGIN PRIVATE KEY-----\n"
    + "\n".join(f"line{n}{'Ab+/' * 14}" for n in range(3))
    + "\nQQ==\n-----END PRIVATE KEY-----\n"
)


def pieces(secret: str) -> list[str]:
    """What nobody may read: every line that says something."""
    return [line for line in secret.splitlines() if len(line) > 8]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_key_of_several_lines_is_hidden_in_a_log(tmp_path: Path, ending: str):
    """A child that prints it, line by line, as JSON, in a URL and as Python shows it; its log is read as it comes."""
    key = KEY.replace("\n", ending)
    program = (
        "import json, os, urllib.parse as u; key = os.environ['KEY']\n"
        "print('begin', key, 'end'); print(json.dumps({'key': key})); print(repr(key)); print(u.quote(key)); "
        "print(u.quote_plus(key)); print('before', *key.splitlines(), 'after')"
    )
    log = tmp_path / "child.log"
    child = Child(
        [sys.executable, "-c", program],
        environ={**os.environ, "KEY": key},
        log=log,
        redact=redactor(["KEY"], {"KEY": key}),
        folder=tmp_path,
    )
    assert child.wait(30)
    child.end(1)

    written = log.read_text()
    assert "begin" in written
    assert "after" in written
    for piece in pieces(KEY):
        for shown in (written, "\n".join(child.tail)):
            assert piece not in shown
            assert quote(piece) not in shown
            assert quote(piece, safe="") not in shown


def test_a_key_that_came_as_json_is_hidden_as_a_program_reads_it():
    account = json.dumps({"type": "service_account", "private_key": KEY})
    hide = redactor(["ACCOUNT"], {"ACCOUNT": account})

    shown = hide(f"loaded {json.loads(account)['private_key']}")
    assert [piece for piece in pieces(KEY) if not piece.startswith("-----") and piece in shown] == []


@pytest.mark.parametrize("ending", ["", "...", "\u2026", " and more"])
def test_a_value_whose_end_was_cut_off_is_hidden(ending: str):
    token = "eyJhbGciOi" + "x7" * 200
    hide = redactor(["TOKEN"], {"TOKEN": token})

    assert hide(f"expected ok, got {token[:57]}{ending}") == f"expected ok, got [TOKEN]{ending}"


def test_a_value_is_hidden_as_it_stands_in_a_url():
    hide = redactor(["TOKEN"], {"TOKEN": "a b/c+d=?\u00e4"})

    for text in (
        "a%20b%2Fc%2Bd%3D%3F%C3%A4",
        "a+b%2Fc%2Bd%3D%3F%C3%A4",
        "a%20b/c%2Bd%3D%3F%C3%A4",
        '"a b/c+d=?\\u00e4"',
    ):
        assert hide(text).strip('"') == "[TOKEN]"


def test_the_end_of_the_line_that_was_pasted_with_a_value_hides_nothing():
    hide = redactor(["TOKEN"], {"TOKEN": "s3cr3t-value\n"})

    assert hide("Bearer s3cr3t-value; text\n\n") == "Bearer [TOKEN]; text\n\n"


def test_innocent_lines_stay():
    hide = redactor(["CONFIG"], {"CONFIG": "{\n  a: 1\n}\nlong enough to be a secret\n"})

    assert hide("{\n  a: 1\n}\n") == "{\n  a: 1\n}\n"
