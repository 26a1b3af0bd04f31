"""The commands of a pasted text, each as its options with their values: as a shell, or Windows' cmd, splits them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

DATA = ("-d", "--data", "--data-ascii", "--data-binary", "--data-raw", "--json", "--data-urlencode")
LONG_WITH_VALUE = frozenset(
    "--abstract-unix-socket --alt-svc --aws-sigv4 --cacert --capath --cert --cert-type --ciphers --config "
    "--connect-timeout --connect-to --continue-at --cookie --cookie-jar --crlfile --curves --data --data-ascii "
    "--data-binary --data-raw --data-urlencode --dns-servers --doh-url --dump-header --expect100-timeout --form "
    "--form-string --happy-eyeballs-timeout-ms --haproxy-clientip --header --hsts --interface --json "
    "--keepalive-time --key --key-type --limit-rate --local-port --max-filesize --max-redirs --max-time "
    "--netrc-file --noproxy --oauth2-bearer --output --output-dir --parallel-max --pass --pinnedpubkey --preproxy "
    "--proto --proto-default --proto-redir --proxy --proxy-cacert --proxy-cert --proxy-header --proxy-key "
    "--proxy-pass --proxy-user --proxy1.0 --quote --random-file --range --rate --referer --request "
    "--request-target --resolve --retry --retry-delay --retry-max-time --socks4 --socks4a --socks5 "
    "--socks5-hostname --speed-limit --speed-time --stderr --time-cond --tls-max --tls13-ciphers --trace "
    "--trace-ascii --trace-config --unix-socket --upload-file --url --url-query --user --user-agent --variable "
    "--write-out".split()
)
SHORT_WITH_VALUE = frozenset("AbcCdDeEFHKmoPQrtTuUwxXyYz")
URL, NEXT = "--url", "--next"
_ENDS = ("#", "&&", "&")  # of a command, where an argument begins or is so
_START = re.compile(
    r"(?m)^[ \t]*(?:[$>#%] |\S+[$#%] |\S+@\S+[:~ ]\S*[$#%] )?(?:(?:sudo|time|[A-Z_]+=\S*) +)*curl(?:\.exe)?(?=\s)"
)


def has_commands(text: str) -> bool:
    return _START.search(text) is not None


def commands(text: str) -> list[str]:
    """The commands of a text, without what stands before `curl`; a backslash (or a caret, of Windows) at the end of a
    line continues it."""
    merged = re.sub(r"[\\^]\r?\n", " ", f"{text}\n")
    starts = [match.end() for match in _START.finditer(merged)]
    ends = [match.start() for match in _START.finditer(merged)][1:]
    return [merged[start:end].strip() for start, end in zip(starts, [*ends, len(merged)], strict=False)]


def requests(command: str) -> list[list[tuple[str, str]]]:
    """The options of each of its requests: `--next` begins another. Raises ValueError for an open quote."""
    made: list[list[tuple[str, str]]] = [[]]
    for name, value in _options(_words(command)):
        if name in (NEXT, "-:"):
            made.append([])
        else:
            made[-1].append((name, value))
    return [options for options in made if options]


def _words(text: str) -> list[str]:
    """The words of a command up to its end: a pipe, a redirection or the next command of the line."""
    if '^"' in text:  # a browser's "Copy as cURL (cmd)": a caret before what is special there
        text = re.sub(r"\^(.)", r"\1", text)
    text = re.sub(r"\$'((?:[^'\\]|\\.)*)'", lambda match: shlex.quote(_unescaped(match[1])), text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="|;<>")
    lexer.whitespace_split, lexer.commenters = True, ""
    words: list[str] = []
    for word in lexer:
        if word and set(word) <= set("|;<>"):
            break
        words.append(word)
    return words


def _unescaped(text: str) -> str:
    """The text of `$'...'`, which browsers write."""
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(
        r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)",
        lambda match: chr(int(match[1][1:], 16)) if len(match[1]) > 1 else escapes.get(match[1], match[1]),
        text,
        flags=re.DOTALL,
    )


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Options with their values; an argument that is a URL has the option `--url`."""
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            yield name, value if equals else next(rest, "") if name in LONG_WITH_VALUE else ""
        elif word.startswith("-") and len(word) > 1:
            for index, letter in enumerate(word[1:], 1):
                if letter in SHORT_WITH_VALUE:
                    yield f"-{letter}", word[index + 1 :] or next(rest, "")
                    break
                yield f"-{letter}", ""
        elif word in _ENDS or word.startswith("#"):
            return
        else:
            yield URL, word
