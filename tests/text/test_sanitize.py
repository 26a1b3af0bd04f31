"""Texts of strangers in a job's log: shown, and no command to the program that runs the job."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.cli.guard import say
from perfgate.report.escaping import plain
from perfgate.text.sanitize import no_command, one_line

COMMANDS = (
    "##[add-mask]search",
    "GET /x ##[set-output name=verdict]pass",
    "###[stop-commands]word",
    "##vso[task.setvariable variable=x]y",
    "::add-mask::search",
    "::error title=a:b::search",
    "  ::set-output name=verdict::pass",
)


def test_no_word_of_a_wrapped_line_is_one():
    assert no_command("GET /x ::add-mask::a") == "GET /x : :add-mask::a"


def is_command(line: str) -> bool:
    """As the runner sees it: `TryParse` and `TryParseV2`."""
    at = line.find("##[")
    old = at >= 0 and "]" in line[at:]
    azure = re.search(r"##vso\[", line) is not None
    return old or azure or (line.strip().startswith("::") and line.strip().find("::", 2) >= 0)


@pytest.mark.parametrize("text", COMMANDS)
def test_commands_are_none_any_more(text: str, capsys: pytest.CaptureFixture[str]):
    assert is_command(text)
    say(f"first\n{text}")

    for line in (plain(text), one_line(text, 500), *capsys.readouterr().err.splitlines()):
        assert not is_command(line)
        assert re.sub(r"\s", "", text) == re.sub(r"\s", "", line) or line == "first"


@given(st.text(alphabet="#[]:ab= \n\r", max_size=14))
def test_no_text_of_their_characters_is_one(text: str):
    assert not any(map(is_command, no_command(text).splitlines()))


@pytest.mark.parametrize(
    "text", ["GET /a", "std::vector", "a # b ## c", "# heading", "perfgate: x: y", "[x]", "10:30::", "::1"]
)
def test_other_texts_stay(text: str):
    assert no_command(text) == text


def test_talk_is_no_command_to_the_terminal(capsys: pytest.CaptureFixture[str]):
    say("first\tline\nError: \x1b[31m secret\x1b]0;title\x07 \u202egnp\r.exe \x9b2J [PG-X001]")

    assert capsys.readouterr().err == "first\tline\nError:  secret gnp.exe  [PG-X001]\n"
