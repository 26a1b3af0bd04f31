"""What a view is of and for: the page on one side, the viewport and throttling, and what is looked at besides its
metrics.

Source of the throttling profiles: Lighthouse `core/config/constants.js` (`devtools` throttling: what a browser is told
so that the profile's round trips and throughput come about; desktopDense4G, which it only simulates, as it is).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from perfgate.model.budget_file import PageSpec
from perfgate.text.addresses import is_own

MAX_TEXT_CHARS = 300  # characters of a message


KBIT = 1024 / 8  # bytes per second


@dataclass(frozen=True, kw_only=True)
class Throttle:
    """`latency` in ms, throughputs in bytes per second, `cpu` times slower. Without a network part: -1."""

    latency: float = 0.0
    download: float = -1.0
    upload: float = -1.0
    cpu: float = 1.0

    @property
    def is_network(self) -> bool:
        return self.download > 0


def commands(throttle: Throttle) -> Iterator[tuple[str, dict[str, float]]]:
    """What Chromium is to be sent for it, by its DevTools protocol."""
    if throttle.is_network:
        network = {"latency": throttle.latency, "downloadThroughput": throttle.download}
        yield (
            "Network.emulateNetworkConditions",
            {"offline": False, "uploadThroughput": throttle.upload, **network},
        )
    if throttle.cpu > 1:
        yield "Emulation.setCPUThrottlingRate", {"rate": throttle.cpu}


THROTTLES: dict[str, Throttle] = {
    "none": Throttle(),
    "mobileSlow4G": Throttle(latency=562.5, download=1474.56 * KBIT, upload=675 * KBIT, cpu=4),
    "mobileRegular3G": Throttle(latency=1125, download=630 * KBIT, upload=630 * KBIT, cpu=4),
    "desktopDense4G": Throttle(latency=40, download=10 * 1024 * KBIT, upload=10 * 1024 * KBIT, cpu=1),
}


@dataclass(frozen=True, kw_only=True)
class Viewport:
    width: int
    height: int
    scale: float = 1.0
    is_mobile: bool = False


VIEWPORTS: dict[str, Viewport] = {
    "desktop": Viewport(width=1350, height=940),
    "mobile": Viewport(width=412, height=823, scale=1.75, is_mobile=True),
}
# As Lighthouse has it: servers that tell phones apart do so by this.
MOBILE_AGENT = (
    "Mozilla/5.0 (Linux; Android 11; moto g power (2022)) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{}.0.0.0 Mobile Safari/537.36"
)


@dataclass(frozen=True, kw_only=True)
class PageVisit:
    """A page on one side. Its URL is that of the target and a path; `storage_state` a file, or what is in one;
    `cookies` are a login's, as Playwright takes them; `hosts` those that the page may lead to besides its own."""

    page: PageSpec
    target: str
    path: str
    storage_state: Path | Mapping[str, Any] | None = None
    cookies: Sequence[Mapping[str, Any]] = ()
    hosts: Sequence[str] = ()
    insecure: bool = False

    @property
    def url(self) -> str:
        return self.address(self.path)

    def address(self, path: str) -> str:
        """The URL of a path of the target, without user and password: those are the context's."""
        parts = urlsplit(self.target)
        return f"{parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl().rstrip('/')}{path}"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def is_allowed(self, url: str) -> bool:
        """Whether a document may come from there."""
        scheme = urlsplit(url).scheme
        if scheme not in ("http", "https"):
            return scheme in ("about", "data", "blob")
        return "*" in self.hosts or not self.is_third_party(url)

    def is_third_party(self, url: str) -> bool:
        """Whether it belongs to others: neither to the target's host nor to those that are named beside it."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        return not (is_own(host, self.host) or host in self.hosts or parts.netloc.rpartition("@")[2] in self.hosts)


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a view is for, besides the metrics. Coverage and a trace slow down what they watch: times of such a view do
    not count. `trace` takes the trace's bytes."""

    interacts: bool = True
    coverage: bool = False
    screenshot: Path | None = None
    trace: Callable[[bytes], None] | None = None


TIMED = Purpose()


def context_options(subject: PageVisit, version: str) -> dict[str, Any]:
    """How Playwright opens the context of a visit, in a Chromium of that version."""
    viewport, parts = VIEWPORTS[subject.page.viewport], urlsplit(subject.target)
    options: dict[str, Any] = {
        "viewport": {"width": viewport.width, "height": viewport.height},
        "device_scale_factor": viewport.scale,
        "is_mobile": viewport.is_mobile,
        "has_touch": viewport.is_mobile,
        "ignore_https_errors": subject.insecure,
        "accept_downloads": False,
    }
    if viewport.is_mobile:
        options["user_agent"] = MOBILE_AGENT.format(version.partition(".")[0])
    if subject.storage_state:
        known = subject.storage_state
        options["storage_state"] = str(known) if isinstance(known, Path) else known
    if parts.username is not None:
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        options["http_credentials"] = {
            "username": parts.username,
            "password": parts.password or "",
            "origin": origin,
            "send": "always",
        }
    return options
