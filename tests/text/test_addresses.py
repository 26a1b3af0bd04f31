"""Whatever part of its address another side repeats, and wherever its words are cut: no secret of it is shown."""

from __future__ import annotations

import pytest

from perfgate.text.addresses import without_address

URL = "https://someone:pass%21word@hooks.example/services/T0123456/B0123456/s3cr3t-of-the-channel?db=shop&p=hunter2-hunter2"
HEADERS = ("Bearer tok3n-of-the-exporter", "application/json")
SECRETS = ("s3cr3t", "hunter2", "tok3n", "pass%21word", "pass!word")


@pytest.mark.parametrize(
    "words",
    [
        f"cannot post to {URL}",
        "Cannot POST /services/T0123456/B0123456/s3cr3t-of-the-channel",
        "no route for /services/T0123456/B0123456/s3cr3t-of-the-channel?db=shop&p=hunter2-hunter2",
        '{"path": "\\/services\\/T0123456\\/B0123456\\/s3cr3t-of-the-channel"}',
        "wrong key hunter2-hunter2",
        "unknown user someone:pass!word, token tok3n-of-the-exporter",
    ],
)
@pytest.mark.parametrize("before", [0, 50, 180, 190, 195])
def test_no_part_of_an_address_is_shown(words: str, before: int):
    shown = without_address("." * before + words, URL, HEADERS, limit=200)

    assert not [secret for secret in SECRETS if secret[:4] in shown]
    assert len(shown) <= 200


def test_what_shrinks_by_hiding_shows_nothing_that_was_cut_off():
    shown = without_address("s3cr3t-of-the-channel " * 100, URL, limit=200)

    assert "s3cr" not in shown


def test_other_words_stay():
    assert without_address("database shop\nis full", URL, HEADERS, limit=200) == "database shop is full"
