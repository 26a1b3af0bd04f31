"""BudgetFileError -> plain text for people, with the line and a caret under each mistake.

Everything that comes from the file is made harmless first: no control character reaches a terminal, and no password in
an address.
"""

from __future__ import annotations

import re
import unicodedata

from perfgate.model.errors import BudgetFileError, Mistake

_USER = re.compile(r"(?<=://)[^/\s]+(?=@)")  # and password, in an address
_MAX_LINE_CHARS = 120  # characters of a source line that are shown
_UNSAFE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")  # control and format characters (escapes, text direction) and separators


def render(error: BudgetFileError) -> str:
    """One block per mistake, in the order of the file, then how many there are."""
    blocks = [_block(mistake) for mistake in error.mistakes]
    return "\n\n".join([*blocks, safe(error.message)]) + "\n"


def safe(text: str) -> str:
    """`text` on one line, with every unsafe character as `\\x1b` or `\\u202e`."""
    return "".join(_escaped(character) if _is_unsafe(character) else character for character in text)


def _block(mistake: Mistake) -> str:
    place = f":{mistake.line}:{mistake.column}" if mistake.line else ""
    code = f" [{mistake.code}]" if mistake.code else ""
    lines = [f"{safe(mistake.file)}{place}: {safe(mistake.message)}{code}"]
    margin = " " * 6
    if mistake.source:
        source, before, width = _excerpt(mistake)
        lines.append(f"{mistake.line:>5} | {source}".rstrip())
        lines.append(f"{margin}| {' ' * before}{'^' * width}")
    if mistake.hint:
        lines.append(f"{margin}= {safe(mistake.hint)}" if mistake.source else f"  = {safe(mistake.hint)}")
    return "\n".join(lines)


def _excerpt(mistake: Mistake) -> tuple[str, int, int]:
    """The source line, cut to what fits round the mistake; columns before the caret; columns of the caret."""
    start = mistake.column - 1
    first = max(0, start - _MAX_LINE_CHARS // 2) if len(mistake.source) > _MAX_LINE_CHARS else 0
    source = "".join(
        "\ufffd" if _is_unsafe(character) else character for character in mistake.source.replace("\t", " ")
    )
    source = _USER.sub(lambda user: "*" * len(user[0]), source)
    shown = source[first : first + _MAX_LINE_CHARS]
    width = min(mistake.width, max(1, first + _MAX_LINE_CHARS - start))
    left, right = "..." if first else "", "..." if first + _MAX_LINE_CHARS < len(source) else ""
    return left + shown + right, _columns(left + source[first:start]), max(1, _columns(source[start : start + width]))


def _columns(text: str) -> int:
    """Columns that a terminal takes for `text`."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _is_unsafe(character: str) -> bool:
    return unicodedata.category(character) in _UNSAFE


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
