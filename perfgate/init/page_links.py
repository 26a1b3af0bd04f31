"""A web page and where it leads to, as curl commands: what a service shows that has no OpenAPI document."""

from __future__ import annotations

import re
import shlex
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

MAX_LINKS = 8
NOT_A_PAGE = re.compile(r"\.(css|js|mjs|png|jpe?g|gif|svg|ico|webp|woff2?|pdf|zip|gz|xml|txt|map)$", re.IGNORECASE)
ENDS_SOMETHING = re.compile(r"log-?out|sign-?out|delete|remove|unsubscribe", re.IGNORECASE)  # by a careless GET


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def commands(url: str, page: str) -> str:
    """A curl command for the page, and one for each of the first pages that it links to on the same host."""
    parser = _Links()
    parser.feed(page)
    origin = urlsplit(url)[:2]
    urls = {urlsplit(url).path or "/": url}
    for link in parser.found:
        parts = urlsplit(urljoin(url, link))
        is_page = parts[:2] == origin and not NOT_A_PAGE.search(parts.path) and not ENDS_SOMETHING.search(link)
        if is_page and len(urls) <= MAX_LINKS:
            urls.setdefault(parts.path or "/", parts._replace(fragment="").geturl())
    return "".join(f"curl {shlex.quote(item)}\n" for item in urls.values())
