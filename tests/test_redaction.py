"""Secrets: their values never get out, and innocent text stays."""

from __future__ import annotations

import pytest

from perfgate.redaction import Redactor, redactor


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
