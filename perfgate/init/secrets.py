"""Secrets in recorded requests: found by the names they go by, and replaced by environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from perfgate.init import naming
from perfgate.init.proposal import Json
from perfgate.init.templating import literal

MIN_SECRET_CHARS = 8  # of a value that is taken for the same secret wherever it comes
_SECRET = re.compile(
    r"pass(word|wd|phrase)?|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|auth|authorization|"
    r"credential|signature|sig|cvv|cvc|card[_-]?number|session(id)?|jwt|otp|pin|csrf|xsrf|bearer|x-[a-z-]*(token|key|auth|secret)[a-z-]*",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"(?:^|[_.\-])(pass|password|passwd|pwd|secret|token|apikey|api_key|signature|credential|jwt|csrf|xsrf|sid)(?:$|[_.\-])",
    re.IGNORECASE,
)
_LOOKS_SECRET = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|gh[pousr]_\w{20,}|sk_(live|test)_\w{10,}|"
    r"xox[abpr]-[\w-]{10,}|AKIA[A-Z0-9]{16}|glpat-[\w-]{16,}|AIza[\w-]{35}"
)
_LINK = re.compile(r"token|reset|verif|invit|confirm|activat|password|session|magic", re.IGNORECASE)  # in front of one
_TOKEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~=-]{16,}")  # of a link that is sent by mail
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)  # rather the id of a resource
_FIELD = re.compile(  # a name with its value within a text: JSON or GraphQL, XML, a form, a part of a multipart body
    r"""
      "?(?P<key>[\w.-]+)"?\s*:\s*(?:"(?P<text>(?:[^"\\]|\\.)+)"|(?P<number>\d+))
    | <(?:\w+:)?(?P<tag>[\w.-]+)>(?P<inner>[^<]+)</
    | (?:^|&)(?P<field>[^=&\s]+)=(?P<value>[^&\s]+)
    | \bname="(?P<part>[^"]+)"[^\r\n]*(?:\r?\n[^\r\n]+)*\r?\n\r?\n(?P<content>[^\r\n]+)
    """,
    re.VERBOSE,
)
_SCHEME = re.compile(r"(Basic|Bearer|Digest|Token|ApiKey) +(.+)", re.IGNORECASE | re.DOTALL)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_secret_name(name: str) -> bool:
    """Whether a header, parameter or field of that name holds a secret."""
    spaced = _CAMEL.sub("_", name)
    return bool(_SECRET.fullmatch(name) or _SECRET.fullmatch(spaced) or _PARTS.search(spaced))


def _secrets_in(text: str) -> list[tuple[int, int, str]]:
    """Begin, end and name (empty where it is seen by its look) of each secret within a text, in order."""
    by_look = [(*match.span(), "") for match in _LOOKS_SECRET.finditer(text)]
    by_name = []
    for match in _FIELD.finditer(text):
        name, value = (key for key, written in match.groupdict().items() if written is not None)
        if is_secret_name(match[name]):
            by_name.append((*match.span(value), match[name]))
    return sorted(by_look + by_name)


@dataclass
class Secrets:
    """Replaces secrets by `${VARIABLE}`. One secret is one variable, however often it comes."""

    variables: dict[str, str] = field(default_factory=dict)  # name -> what it is to be set to
    _names: dict[str, str] = field(default_factory=dict)  # secret -> name of its variable

    def template(self, name: str, value: str) -> str:
        """The value as a template, with a variable in the place of a secret."""
        if not value:
            return ""
        if is_secret_name(name):
            return self.replaced(name, value)
        known = self._names.get(value)
        if known and len(value) >= MIN_SECRET_CHARS:
            return f"${{{known}}}"
        return self._text(name, value)

    def _text(self, name: str, value: str) -> str:
        """The text with a variable for each secret within it, by the name before it or by its look."""
        made, end = "", 0
        for start, stop, field_name in _secrets_in(value):
            if start >= end:
                made += literal(value[end:start]) + self.replaced(field_name or name, value[start:stop])
                end = stop
        return made + literal(value[end:])

    def is_secret_part(self, before: str, part: str) -> bool:
        """Whether a part of a path is a secret: by its look, or in a link such as `/reset-password/...`."""
        is_token = _TOKEN.fullmatch(part) is not None and not _UUID.fullmatch(part)
        return self.is_secret(part) or (is_token and _LINK.search(before) is not None)

    def is_secret(self, value: str) -> bool:
        """Whether a value without a name is known as a secret, or looks like one."""
        return (len(value) >= MIN_SECRET_CHARS and value in self._names) or _LOOKS_SECRET.search(value) is not None

    def replaced(self, name: str, value: str) -> str:
        """A variable for a value that is a secret; the scheme of an Authorization header stays readable."""
        if match := _SCHEME.fullmatch(value):
            kind = match[1].lower()
            variable = "basic_auth" if kind == "basic" else "api_token"
            return f"{match[1]} {self._hole(variable if name.lower() == 'authorization' else name, match[2])}"
        return self._hole("api_token" if name.lower() == "authorization" else name, value)

    def json(self, value: Json, name: str = "") -> Json:
        """A JSON value with its texts as templates; a secret number becomes a text."""
        if isinstance(value, dict):
            return {key: self.json(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.json(item, name) for item in value]
        if isinstance(value, str):
            return self.template(name, value)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return self.replaced(name, str(value)) if is_number and is_secret_name(name) else value

    def fields(self, pairs: Mapping[str, str]) -> dict[str, str]:
        """Fields of a form, or headers, as templates."""
        return {name: self.template(name, value) for name, value in pairs.items()}

    def _hole(self, name: str, value: str) -> str:
        if re.fullmatch(r"\$\{\w+\}", value):  # it is a variable already
            return value
        if value not in self._names:
            base = naming.variable_name(name)
            variable, number = base, 2
            while variable in self.variables:
                variable, number = f"{base}_{number}", number + 1
            self._names[value] = variable
            self.variables[variable] = f"it was recorded as {naming.plain(name)}, and left out of this file"
        return f"${{{self._names[value]}}}"
