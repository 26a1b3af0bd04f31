"""Checks of `tls`: its files are there, its keys go together, and the target is one that TLS is spoken with."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.budgets.convert.data_files import RELATIVE, file_problem
from perfgate.budgets.convert.draft import Draft
from perfgate.model.errors import Mistake

_FILES = ("ca", "certificate", "key")
_KEYS = (*_FILES, "insecure", "server_name")


def check_tls(draft: Draft) -> Iterator[Mistake]:
    tls = draft.map("tls")
    for path, file in draft.texts("tls"):
        if file and path[-1] in _FILES and (problem := file_problem(draft.folder / file)):
            hint = "`${}` is not replaced here: write the path itself" if "${" in file else RELATIVE
            yield draft.document.mistake(path, f"`{file}` {problem}", hint=hint, code="PG-B041")
    if "key" in tls and "certificate" not in tls and all(key in _KEYS for key in tls):  # else it may be misspelt
        message = "`key` belongs to a `certificate`, and there is none"
        yield draft.document.mistake(
            ("tls", "key"), message, hint="add `certificate: client.pem`", at="key", code="PG-B044"
        )
    if tls.get("insecure") is True and "ca" in tls:
        message = "`insecure: true` takes any certificate, and `ca` says whose are taken"
        yield draft.document.mistake(("tls", "insecure"), message, hint="remove one of them", at="key", code="PG-B044")
    yield from _scheme(draft)


def _scheme(draft: Draft) -> Iterator[Mistake]:
    target = draft.target or ""
    if not draft.map("tls") or not target.lower().startswith("http://"):
        return
    message = "`tls` is about an https target, and this one begins with `http://`"
    if target != draft.map().get("target"):  # not the target itself: it may hold a secret
        message += " once its variables are filled in"
    yield draft.document.mistake(
        ("tls",), message, hint="begin the target with `https://`, or remove `tls`", at="key", code="PG-B044"
    )
