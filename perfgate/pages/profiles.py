"""Network and CPU throttling, named like Lighthouse's profiles, and viewports.

Source of the figures: Lighthouse `core/config/constants.js` (`devtools` throttling: what a browser is told so that the
profile's round trips and throughput come about).
"""

from __future__ import annotations

from dataclasses import dataclass

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
