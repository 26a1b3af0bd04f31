"""JSON values as YAML on one line, in the strict YAML of budget files: what could be misread is quoted."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal

from perfgate.init.proposal import Json

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9 /._+%=&$?~-]*(?<! )|[0-9]+(\.[0-9]+)?(ms|s)")
_TRAPS = re.compile(r"(?i:yes|no|on|off|y|n|true|false|null|nan|inf)")
_INVISIBLE = re.compile(r"[\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]|[\U00010000-\U0010ffff]")
_HALF = re.compile(r"[\ud800-\udfff]")  # of a surrogate pair, which no file can have
_WRITABLE = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
MAX_LINE_CHARS = 110  # characters of a line, above which lists and maps are written over several


def flow(value: Json) -> str:
    """The value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{text(str(key))}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    return text(value) if isinstance(value, str) else _scalar(value)


def block(key: str, value: Json, indent: int) -> list[str]:
    """`key: value` as lines: on one where it fits, else nested."""
    margin, name = " " * indent, text(key)
    line = f"{margin}{name}: {flow(value)}"
    if len(line) <= MAX_LINE_CHARS or not isinstance(value, dict | list) or not value:
        return [line]
    if isinstance(value, dict):
        inner = [line for inner_key, item in value.items() for line in block(str(inner_key), item, indent + 2)]
    else:
        inner = [f"{margin}  - {flow(item)}" for item in value]
    return [f"{margin}{name}:", *inner]


def text(value: str) -> str:
    """A text, quoted unless it can only be read as this text."""
    if _PLAIN.fullmatch(value) and not _TRAPS.fullmatch(value):
        return value
    return _INVISIBLE.sub(_escaped, json.dumps(_HALF.sub("\ufffd", value), ensure_ascii=False))


def is_writable(value: Json) -> bool:
    """Whether every number in the value has few enough digits for a budget file, which knows no exponents."""
    if isinstance(value, dict):
        return all(map(is_writable, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_writable, value))
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return not is_number or _WRITABLE.fullmatch(_scalar(value)) is not None


def comment(line: str) -> str:
    """A text that ends no comment early."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]+", " ", line).strip()


def _scalar(value: Json) -> str:
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    number = f"{Decimal(repr(value)):f}"  # NaN too, which JSON of some tools has
    return number if "." in number or not math.isfinite(value) else f"{number}.0"


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\U{code:08X}" if code > 0xFFFF else f"\\u{code:04X}"
