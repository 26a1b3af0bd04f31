"""A folder with the files that budget files of these tests name, and what `read` says about a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from perfgate import budgets
from perfgate.model.budget_file import BudgetFile
from perfgate.model.errors import BudgetFileError, Mistake

FILES = {
    "users.csv": 'user,password\nann,secret\nbob,"two, words"\n',
    "words.json": '[{"word": "tea"}, {"word": "pot"}]',
    "odd.csv": "user;pass word\nann;1\n   \n",
    "cat.png": "not really",
    "access.log": '127.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "POST /exports HTTP/1.1" 202 2\n',
    "shop.graphql": "query Search($q: String!) { search(q: $q) { ...Card } }\nmutation Order { order { id } }\n"
    "fragment Card on Product { id }\n",
    "shop.proto": """syntax = "proto3"; package shop;
message Query { string text = 1; int32 page = 2; }
message Found { string token = 1; }
message Update { double sent_at = 1; }
service Catalog { rpc Search(Query) returns (Found); rpc Watch(Query) returns (stream Update); }
""",
    "ca.pem": "not really",
    "client.pem": "not really",
    "login.json": "{}",
    "client.key": "not really",
    "scenarios/checkout.py": '"""A locustfile."""\n',
}
HEAD = "version: 1\ntarget: http://localhost:8765\nload: {rate: 10/s, duration: 1s}\n"

Read = Callable[..., BudgetFile]
Mistakes = Callable[..., list[Mistake]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def read(folder: Path) -> Read:
    """Reads a text as `budgets.yaml`. Without `version` it gets a HEAD of three lines first."""

    def read_text(text: str, environ: Mapping[str, str] | None = None) -> BudgetFile:
        path = folder / "budgets.yaml"
        path.write_text(text if "version:" in text else HEAD + text, encoding="utf-8")
        return budgets.read(path, environ)

    return read_text


@pytest.fixture
def mistakes(read: Read) -> Mistakes:
    """The mistakes of a text, in order."""

    def mistakes_of(text: str, environ: Mapping[str, str] | None = None) -> list[Mistake]:
        try:
            read(text, environ)
        except BudgetFileError as error:
            return list(error.mistakes)
        return []

    return mistakes_of
