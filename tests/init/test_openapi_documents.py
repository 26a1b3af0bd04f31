"""Every request made from a document keeps to it; documents that nobody wrote for these tests among them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from init.conformance import problems
from init.sources import DOCUMENTS

from perfgate import budgets, init

OWN = sorted([*DOCUMENTS.glob("*.json"), *DOCUMENTS.glob("*.yaml")])
MORE = os.environ.get("PERFGATE_TEST_OPENAPI", "")  # a folder with more documents
ALL = [*OWN, *(sorted(Path(MORE).glob("*.json")) if MORE else [])]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_request_keeps_to_its_document_and_the_file_is_valid(path: Path, tmp_path: Path):
    source = init.source(path.name, path.read_text(encoding="utf-8"))
    proposal = init.convert(source, init.ProposalOptions(unsafe=True))

    (tmp_path / "budgets.yaml").write_text(init.write(proposal, init.Context(source=path.name)))

    budgets.check(tmp_path / "budgets.yaml", {})
    assert proposal.endpoints
    assert problems(source.document, proposal) == []


def test_a_request_that_does_not_keep_to_its_document_would_be_noticed():
    source = init.source("shop.yaml", (DOCUMENTS / "shop.yaml").read_text())
    proposal = init.convert(source, init.ProposalOptions(unsafe=True))
    wrong = {
        "Show a coupon": {"values": {"code": "nonsense"}},
        "List products": {"path": "/products?page=0&tags=a"},
        "Add a product": {"body": {"name": "x", "price": 0.3}},
    }

    broken = replace(proposal, endpoints=tuple(replace(one, **wrong.get(one.name, {})) for one in proposal.endpoints))

    assert len(problems(source.document, proposal)) == 0
    assert len(problems(source.document, broken)) >= 6
