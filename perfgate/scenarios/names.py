"""Python names for endpoints and journeys: readable, unique, and never one that means something else."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable

RUNTIME_NAMES = frozenset(
    "CallbackJob Endpoint Events Grpc Job PersistedQuery TlsConfig Visitor WebSocket always between choice env "
    "environment file from_cookie from_header from_json from_regex header journey json_path operation proto regex rows "
    "sequence stated status text url_env uuid".split()
)

# What a scenario's module and methods say already, and what Visitor and Locust's User have.
TAKEN_IN_MODULE = frozenset({*RUNTIME_NAMES, "HERE", "Path", "task", "self"})
TAKEN_IN_CLASS = frozenset(
    "abstract begin begin_visit client compiled context dial draw ensure_login enter environment exchange "
    "fixed_count fullname greenlet group has_no_row host json kept load max_wait message min_wait on_start on_stop "
    "own_address pause_after perform record renew_login run send send_once session start stop tasks think tls turn "
    "under_way values wait wait_function wait_time walk weight where".split()
)


def snake_case(text: str, otherwise: str) -> str:
    """`text` as a lower-case identifier; `otherwise` when nothing is left of it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    name = "_".join(words)[:60].rstrip("_")
    if not name:
        return otherwise
    return f"{otherwise}_{name}" if name[0].isdigit() else name


def class_name(text: str) -> str:
    """`text` as the name of a Visitor's class."""
    name = "".join(word.capitalize() for word in snake_case(text, "scenario").split("_"))
    return f"{name}Visitor" if _is_taken(name, TAKEN_IN_MODULE) else name


def unique(texts: Iterable[str], otherwise: str, taken: Iterable[str] = ()) -> dict[str, str]:
    """text -> identifier: all different, and none that Python, a scenario or `taken` has already."""
    used = set(taken)
    names: dict[str, str] = {}
    for text in texts:
        base = snake_case(text, otherwise)
        name = f"{base}_" if _is_taken(base, TAKEN_IN_MODULE | TAKEN_IN_CLASS) else base
        number = 1
        while name in used:
            number += 1
            name = f"{base}_{number}"
        used.add(name)
        names[text] = name
    return names


def _is_taken(name: str, taken: frozenset[str]) -> bool:
    return name in taken or keyword.iskeyword(name) or keyword.issoftkeyword(name) or hasattr(builtins, name)
