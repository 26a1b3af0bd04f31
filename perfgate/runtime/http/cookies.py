"""The cookies of one visitor, by RFC 6265: name, path, domain, secure, expiry and deletion."""

from __future__ import annotations

import re
import time
from calendar import timegm
from typing import NamedTuple

MAX_AGE_S = 10**11  # s: longer than any cookie lives
MAX_DIGITS = 1000  # of an age; Python refuses to read numbers of more than 4300
_SECONDS = re.compile(r"-?[0-9]+\Z")
_TOKEN = re.compile(r"[^\t\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+")
_TIME = re.compile(r"(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)")
_DAY, _YEAR = re.compile(r"\d{1,2}(?!\d)"), re.compile(r"\d{2,4}(?!\d)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
Key = tuple[str, str, str]  # name, domain, path: what tells cookies apart (section 5.3)


class CookieOrigin(NamedTuple):
    """Where a request goes, as far as cookies care. `path` is that of the URL, without its query."""

    host: str
    path: str = "/"
    secure: bool = False


class Cookie(NamedTuple):
    pair: str  # name=value
    host_only: bool
    secure: bool
    expires: float  # s since 1970; 0: with the session


class Cookies:
    """Set-Cookie in, Cookie header out. As long as `everywhere`, all go to every path of the host `home` and do not
    expire, and `header` is that of each request to it."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.stored: dict[Key, Cookie] = {}
        self.header = ""
        self.everywhere = True

    def take(self, headers: list[str], place: CookieOrigin) -> list[str]:
        """Stores what an answer from `place` sets, or deletes (section 5.3). Returns what is odd about it, in words."""
        odd = [words for header in headers if (words := _take(self.stored, header, place))]
        self._summarise()
        return odd

    def put(self, cookies: dict[Key, Cookie]) -> None:
        """Stores cookies that were stored before."""
        self.stored.update(cookies)
        self._summarise()

    def drop(self, keys: set[Key]) -> None:
        for key in keys:
            self.stored.pop(key, None)
        self._summarise()

    def clear(self) -> None:
        self.stored.clear()
        self.header, self.everywhere = "", True

    def for_request(self, place: CookieOrigin) -> str:
        """The Cookie header for a request to `place`: longer paths first, then older cookies (section 5.4)."""
        now = time.time()
        fits = [
            (key, cookie)
            for key, cookie in self.stored.items()
            if _is_within(place.path, key[2])
            and (place.host == key[1] if cookie.host_only else _is_of(place.host, key[1]))
            and (place.secure or not cookie.secure)
            and (not cookie.expires or cookie.expires > now)
        ]
        return "; ".join(cookie.pair for _, cookie in sorted(fits, key=lambda fit: -len(fit[0][2])))

    def _summarise(self) -> None:
        self.everywhere = all(
            path == "/" and domain == self.home and not (cookie.secure or cookie.expires)
            for (_, domain, path), cookie in self.stored.items()
        )
        self.header = "; ".join(cookie.pair for cookie in self.stored.values())


def _take(stored: dict[Key, Cookie], header: str, place: CookieOrigin) -> str:
    pair, *rest = header.split(";")
    name, separator, value = (part.strip() for part in pair.partition("="))
    if not separator or not name:
        return ""
    attributes = {key.strip().lower(): text.strip() for key, _, text in (item.partition("=") for item in rest)}
    domain = attributes.get("domain", "").removeprefix(".").lower()
    if domain and not _is_of(place.host, domain):
        return (  # no user agent takes it
            f"The cookie `{name[:40]}` is for {domain[:80]}, and requests go to {place.host}: it was not kept. "
            f"If that is the application's name, add `headers: {{Host: {domain[:80]}}}`."
        )
    path = attributes.get("path", "")
    key = name, domain or place.host, path if path.startswith("/") else _default_path(place.path)
    expires = _expires(attributes)
    if expires and expires <= time.time():
        stored.pop(key, None)
    else:
        stored[key] = Cookie(f"{name}={value}", not domain, "secure" in attributes, expires)
        if "secure" in attributes and not place.secure:
            return f"The cookie `{name[:40]}` is Secure and the target is http://: it was not sent back."
    return ""


def _expires(attributes: dict[str, str]) -> float:
    """Seconds since 1970, 0 for a cookie of the session. Max-Age comes before Expires."""
    age = attributes.get("max-age", "")
    if _SECONDS.match(age):
        seconds = min(int(age[:MAX_DIGITS]), MAX_AGE_S)
        return time.time() + seconds if seconds > 0 else 1.0
    moment = _moment(attributes.get("expires", ""))
    return 0.0 if moment is None else max(moment, 1.0)


def _moment(text: str) -> float | None:
    """Seconds since 1970 of a date as servers write it; None for what is none (section 5.1.1)."""
    clock: tuple[int, ...] = ()
    day = month = year = -1
    for token in _TOKEN.findall(text):
        if not clock and (match := _TIME.match(token)):
            clock = tuple(int(part) for part in match.groups())
        elif day < 0 and (match := _DAY.match(token)):
            day = int(match[0])
        elif month < 0 and token[:3].lower() in _MONTHS:
            month = _MONTHS.index(token[:3].lower()) + 1
        elif year < 0 and (match := _YEAR.match(token)):
            year = int(match[0])
    year += 1900 if 70 <= year <= 99 else 2000 if 0 <= year <= 69 else 0
    if not clock or month < 0 or not 1 <= day <= 31 or year < 1601 or clock > (23, 59, 59):
        return None
    return float(timegm((year, month, day, *clock)))


def _default_path(path: str) -> str:
    """Section 5.1.4."""
    return path[: path.rfind("/")] or "/" if path.startswith("/") else "/"


def _is_within(path: str, of: str) -> bool:
    """Whether a cookie's path covers the request's (section 5.1.4)."""
    return path == of or (path.startswith(of) and (of.endswith("/") or path[len(of)] == "/"))


def _is_of(host: str, domain: str) -> bool:
    """Whether a host is a domain's (section 5.1.3); addresses have no domains above them."""
    return host == domain or (host.endswith(f".{domain}") and not host.replace(".", "").isdigit() and ":" not in host)
