"""Checks that the target is the URL of a server, with the environment's values filled in as far as they are known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from perfgate.budgets.convert.draft import Draft
from perfgate.model.errors import Mistake
from perfgate.text import template

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")
_UNBRACED = re.compile(r"\$([A-Z_][A-Z0-9_]*)")
MAX_LABEL_CHARS = 63  # between two dots of a name (RFC 1035, section 2.3.4)
_LOCAL = ("127.0.0.1", "localhost", "::1")
_EXAMPLE = "for example `http://127.0.0.1:8765`"


def check_target(draft: Draft) -> Iterator[Mistake]:
    written, url = draft.map().get("target"), draft.target
    if not written or url is None:
        return
    if problem := target_problem(url):
        message, _, hint = problem.partition("\n")
        if url != written:  # the value may be a secret
            message = f"with its variables filled in, {message}"
        else:
            hint = hint or _suggestion(url)
        yield draft.document.mistake(("target",), message, hint=hint or _EXAMPLE, code="PG-B039")


def _suggestion(url: str) -> str:
    """What was probably meant: `${HOST}`, a host and port without `http://`, an IPv6 address, a name in another
    script."""
    if _UNBRACED.search(url):
        braced = _UNBRACED.sub(r"${\1}", url)
        return f"write `{braced}`"
    scheme, mark, rest = url.partition("://")
    if not mark:
        scheme, rest = "http", url
    host, slash, path = rest.partition("/")
    name, colon, port = host.rpartition(":")
    if not (colon and port.isdigit()):
        name, colon, port = host, "", ""
    if "@" in host or not path.isascii():
        return ""
    if name.count(":") > 1 and set(name.lower()) <= set("0123456789abcdef:."):
        name = f"[{name}]"
    try:
        meant = f"{scheme}://{name.encode('idna').decode()}{colon}{port}{slash}{path}"
    except UnicodeError:
        return ""
    return f"write `{meant}`" if meant != url and not target_problem(meant) else ""


def check_port(draft: Draft) -> Iterator[Mistake]:
    """A service on this machine listens where requests go. Only what the file says counts, not the environment; a run
    finds out by itself, and may have a proxy in between."""
    port, written = draft.map("service").get("port"), draft.map().get("target")
    try:
        url = urlsplit(template.expand(written, {})) if isinstance(written, str) else urlsplit("")
        aim = url.port or {"http": 80, "https": 443}.get(url.scheme)
    except ValueError:  # a TemplateError is one: the target is the environment's
        return
    if url.hostname in _LOCAL and isinstance(port, int) and aim not in (port, None):
        message = f"requests go to port {aim}, and the service listens on port {port}"
        yield draft.document.mistake(
            ("target",), message, hint="give `target` and `service` the same port", code="PG-B040"
        )


def target_problem(url: str) -> str:
    """What is wrong with the URL of a target, without repeating it; empty if nothing is. A second line is advice."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return "the target holds characters that a URL cannot hold"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "the target is not a URL: host or port is wrong"
    if parts.scheme not in ("http", "https"):
        return "the target must begin with `http://` or `https://`"
    if parts.username is not None or parts.password is not None:
        return "the target holds a user name or password\nsend them in `headers`: `Authorization: Basic ${CREDENTIALS}`"
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or port == 0:
        return "the target has no host, or a wrong one"
    if any(not 0 < len(label) <= MAX_LABEL_CHARS for label in parts.hostname.removesuffix(".").split(".")):
        return f"a part of the target's host is empty or longer than {MAX_LABEL_CHARS} characters"
    return _path_problem(parts)


def _path_problem(parts: SplitResult) -> str:
    if parts.query or parts.fragment:
        return "the target holds a query or a fragment\nthey belong in `request`; only a base path may stay here"
    return "the target's path holds braces\nvalues of an iteration stand in `request`" if "{" in parts.path else ""
