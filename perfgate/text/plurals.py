"""Numbers of things, for people."""

from __future__ import annotations

from collections.abc import Sequence


def counted(number: int, noun: str) -> str:
    """ "1 run", "1,200 runs"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def enumerated(*numbers: tuple[int, str]) -> str:
    """ "4 endpoints, 1 journey", without what there is none of."""
    return ", ".join(counted(number, noun) for number, noun in numbers if number)


def and_more(number: int, shown: int) -> str:
    """ " and 3 more", behind those of a list that are shown; nothing where all are."""
    return f" and {number - shown} more" if number > shown else ""


def named(names: Sequence[str], shown: int) -> str:
    """ "a, b and c", or "a, b, c and 9 more" where there are more than are shown."""
    if len(names) > shown:
        return f"{', '.join(names[:shown])}{and_more(len(names), shown)}"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
