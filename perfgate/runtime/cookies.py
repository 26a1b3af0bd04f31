"""The cookies of one virtual user: name and value, for the one host that load goes to."""

from __future__ import annotations

import re

_ENDED = re.compile(r"\s*max-age\s*=\s*(0+|-\d+)\s*", re.IGNORECASE)


class Cookies:
    """Set-Cookie in, Cookie header out. Paths, domains and expiry dates are not looked at; a Max-Age of 0 or less
    deletes. `header` is the value of the Cookie header, empty when there are no cookies."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self.header = ""

    def take(self, headers: list[str]) -> None:
        for header in headers:
            pair, *attributes = header.split(";")
            name, separator, value = pair.partition("=")
            if not separator or not name.strip():
                continue
            if any(_ENDED.fullmatch(attribute) for attribute in attributes):
                self._values.pop(name.strip(), None)
            else:
                self._values[name.strip()] = value.strip()
        self.header = "; ".join(f"{name}={value}" for name, value in self._values.items())
