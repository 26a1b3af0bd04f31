"""curl commands as they are pasted from a terminal, a README or a browser's network tab."""

from __future__ import annotations

import re
import shlex
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus

from perfgate.init import naming, recorded
from perfgate.init.proposal import Endpoint, FileProposal, InitSource, Omission, ProposalOptions
from perfgate.init.recorded import Recorded
from perfgate.init.secrets import Secrets
from perfgate.init.templating import split_url
from perfgate.model.errors import UsageError

DATA = ("-d", "--data", "--data-ascii", "--data-binary", "--data-raw", "--json", "--data-urlencode")
WITH_VALUE = (
    *DATA,
    *("-X", "--request", "-H", "--header", "-u", "--user", "-b", "--cookie", "-A", "--user-agent", "-e", "--referer"),
    *("--url", "-F", "--form", "-o", "--output", "-m", "--max-time", "--connect-timeout", "-w", "--write-out", "-x"),
    *("--proxy", "-c", "--cookie-jar", "--cacert", "-E", "--cert", "--key", "--resolve", "--retry", "--oauth2-bearer"),
)
SHORT_WITH_VALUE = {option[1] for option in WITH_VALUE if len(option) == 2}
_START = re.compile(r"(?m)^\s*(?:\$ )?curl(?:\.exe)?\s")


class _NotSentError(ValueError):
    """A command that has no equivalent; the message says why."""


@dataclass
class _Command:
    """What the arguments of one command add up to."""

    urls: list[str] = field(default_factory=list)
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    as_query: bool = False
    follows: bool = False
    flags: set[str] = field(default_factory=set)


def recognizes(source: InitSource) -> bool:
    return _START.search(source.text[:10_000]) is not None and source.document is None


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    secrets, names = Secrets(), naming.UniqueNames()
    made: list[tuple[str, Endpoint]] = []
    omissions: list[Omission] = []
    for text in _commands(source.text):
        try:
            command = _read(text)
            made += [_endpoint(command, url, secrets) for url in command.urls]
        except (_NotSentError, ValueError) as error:
            omissions.append(Omission(_shown(text), str(error)))
    if not made:
        why = f": {omissions[0].why}" if omissions else ""
        message = f"{source.name} has no curl command that can be sent{why}"
        raise UsageError(message, hint="for example: curl http://127.0.0.1:8000/", code="PG-N003")
    origin = made[0][0]
    omissions += [
        Omission(item.request.partition("?")[0], f"another host: {other}") for other, item in made if other != origin
    ]
    remaining = [
        replace(item, name=names.take(item.name, naming.with_query(item.name, item.path)))
        for other, item in made
        if other == origin
    ]
    return FileProposal(
        target=options.target or origin,
        endpoints=tuple(remaining),
        omissions=tuple(omissions),
        variables=secrets.variables,
    )


def _commands(text: str) -> list[str]:
    """The commands of a text; a backslash (or a caret, of Windows) at the end of a line continues it."""
    merged = re.sub(r"[\\^]\r?\n", " ", text)
    starts = [match.start() for match in _START.finditer(merged)]
    return [merged[start:end].strip() for start, end in zip(starts, [*starts[1:], len(merged)], strict=True)]


def _shown(text: str) -> str:
    """The command without its arguments, which may hold secrets."""
    match = re.search(r"https?://[^\s'\"?]+", text)
    return f"curl {re.sub(r'//[^/@]*@', '//', match[0])}" if match else "a curl command"


def _words(text: str) -> list[str]:
    """The words of a command up to its end: a pipe, a redirection or the next command of the line."""
    text = re.sub(r"\$'((?:[^'\\]|\\.)*)'", lambda match: shlex.quote(_unescaped(match[1])), text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|;<>")
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    for word in lexer:
        if word and set(word) <= set("|;<>"):
            break
        words.append(word)
    return words[1:] if words[:1] != ["$"] else words[2:]


def _unescaped(text: str) -> str:
    """The text of `$'...'`, which browsers write."""
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(
        r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)",
        lambda match: chr(int(match[1][1:], 16)) if len(match[1]) > 1 else escapes.get(match[1], match[1]),
        text,
        flags=re.DOTALL,
    )


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Options with their values; an argument that is a URL has the option `--url`."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            yield name, value if equals else next(rest, "") if name in WITH_VALUE else ""
        elif word.startswith("-") and len(word) > 1:
            for index, letter in enumerate(word[1:], 1):
                if letter in SHORT_WITH_VALUE:
                    yield f"-{letter}", word[index + 1 :] or next(rest, "")
                    break
                yield f"-{letter}", ""
        else:
            yield "--url", word


def _read(text: str) -> _Command:
    """Raises ValueError for a quote that is not closed, _NotSentError for what has no equivalent."""
    command = _Command()
    for name, value in _options(_words(text)):
        _apply(command, name, value)
    if not command.urls:
        raise _NotSentError("it has no URL")
    return command


def _apply(command: _Command, name: str, value: str) -> None:
    if name == "--url":
        command.urls.append(value)
    elif name in ("-X", "--request"):
        command.method = value.upper()
    elif name in ("-H", "--header"):
        key, colon, text = value.partition(":")
        if colon:
            command.headers[key.strip()] = text.strip()
    elif name in ("-u", "--user"):
        command.headers["Authorization"] = f"Basic {b64encode(value.encode()).decode()}"
    elif name == "--oauth2-bearer":
        command.headers["Authorization"] = f"Bearer {value}"
    elif name in DATA:
        _add_data(command, name, value)
    elif name in ("-F", "--form"):
        raise _NotSentError("its form has parts or files: write it by hand under `multipart`")
    elif name in ("-G", "--get"):
        command.as_query = True
    elif name in ("-I", "--head"):
        command.method = command.method or "HEAD"
    elif name in ("-b", "--cookie"):
        command.headers["Cookie"] = value


def _add_data(command: _Command, name: str, value: str) -> None:
    if value.startswith("@") and name != "--data-raw":
        raise _NotSentError("its body is in a file: write it by hand under `body`")
    if name == "--json":
        command.headers.setdefault("Content-Type", "application/json")
        command.headers.setdefault("Accept", "application/json")
    if name == "--data-urlencode":
        key, equals, text = value.partition("=")
        value = f"{key}={quote_plus(text)}" if equals and key else quote_plus(text if equals else value)
    command.data.append(value)


def _endpoint(command: _Command, url: str, secrets: Secrets) -> tuple[str, Endpoint]:
    origin, path, query = split_url(url)
    if not origin:
        raise _NotSentError("its URL cannot be read")
    declared = next((value for name, value in command.headers.items() if name.lower() == "content-type"), "")
    body = ("" if "json" in declared else "&").join(command.data)
    method = command.method or ("POST" if command.data and not command.as_query else "GET")
    if method not in recorded.METHODS:
        raise _NotSentError(f"{method} is not sent by perfgate")
    if command.as_query and body:
        query, body = "&".join(filter(None, (query, body))), ""
    sent = Recorded(
        method=method,
        path=path,
        query=query,
        headers=command.headers,
        body=body,
        media_type=declared or (recorded.FORM if body else ""),
    )
    endpoint = recorded.endpoint(sent, naming.of_request(method, recorded.readable(path)), secrets)
    cookie = next((value for name, value in command.headers.items() if name.lower() == "cookie"), "")
    headers = {**endpoint.headers, "Cookie": secrets.replaced("cookie", cookie)} if cookie else endpoint.headers
    return origin, replace(endpoint, headers=headers)
