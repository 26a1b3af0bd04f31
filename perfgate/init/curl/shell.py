"""Lines of a shell, or of Windows' cmd, as commands: words without quotes, redirections and comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
      (?P<space>    [\\^]\r?\n (?:>[ ])? | [ \t]+ )  # a line that goes on: in a terminal, after a second prompt
    | (?P<comment>  (?<!\S)\#[^\n]* )
    | (?P<example>  <[A-Za-z][\w-]*> | \$\([^)\n]*\) | `[^`\n]*` )
    | (?P<to_file>  (?:(?<!\S)[12]|&)?>[>|]? (?!&[\d-]) | < )
    | (?P<to_other> (?:(?<!\S)[12])?>&[\d-] )
    | (?P<end>      [\r\n;|] | &(?:&|(?=\s|$)) )
    | \$'(?P<ansi>  (?:[^'\\]|\\.)* )'
    | '(?P<single>  [^']* )'
    | "(?P<double>  (?:[^"\\]|\\.)* )"
    | (?P<open>     ['"] )
    | \\(?P<escaped> . )
    | (?P<variable> \$(?:[A-Za-z_]\w*|\{\w+\}) )
    | (?P<plain>    [^\s;|&<>'"\\^$]+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)
_VARIABLE = re.compile(r"\$(?:[A-Za-z_]\w*|\{\w+\})")
_FIRST_QUOTE = re.compile(r"""(?:(?<=\s)\^)?["']""")


@dataclass
class ShellCommand:
    """A command with its text, its variables as `${X}` in the words. `problem` says why its words cannot be read."""

    words: list[str] = field(default_factory=list)
    text: str = ""
    problem: str = ""
    variables: set[str] = field(default_factory=set)


def commands(text: str) -> Iterator[ShellCommand]:
    """The commands of a text, one after the other. A quote that is never closed ends with its line."""
    text = _without_carets(text)
    command, word, is_file, start = ShellCommand(), "", False, 0
    has_word = False
    for match in _TOKEN.finditer(f"{text}\n"):
        kind = match.lastgroup or ""
        value = match[kind]
        if kind in ("variable", "double"):
            command.variables |= {variable.strip("${}") for variable in _VARIABLE.findall(value)}
        if kind in _LITERALS:
            word, has_word = word + _LITERALS[kind](value), True
            continue
        if has_word and not is_file:
            command.words.append(word)
        is_file = kind == "to_file" or (is_file and not has_word)
        word, has_word = "", False
        if kind == "open":
            command.problem = "No closing quotation"
        elif kind == "example":
            command.problem = f"{value} in it is to be replaced"
        elif kind == "end":
            command.text = text[start : match.start()].strip()
            yield command
            command, is_file, start = ShellCommand(), False, match.end()


def _without_carets(text: str) -> str:
    """The text of a browser's "Copy as cURL (cmd)", whose quotes have carets, as a shell's: a caret stands there before
    all that is special, and `$` is not."""
    quote = _FIRST_QUOTE.search(text)
    if quote is None or quote[0] != '^"':
        return text
    text = re.sub(r"\^\r?\n(\r?\n)?", lambda match: "\n" if match[1] else "\\\n", text)
    return re.sub(r"\^(.)", r"\1", text).replace("$", "\\$")


def _in_double_quotes(text: str) -> str:
    return re.sub(
        r'\\(["\\$`]|\r?\n)|\$(?:[A-Za-z_]\w*|\{\w+\})',
        lambda match: match[1].strip("\r\n") if match[1] else _with_braces(match[0]),
        text,
    )


def _with_braces(variable: str) -> str:
    """`$X` as `${X}`."""
    return f"${{{variable.strip('${}')}}}"


def _in_ansi_quotes(text: str) -> str:
    """The text of `$'...'`, which browsers write."""
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(
        r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)",
        lambda match: chr(int(match[1][1:], 16)) if len(match[1]) > 1 else escapes.get(match[1], match[1]),
        text,
        flags=re.DOTALL,
    )


_LITERALS: dict[str, Callable[[str], str]] = {
    "ansi": _in_ansi_quotes,
    "single": str,
    "double": _in_double_quotes,
    "escaped": str,
    "variable": _with_braces,
    "plain": str,
}
