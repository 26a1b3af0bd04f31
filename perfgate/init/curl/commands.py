"""The curl commands of a pasted text, each as its options with their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import dropwhile

from perfgate.init.curl import shell
from perfgate.init.curl.shell import ShellCommand

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
_PREFIXES = "sudo|time|do|then|else"  # words before a command
_START = re.compile(
    r"(?m)^[ \t]*(?P<prompt>[$>#%] |\S+[$#%] |\S+@\S+[:~ ]\S*[$#%] )?"
    r"""(?:[^\n'"]*?(?:&&|[;|])[ \t]*)??"""  # another command of the line
    rf"(?P<command>(?:(?:{_PREFIXES}|[A-Z_]+=\S*) +)*curl(?:\.exe)?(?=\s))"
)
_PREFIX = re.compile(rf"{_PREFIXES}|\w+=.*", re.DOTALL)


def has_commands(text: str) -> bool:
    return _START.search(text) is not None


def commands(text: str) -> Iterator[ShellCommand]:
    """The commands of curl in a text, their words without what stands before `curl` and itself."""
    starts = list(_START.finditer(f"{text}\n"))
    ends = [match.start() for match in starts][1:]
    for match, end in zip(starts, [*ends, len(text)], strict=False):
        lines = text[match.start("command") : end]
        lines = re.sub(r"\n> ?", "\n", lines) if match["prompt"] else lines  # a terminal's prompt for a second line
        for command in shell.commands(lines):
            words = list(dropwhile(_PREFIX.fullmatch, command.words))
            if words and words[0] in ("curl", "curl.exe"):
                yield replace(command, words=words[1:])


def requests(command: ShellCommand) -> list[list[tuple[str, str]]]:
    """The options of each of its requests: `--next` begins another. Raises ValueError for what cannot be read."""
    if command.problem:
        raise ValueError(command.problem)
    made: list[list[tuple[str, str]]] = [[]]
    for name, value in _options(command.words):
        if name in (NEXT, "-:"):
            made.append([])
        else:
            made[-1].append((name, value))
    return [options for options in made if options]


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
        else:
            yield URL, word
