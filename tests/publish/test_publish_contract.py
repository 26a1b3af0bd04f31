"""What every destination does, whatever it is: it tells or warns, and raises nothing."""

from __future__ import annotations

import pytest
from publish.desks import make_announcement

from perfgate import publish
from perfgate.model.errors import UsageError
from perfgate.model.publication import Correction, Publication, PublishOptions, When


@pytest.mark.parametrize("name", publish.DESTINATIONS)
def test_a_destination_that_is_not_set_up_says_so(name: str):
    published = publish.publish(make_announcement(), name, {}, PublishOptions(when=When.ALWAYS))

    assert published.messages == ()
    assert published.warnings
    assert all("[PG-P" in warning for warning in published.warnings)


@pytest.mark.parametrize("name", publish.DESTINATIONS)
def test_there_is_nothing_to_correct_where_nothing_is_set_up(name: str):
    correction = Correction(key=make_announcement().key, comment="### NOT MEASURED")

    assert publish.correct(correction, name, {}, PublishOptions()) == Publication()


def test_what_is_no_destination_is_refused_with_those_that_are():
    with pytest.raises(UsageError) as refused:
        publish.destination("carrier pigeon")

    assert all(name in (refused.value.hint or "") for name in publish.DESTINATIONS)
