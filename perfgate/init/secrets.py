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
    r"credential|signature|session(id)?|jwt|otp|pin|csrf|xsrf|bearer|x-[a-z-]*(token|key|auth|secret)[a-z-]*",
    re.IGNORECASE,
)
_PARTS = re.compile(
    r"(?:^|[_.\-])(pass|password|passwd|pwd|secret|token|apikey|api_key|signature|credential|jwt|csrf|xsrf|sid)(?:$|[_.\-])",
    re.IGNORECASE,
)
_LOOKS_SECRET = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|gh[pousr]_\w{20,}|sk_(live|test)_\w{10,}|"
    r"xox[abpr]-[\w-]{10,}|AKIA[A-Z0-9]{16}|glpat-[\w-]{16,}"
)
_SCHEME = re.compile(r"(Basic|Bearer|Digest|Token|ApiKey) +(.+)", re.IGNORECASE | re.DOTALL)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_secret_name(name: str) -> bool:
    """Whether a header, parameter or field of that name holds a secret."""
    spaced = _CAMEL.sub("_", name)
    return bool(_SECRET.fullmatch(name) or _SECRET.fullmatch(spaced) or _PARTS.search(spaced))


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
        if match := _LOOKS_SECRET.search(value):
            before, after = value[: match.start()], value[match.end() :]
            return f"{literal(before)}{self._hole(name, match[0])}{literal(after)}"
        return literal(value)

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
