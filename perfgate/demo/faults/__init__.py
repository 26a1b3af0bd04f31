"""Reads PERFGATE_DEMO_FAULTS: what is broken on purpose, per endpoint. Pure: text in, values out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from perfgate.demo.errors import UnknownFaultError
from perfgate.demo.faults.of_page import FAULTS as PAGE_FAULTS

VARIABLE = "PERFGATE_DEMO_FAULTS"
EVERY = "*"

_ANYWHERE = ("slow", "errors", "block", "big")

# Which fault means something where. A fault that would change nothing is refused, not ignored.
ACCEPTED: Mapping[str, tuple[str, ...]] = {
    "home": (*_ANYWHERE, "no-cache", *PAGE_FAULTS),
    "products": (*_ANYWHERE, "n+1", "no-cache"),
    "product": (*_ANYWHERE, "no-cache"),
    "search": (*_ANYWHERE, "n+1", "no-index", "no-cache"),
    "login": _ANYWHERE,
    "basket": (*_ANYWHERE, "n+1"),
    "orders": _ANYWHERE,
    "exports": _ANYWHERE,
}

FORMS: Mapping[str, str] = {
    "slow": "slow=FACTOR (1 or more: slow=3)",
    "errors": "errors=RATE% (above 0, up to 100: errors=20%)",
    "n+1": "n+1",
    "no-index": "no-index",
    "block": "block",
    "big": "big",
    "no-cache": "no-cache",
    **{fault: fault for fault in PAGE_FAULTS},
}


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is broken about one endpoint. The default is a sound one."""

    slow: float = 1.0  # how many times as long as it would take
    errors: float = 0.0  # share of requests answered 500
    n_plus_one: bool = False
    no_index: bool = False
    block: bool = False
    big: bool = False
    no_cache: bool = False
    page: frozenset[str] = frozenset()  # what is wrong with it in a browser


def parse(text: str) -> Mapping[str, Faults]:
    """Reads a comma-separated list of ENDPOINT:FAULT[=VALUE] into the faults of every endpoint.

    `*` stands for all endpoints a fault applies to; what is said of one endpoint by name wins over it.
    Raises UnknownFaultError with all mistakes at once.
    """
    mistakes: list[str] = []
    general: list[tuple[str, str, str]] = []
    named: list[tuple[str, str, str]] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        endpoint, _, rest = (piece.strip() for piece in item.partition(":"))
        fault, _, value = (piece.strip() for piece in rest.partition("="))
        if mistake := _mistake(endpoint, fault, value):
            mistakes.append(f"  {item}: {mistake}")
        else:
            (general if endpoint == EVERY else named).append((endpoint, fault, value))
    if mistakes:
        raise UnknownFaultError("\n".join([f"{VARIABLE} is not understood:", *mistakes, *_help()]))

    broken = {endpoint: Faults() for endpoint in ACCEPTED}
    for endpoint, fault, value in (*general, *named):
        for name in ACCEPTED if endpoint == EVERY else (endpoint,):
            if fault in ACCEPTED[name]:
                broken[name] = _with(broken[name], fault, value)
    return broken


def _mistake(endpoint: str, fault: str, value: str) -> str:
    """What is wrong with one item; empty if nothing is."""
    if endpoint != EVERY and endpoint not in ACCEPTED:
        return f"there is no endpoint {endpoint!r}"
    if fault not in FORMS:
        return f"there is no fault {fault!r}"
    if endpoint != EVERY and fault not in ACCEPTED[endpoint]:
        return f"{fault} changes nothing about {endpoint}, which accepts {', '.join(ACCEPTED[endpoint])}"
    if fault == "slow":
        understood = _number(value) >= 1
    elif fault == "errors":
        understood = value.endswith("%") and 0 < _number(value[:-1]) <= 100
    else:
        understood = not value
    return "" if understood else f"write {FORMS[fault]}"


def _number(text: str) -> float:
    """A plain decimal number; -1 for anything else, and so for `nan` and `inf` too."""
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) else -1.0


def _with(faults: Faults, fault: str, value: str) -> Faults:
    match fault:
        case "slow":
            return replace(faults, slow=float(value))
        case "errors":
            return replace(faults, errors=float(value[:-1]) / 100)
        case "n+1":
            return replace(faults, n_plus_one=True)
        case "no-index":
            return replace(faults, no_index=True)
        case "block":
            return replace(faults, block=True)
        case "big":
            return replace(faults, big=True)
        case "no-cache":
            return replace(faults, no_cache=True)
        case _:
            return replace(faults, page=faults.page | {fault})


def _help() -> list[str]:
    return [
        "Write a comma-separated list of ENDPOINT:FAULT, for example search:slow=3,products:n+1",
        f"  endpoints: {', '.join(ACCEPTED)}, or {EVERY} for all a fault applies to",
        f"  faults: {', '.join(FORMS.values())}",
    ]
