"""What every source must do: be recognized, become a valid budget file, and keep no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from init.sources import EXAMPLES, LOCUSTFILE, SECRETS

from perfgate import budgets, init, scenarios
from perfgate.model.errors import UsageError


@pytest.mark.parametrize("name", init.FORMATS)
def test_there_is_an_example(name: str):
    assert name in EXAMPLES


@pytest.mark.parametrize("name", init.FORMATS)
def test_an_example_is_recognized_by_its_own_format_first(name: str):
    source = init.source(*EXAMPLES[name])

    assert next(key for key, one in init.FORMATS.items() if one.recognizes(source)) == name


@pytest.mark.parametrize("unsafe", [False, True])
@pytest.mark.parametrize("name", init.FORMATS)
def test_the_file_is_valid_and_says_what_was_left_out(name: str, unsafe: bool, tmp_path: Path):
    source = init.source(*EXAMPLES[name])
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)

    proposal = init.convert(source, init.ProposalOptions(unsafe=unsafe), name)
    path = tmp_path / "budgets.yaml"
    path.write_text(init.write(proposal, init.Context(source=source.name)))

    budget_file, _ = budgets.check(path, {})
    plan = scenarios.plan(budget_file)
    text = path.read_text()
    assert plan.endpoints or plan.scenarios
    assert all(omission.why for omission in proposal.omissions)
    assert all(omission.what in text or len(proposal.omissions) > 40 for omission in proposal.omissions)
    metrics = {budget.metric for budget in budget_file.budgets}
    assert metrics == {"p50", "p95", "errors"} or plan.scenarios
    assert plan.load.warmup == 5
    assert plan.load.model == ("closed" if name in ("locustfile", "jmeter") else "open")


@pytest.mark.parametrize("name", init.FORMATS)
def test_no_secret_gets_into_the_file(name: str):
    source = init.source(*EXAMPLES[name])
    proposal = init.convert(source, init.ProposalOptions(unsafe=True), name)

    text = init.write(proposal, init.Context(source=source.name))

    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("text", ["", "hello", "{}", "[]", "{broken", "a: [", "\x00\x01", "GET / HTTP/1.1"])
def test_what_is_of_no_format_is_said(text: str):
    with pytest.raises(UsageError, match="no format"):
        init.convert(init.source("x.txt", text), init.ProposalOptions())


@pytest.mark.parametrize("name", init.FORMATS)
def test_a_damaged_document_is_an_error_for_people_or_less_of_the_same(name: str):
    file, text = EXAMPLES[name]
    for cut in range(0, len(text), max(1, len(text) // 60)):
        try:
            proposal = init.convert(init.source(file, text[:cut]), init.ProposalOptions(unsafe=True))
        except UsageError as error:
            assert error.hint
        else:
            init.write(proposal, init.Context(source=file))
