"""Numbers of things, for people."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """ "1 run", "1,200 runs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def enumerated(*numbers: tuple[int, str]) -> str:
    """ "4 endpoints, 1 journey", without what there is none of."""
    return ", ".join(counted(number, noun) for number, noun in numbers if number)
