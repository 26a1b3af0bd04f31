"""Numbers of things, for people."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """ "1 run", "1,200 runs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def enumerated(*numbers: tuple[int, str]) -> str:
    """ "4 endpoints, 1 journey", without what there is none of."""
    return ", ".join(counted(number, noun) for number, noun in numbers if number)


def and_more(number: int, shown: int) -> str:
    """ " and 3 more", behind those of a list that are shown; nothing where all are."""
    return f" and {number - shown} more" if number > shown else ""
