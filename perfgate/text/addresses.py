"""Addresses: whose a host is, and texts without what is secret in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from perfgate.text.sanitize import one_line

MIN_PART_CHARS = 8  # characters of a part that is a secret by itself
HIDDEN = "[hidden]"
# Under these, and a country, names are registered: nobody's own (publicsuffix.org has them all).
SHARED = frozenset("ac co com edu gob gouv gov go govt gub mil ne net nhs nom or org police sch".split())

# Under these everybody may have a site of their own (the private part of publicsuffix.org; the usual ones).
HOSTING = frozenset(
    "appspot.com azurewebsites.net blogspot.com cloudfront.net firebaseapp.com fly.dev github.io gitlab.io "
    "herokuapp.com netlify.app onrender.com pages.dev readthedocs.io surge.sh vercel.app web.app workers.dev".split()
)


def without_address(text: str, url: str, secrets: Iterable[str] = (), *, limit: int) -> str:
    """Words of another side without the secrets that a message to it had: it may repeat any part of its address. One
    line of at most `limit` characters. What is hidden is hidden first: a secret that is cut off is a secret."""
    known = {secret for part in _parts(url, secrets) for secret in (part, unquote(part))}
    for secret in sorted(known, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return one_line(text, limit)


def _parts(url: str, secrets: Iterable[str]) -> Iterator[str]:
    address = urlsplit(url)
    yield url
    for part in (address.path, address.query):
        if len(part) > 1:
            yield part
    words = (word for value in secrets for word in (value, *value.split()))  # "Bearer TOKEN", and the token
    values = (value for _, value in parse_qsl(address.query))
    for word in (*words, *values, *address.path.split("/"), address.username or "", address.password or ""):
        if len(word) >= MIN_PART_CHARS:
            yield word


def is_own(host: str, own: str) -> bool:
    """Whether a host is one's own: `shop.org` and `cdn.shop.org` are, of `shop.org` and of `www.shop.org`. Of
    `www.gov.uk` only what is below it is: `gov.uk` is shared, as is `github.io`."""
    domain = own.removeprefix("www.")
    if _is_shared(domain):
        domain = own
    if domain in HOSTING:
        return host == domain
    return host == domain or host.endswith(f".{domain}")


def _is_shared(domain: str) -> bool:
    first, _, country = domain.partition(".")
    return not country or (len(country) == 2 and first in SHARED) or domain in HOSTING
