"""The types of texts in a budget file: names, hosts, headers, request lines, patterns and JSONPaths."""

from __future__ import annotations

import re
import warnings
from typing import Annotated
from urllib.parse import quote, urlsplit

from pydantic import StringConstraints, WithJsonSchema

from perfgate.budgets.shape.fields import checked
from perfgate.text import template

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NAME_OF_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]*")
NAME_OF_FILE_RULE = "letters, digits, spaces, `.`, `_` and `-`; begins with a letter or a digit"

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS = ("content-length", "transfer-encoding")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.-]+)*", re.ASCII)


def split_request(line: str) -> tuple[str, str]:
    """Method and path; a bare path means GET."""
    first, _, rest = line.strip().partition(" ")
    return (first, rest.strip()) if rest or first.isalpha() else ("GET", first)


def header_value_problem(value: str) -> str:
    """What is wrong with a header value, or nothing."""
    if any(character in value for character in "\r\n\0"):
        return "a header value is one line\nremove the line break"
    try:
        value.encode("latin-1")
    except UnicodeEncodeError as error:
        return f"`{value[error.start]}` cannot be sent in a header\npercent-encode it"
    return ""


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        return f"`{name}` is not a header name\nletters, digits and `-`"
    return ""


def _own_header_name(name: str) -> str:
    if problem := _header_name(name):
        return problem
    return f"perfgate sets `{name}` itself\nremove it" if name.lower() in _OWN_HEADERS else ""


def _request_line(line: str) -> str:
    method, path = split_request(line)
    if method not in METHODS:
        known = f"write `{method.upper()}`" if method.upper() in METHODS else f"known: {', '.join(METHODS)}"
        return f"unknown method `{method}`\n{known}"
    if not path or " " in path or _CONTROL.search(path):
        return f"`{line}` is not a method and a path\nwrite `GET /path?page={{page}}`; a space in a path is `%20`"
    if not path.startswith(("/", "{")):
        return f"the path `{path}` does not begin with `/`\nscheme and host belong in `target`"
    if not path.isascii():
        encoded = quote(path, safe="/?&=%{}$:,;+@!*()~'[]|-")
        return f"a path holds ASCII characters only\npercent-encode it: `{encoded}`"
    return f"`{path}`: what follows `#` is never sent\nremove it" if "#" in path else ""


def _url_path(path: str) -> str:
    if path.startswith("/") and path.isascii() and " " not in path and not _CONTROL.search(path):
        return ""
    return f"`{path}` is not a path\nit begins with `/` and has no spaces: `/healthz`"


def _name(name: str) -> str:
    if not name or name != name.strip() or _CONTROL.search(name) or len(name) > 100:
        return "a name has 1 to 100 characters on one line, without spaces around them"
    return ""


def _name_of_file(name: str) -> str:
    return "" if NAME_OF_FILE.fullmatch(name) else f"`{name}` cannot be a name\n{NAME_OF_FILE_RULE}"


def _variable_name(name: str) -> str:
    return "" if template.is_name(name) else f"`{name}` is not the name of an environment variable"


def _host(host: str) -> str:
    if _HOST.fullmatch(host):
        return ""
    return f"`{host}` is not a host name\nleave out scheme, port and path: `staging.example.org`"


def _listen_address(address: str) -> str:
    """HOST or HOST:PORT; an IPv6 address with a port stands in brackets."""
    advice = "write `127.0.0.1`, `0.0.0.0:8900` or `[::1]:8900`"
    try:
        parts = urlsplit(f"//{address}")
        is_whole = parts.netloc == address and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        is_whole = False
    return "" if is_whole else f"`{address}` is no address to listen on\n{advice}"


def _pattern(pattern: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's, about patterns whose meaning may change
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        hint = "write it in single quotes, so that `\\` stays as it is"
        return f"`{pattern}` is not a regular expression: {error}\n{hint}"
    return ""


def json_path_problem(path: str) -> str:
    import jsonpath  # 70 ms, and only files that use it pay

    example = "for example `$.items[0].id`, `$['odd name']`"
    if not path.startswith("$"):
        return f"`{path}` is not a JSONPath: it does not begin with `$`\n{example}"
    try:
        jsonpath.compile(path)
    except (jsonpath.JSONPathError, ValueError, RecursionError) as error:  # ValueError: `$[1e400]`
        return f"`{path}` is not a JSONPath: {getattr(error, 'message', error)}\n{example}"
    return ""


def _one_line(text: str) -> str:
    return "must be one line" if not text or _CONTROL.search(text) else ""


def _media_type(text: str) -> str:
    return "" if _MEDIA_TYPE.fullmatch(text) else f"`{text}` is not a media type\nfor example `image/png`"


def _trace_link(text: str) -> str:
    hint = "for example `https://jaeger.example/trace/{trace_id}`"
    if "${" in text:
        return f"must be written out, without variables: reports show it\n{hint}"
    if not re.match(r"https?://[^\s/]", text) or not text.isascii() or not text.isprintable() or " " in text:
        return f"must be an http:// or https:// URL\n{hint}"
    return "" if "{trace_id}" in text else f"must have {{trace_id}} in it\n{hint}"


Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, checked(_name)]
NameOfFile = Annotated[
    str, checked(_name_of_file), WithJsonSchema({"type": "string", "pattern": f"^{NAME_OF_FILE.pattern}$"})
]
VariableName = Annotated[str, checked(_variable_name)]
Host = Annotated[str, checked(_host)]
ListenAddress = Annotated[str, checked(_listen_address)]
SentHeaderName = Annotated[str, checked(_own_header_name)]
HeaderName = Annotated[str, checked(_header_name)]
HeaderValue = Annotated[str, checked(header_value_problem)]
Headers = dict[SentHeaderName, HeaderValue]
RequestLine = Annotated[str, checked(_request_line)]
TraceLink = Annotated[str, checked(_trace_link)]
UrlPath = Annotated[str, checked(_url_path)]
Pattern = Annotated[str, checked(_pattern)]
JsonPath = Annotated[str, checked(json_path_problem)]
Quotable = Annotated[str, checked(_one_line)]
MediaType = Annotated[str, checked(_media_type)]
