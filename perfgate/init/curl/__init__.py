"""curl commands as they are pasted from a terminal, a README or a browser's network tab."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from urllib.parse import quote_plus

from perfgate.init import naming, recorded
from perfgate.init.curl.commands import DATA, commands, has_commands, requests
from perfgate.init.proposal import Endpoint, FileProposal, InitSource, Omission, ProposalOptions
from perfgate.init.recorded import Recorded
from perfgate.init.secrets import Secrets
from perfgate.init.templating import split_url
from perfgate.model.errors import UsageError

UNKNOWN = "unknown.invalid"  # the host that a variable of the shell names
_VARIABLE_HOST = re.compile(r"(?:https?://)?[^/?#]*\$\{\w+\}[^/?#]*")
IN_FILE = "its body is in a file: write it by hand under `body`"
REFUSED = {  # options without an equivalent, and why
    "-T": IN_FILE,
    "--upload-file": IN_FILE,
    "-K": "its options are in a file",
    "--config": "its options are in a file",
    "--unix-socket": "a Unix socket is not sent to by perfgate",
    "--digest": "digest authentication is not sent by perfgate",
    "--ntlm": "NTLM authentication is not sent by perfgate",
    "--negotiate": "Negotiate authentication is not sent by perfgate",
    "--aws-sigv4": "its signature is made anew for every request",
}


class _NotSentError(ValueError):
    """A command that has no equivalent; the message says why."""


@dataclass
class _Command:
    """What the arguments of one command add up to."""

    urls: list[str] = field(default_factory=list)
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    query: list[str] = field(default_factory=list)
    form: dict[str, str] = field(default_factory=dict)
    as_query: bool = False
    has_cookie_file: bool = False


def recognizes(source: InitSource) -> bool:
    return has_commands(source.text[:10_000]) and source.document is None


def convert(source: InitSource, options: ProposalOptions) -> FileProposal:
    secrets, names, variables = Secrets(), naming.UniqueNames(), set[str]()
    made: list[tuple[str, Endpoint]] = []
    omissions: list[Omission] = []
    for written in commands(source.text):
        try:
            for arguments in requests(written):
                command = _read(arguments)
                if command.has_cookie_file:
                    omissions.append(Omission(f"cookies of {_shown(written.text)}", "they are in a file"))
                urls = [_endpoint(command, url, secrets) for url in command.urls]
                made += [(origin, _with_variables(item, written.variables)) for origin, item in urls]
                variables |= written.variables
        except (_NotSentError, ValueError) as error:
            omissions.append(Omission(_shown(written.text), str(error)))
    if not made:
        why = f": {omissions[0].why}" if omissions else ""
        message = f"{source.name} has no curl command that can be sent{why}"
        raise UsageError(message, hint="for example: curl http://127.0.0.1:8000/", code="PG-N003")
    made = [(host or split_url(options.target)[0], item) for host, item in made]
    origin = recorded.chosen_origin([origin for origin, _ in made], options.target)
    omissions += [
        Omission(item.request.partition("?")[0], f"another host: {other or 'that of a variable'}")
        for other, item in made
        if other != origin
    ]
    remaining = [
        replace(item, name=names.take(item.name, naming.with_query(item.name, item.path)))
        for other, item in made
        if other == origin
    ]
    sent = {name for name in variables if any(f"${{{name}}}" in str(item) for item in remaining)}
    return FileProposal(
        target=options.target or origin,
        endpoints=tuple(remaining),
        omissions=tuple(omissions),
        variables={**dict.fromkeys(sorted(sent), "a variable of the command"), **secrets.variables},
    )


def _with_variables(endpoint: Endpoint, names: Collection[str]) -> Endpoint:
    """The endpoint with those variables of the shell as variables of the environment, in its name as values."""
    with_holes = recorded.with_variables(endpoint, "|".join(names)) if names else endpoint
    return replace(with_holes, name=re.sub(r"\$(?=\{\w+\})", "", endpoint.name))


def _shown(text: str) -> str:
    """The command without its arguments, which may hold secrets."""
    match = re.search(r"https?://[^\s'\"?]+", text)
    url = re.sub(r"//[^/@]*@", "//", match[0]) if match else ""
    return f"curl {recorded.readable(url, Secrets())}" if match else "a curl command"


def _read(options: list[tuple[str, str]]) -> _Command:
    """Raises _NotSentError for what has no equivalent."""
    command = _Command()
    for name, value in options:
        _apply(command, name, value)
    if not command.urls:
        raise _NotSentError("it has no URL")
    return command


def _apply(command: _Command, name: str, value: str) -> None:
    if name == "--url":
        command.urls.append(value)
    elif name in ("-X", "--request"):
        command.method = value.upper()
    elif name in ("-H", "--header") and value.startswith("@"):
        raise _NotSentError("its headers are in a file")
    elif name in ("-H", "--header"):
        key, colon, text = value.partition(":")
        if text.strip() or value.endswith(";"):  # `Accept:` is a header that curl leaves out, `X-Empty;` has no text
            command.headers[key.strip() if colon else value[:-1]] = text.strip()
    elif name in ("-u", "--user"):
        command.headers["Authorization"] = f"Basic {b64encode(value.encode()).decode()}"
    elif name == "--oauth2-bearer":
        command.headers["Authorization"] = f"Bearer {value}"
    elif name in DATA:
        _add_data(command, name, value)
    elif name in ("-F", "--form", "--form-string"):
        _add_part(command, name, value)
    elif name == "--url-query":
        command.query.append(_encoded_pair(value))
    elif name in ("-r", "--range"):
        command.headers["Range"] = f"bytes={value}"
    elif name in REFUSED:
        raise _NotSentError(REFUSED[name])
    elif name in ("-G", "--get"):
        command.as_query = True
    elif name in ("-I", "--head"):
        command.method = command.method or "HEAD"
    elif name in ("-b", "--cookie") and "=" not in value:
        command.has_cookie_file = True
    elif name in ("-b", "--cookie"):
        command.headers["Cookie"] = value


def _add_data(command: _Command, name: str, value: str) -> None:
    if value.startswith("@") and name != "--data-raw":
        raise _NotSentError(IN_FILE)
    if name == "--json":
        command.headers.setdefault("Content-Type", "application/json")
        command.headers.setdefault("Accept", "application/json")
    command.data.append(_encoded_pair(value) if name == "--data-urlencode" else value)


def _encoded_pair(value: str) -> str:
    """What `--data-urlencode` makes of `name=text`, `=text` or `text`. Raises _NotSentError for `name@file`."""
    key, equals, text = value.partition("=")
    if not equals and "@" in value:
        raise _NotSentError(IN_FILE)
    return f"{key}={quote_plus(text)}" if equals and key else quote_plus(text if equals else value)


def _add_part(command: _Command, name: str, value: str) -> None:
    key, _, text = value.partition("=")
    if name != "--form-string" and text[:1] in ("@", "<"):
        raise _NotSentError("its form has files: write it by hand under `multipart`")
    if key in command.form:
        raise _NotSentError(f"its form has several parts {key}: write it by hand under `body`")
    if name != "--form-string" and re.search(r";\s*(?:type|filename)=", text):
        raise _NotSentError(f"its part {key} has a type of its own: put it into a file, under `multipart`")
    command.form[key] = text


def _endpoint(command: _Command, url: str, secrets: Secrets) -> tuple[str, Endpoint]:
    host = _VARIABLE_HOST.match(url)
    origin, path, query = split_url(url if not host else f"http://{UNKNOWN}{url[host.end() :]}")
    if not origin:
        raise _NotSentError("its URL cannot be read")
    declared = next((value for name, value in command.headers.items() if name.lower() == "content-type"), "")
    body = ("" if "json" in declared else "&").join(command.data)
    has_body = bool(command.data and not command.as_query) or bool(command.form)
    method = command.method or ("POST" if has_body else "GET")
    if method not in recorded.METHODS:
        raise _NotSentError(f"{method} is not sent by perfgate")
    query = "&".join(filter(None, (query, *command.query, body if command.as_query else "")))
    body = "" if command.as_query else body
    sent = Recorded(
        method=method,
        path=path,
        query=query,
        headers=recorded.with_user(command.headers, url),
        body=body,
        media_type=declared or (recorded.FORM if body else ""),
    )
    endpoint = recorded.endpoint(sent, recorded.name_of(sent, secrets), secrets)
    if command.form:
        endpoint = replace(endpoint, body_key="multipart", body=secrets.fields(command.form))
    cookie = next((value for name, value in command.headers.items() if name.lower() == "cookie"), "")
    headers = {**endpoint.headers, "Cookie": secrets.replaced("cookie", cookie)} if cookie else endpoint.headers
    return "" if host else origin, replace(endpoint, headers=headers)
