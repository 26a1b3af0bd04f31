"""Which proxy the environment names for a target."""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import urlsplit

import pytest

from perfgate.model.errors import UsageError
from perfgate.net.proxies import Proxy, proxy_for

URL = "http://proxy.test:8080"
PROXY = Proxy("proxy.test", 8080, "")


def of(target: str, **environ: str) -> Proxy | None:
    parts = urlsplit(target)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return proxy_for(parts.scheme, parts.hostname or "", port, environ)


@pytest.mark.parametrize(
    ("environ", "target", "proxy"),
    [
        ({}, "http://shop.test", None),
        ({"HTTP_PROXY": URL}, "http://shop.test", PROXY),
        ({"http_proxy": f"{URL}/"}, "http://shop.test", PROXY),
        ({"HTTP_PROXY": "proxy.test:8080"}, "http://shop.test", PROXY),
        ({"HTTP_PROXY": "http://proxy.test"}, "http://shop.test", Proxy("proxy.test", 80, "")),
        ({"HTTP_PROXY": "http://[fd00::1]:8080"}, "http://shop.test", Proxy("fd00::1", 8080, "")),
        ({"HTTP_PROXY": URL}, "https://shop.test", None),
        ({"HTTPS_PROXY": URL}, "https://shop.test", PROXY),
        ({"HTTPS_PROXY": URL}, "http://shop.test", None),
        ({"ALL_PROXY": URL}, "http://shop.test", PROXY),
        ({"all_proxy": URL}, "https://shop.test", PROXY),
        ({"ALL_PROXY": "http://other.test", "HTTP_PROXY": URL}, "http://shop.test", PROXY),
        ({"ALL_PROXY": "socks5://other.test", "HTTP_PROXY": URL}, "http://shop.test", PROXY),
        ({"http_proxy": URL, "HTTP_PROXY": "http://other.test"}, "http://shop.test", PROXY),
        ({"http_proxy": "", "HTTP_PROXY": URL}, "http://shop.test", PROXY),
        ({"HTTP_PROXY": URL}, "http://localhost:8765", None),
        ({"HTTP_PROXY": URL}, "http://shop.localhost:8765", None),
        ({"HTTP_PROXY": URL}, "http://127.0.0.1:8765", None),
        ({"HTTP_PROXY": URL}, "http://127.3.2.1", None),
        ({"HTTP_PROXY": URL}, "http://[::1]:8765", None),
        ({"HTTP_PROXY": "socks5://proxy.test"}, "http://localhost", None),
        (
            {"HTTP_PROXY": "http://ann:p%40ss@proxy.test:8080"},
            "http://shop.test",
            Proxy("proxy.test", 8080, f"Basic {b64encode(b'ann:p@ss').decode()}"),
        ),
    ],
    ids=str,
)
def test_the_proxy_of_a_target(environ, target, proxy):
    assert of(target, **environ) == proxy


@pytest.mark.parametrize(
    ("exceptions", "target", "excepted"),
    [
        ("*", "http://shop.test", True),
        ("shop.test", "http://shop.test", True),
        ("SHOP.test", "http://shop.TEST", True),
        ("shop.test", "http://shop.test.", True),
        ("shop.test", "http://api.shop.test:81", True),
        (".shop.test", "http://shop.test", True),
        (".shop.test", "http://api.shop.test", True),
        ("*.shop.test", "http://api.shop.test", True),
        ("shop.test", "http://bookshop.test", False),
        ("api.shop.test", "http://shop.test", False),
        ("test", "http://shop.test", True),
        ("a.test,shop.test", "http://shop.test", True),
        ("a.test, shop.test", "http://shop.test", True),
        ("a.test shop.test", "http://shop.test", True),
        (",", "http://shop.test", False),
        (".", "http://shop.test", False),
        ("shop.test:81", "http://shop.test:81", True),
        ("shop.test:81", "http://shop.test", False),
        ("shop.test:443", "https://shop.test", True),
        ("10.1.2.3", "http://10.1.2.3:8080", True),
        ("10.1.2.3:80", "http://10.1.2.3:8080", False),
        ("0.1.2.3", "http://10.1.2.3", False),
        (".1.2.3", "http://10.1.2.3", False),
        ("10.0.0.0/8", "http://10.1.2.3", True),
        ("10.1.2.3/8", "http://10.9.9.9", True),
        ("10.0.0.0/8", "http://11.1.2.3", False),
        ("10.0.0.0/8", "http://ten.test", False),
        ("10.0.0.0/99", "http://10.1.2.3", False),
        ("fd00::1", "http://[fd00::1]", True),
        ("[fd00:0::1]", "http://[fd00::1]", True),
        ("[fd00::1]:81", "http://[fd00::1]:81", True),
        ("[fd00::1]:81", "http://[fd00::1]", False),
        ("fd00::/8", "http://[fd00::1]", True),
        ("10.0.0.0/8", "http://[fd00::1]", False),
    ],
)
def test_exceptions(exceptions, target, excepted):
    assert of(target, ALL_PROXY=URL, NO_PROXY=exceptions) == (None if excepted else PROXY)
    assert of(target, ALL_PROXY=URL, NO_PROXY="x.test", no_proxy=exceptions) == (None if excepted else PROXY)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALL_PROXY", "socks5://ann:secret@proxy.test:1080", "ALL_PROXY names a socks5:// proxy"),
        ("https_proxy", "socks5h://proxy.test", "https_proxy names a socks5h:// proxy"),
        ("HTTPS_PROXY", "https://ann:secret@proxy.test", "HTTPS_PROXY names a https:// proxy"),
        ("HTTPS_PROXY", "http://ann:secret@proxy.test:many", "HTTPS_PROXY is not the URL of a proxy"),
        ("HTTPS_PROXY", "http://", "HTTPS_PROXY is not the URL of a proxy"),
        ("HTTPS_PROXY", "http://[bad", "HTTPS_PROXY is not the URL of a proxy"),
    ],
)
def test_what_is_no_proxy_for_us_is_an_error_that_names_the_variable(name, value, said):
    with pytest.raises(UsageError) as caught:
        of("https://shop.test", **{name: value})
    assert said in str(caught.value)
    assert "secret" not in str(caught.value)
