"""A series as a line of blocks: the trend where no picture can be (tables, terminals, mails)."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
GAP = "·"
MIN_RANGE_RATIO = 0.3  # of the largest value: noise of a few per cent must not look like a mountain range


def sparkline(values: Sequence[float | None], width: int = 20) -> str:
    """The last `width` values, the newest at the right; a dot where there is none. Empty below two values."""
    shown = values[-width:]
    known = [value for value in shown if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    step = max(high - low, MIN_RANGE_RATIO * abs(high)) / len(BLOCKS)
    return "".join(GAP if value is None else _block(value - low, step) for value in shown)


def _block(above: float, step: float) -> str:
    return BLOCKS[min(int(above / step), len(BLOCKS) - 1)] if step else BLOCKS[0]
