"""What becomes of errors: a message and an exit code, in one place. What no command has expected ends here."""

from __future__ import annotations

import os
import re
import signal
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from threading import Timer
from types import FrameType
from typing import Any, NoReturn, TextIO

import typer

from perfgate.cli.streams import lossy_streams
from perfgate.model.errors import BudgetFileError, PerfgateError
from perfgate.text.sanitize import no_command, visible_lines

EXIT_CRASHED, EXIT_INTERRUPTED = 3, 130
INTERRUPTED = "PG-U014"
NO_OUTPUT = "PG-U016"
SIGNAL_INTERVAL_S = 0.05  # s
_CODE = re.compile(r"\[PG-[A-Z][0-9]{3}\]")
_OPTION = re.compile(r"--([a-z-]+)")


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, SIGTERM or SIGHUP; the exit code is 128 and the signal's number."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


class Signals:
    """Turns SIGINT, SIGTERM and SIGHUP (a closed terminal) into Interrupted, and remembers the first."""

    def __init__(self) -> None:
        self.exit_code = 0

    def listen(self) -> Signals:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP:  # ignored: `nohup perfgate`
                signal.signal(number, self._raise)
        sys.unraisablehook = _raised_again(sys.unraisablehook)
        return self

    def _raise(self, number: int, _frame: FrameType | None) -> NoReturn:
        self.exit_code = self.exit_code or 128 + number
        raise Interrupted(number)


def _raised_again(
    otherwise: Callable[[sys.UnraisableHookArgs], object],
) -> Callable[[sys.UnraisableHookArgs], None]:
    """Sends the signal once more whose exception came to nothing: Python ignores what a destructor or the callback of a
    weak reference raises, and a signal may come just then."""

    def hook(ignored: sys.UnraisableHookArgs) -> None:
        if not isinstance(ignored.exc_value, Interrupted):
            otherwise(ignored)
            return
        number = ignored.exc_value.exit_code - 128
        again = Timer(SIGNAL_INTERVAL_S, os.kill, (os.getpid(), number))
        again.daemon = True
        again.start()

    return hook


def say(text: str) -> None:
    """A line of talk, on stderr: never a command to the CI service or to the terminal, whomever it quotes."""
    shown = no_command(visible_lines(text))
    print(_CODE.sub(lambda match: dim(match[0], sys.stderr), shown), file=sys.stderr, flush=True)


def dim(text: str, stream: TextIO) -> str:
    """Less bright where the stream is a terminal that shows it."""
    return f"\x1b[2m{text}\x1b[22m" if has_colours(stream) else text


def has_colours(stream: TextIO) -> bool:
    """Whether the stream is a terminal that shows colours, and may."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def with_code(error: PerfgateError) -> str:
    """The message with its code at the end of the first line, then what to do."""
    first, *rest = str(error).splitlines() or [""]
    return "\n".join([f"{first} [{error.code}]" if error.code else first, *rest])


def _by_variable(error: PerfgateError) -> str:
    """Which variable gave the value of the option that the message begins with, where the command line did not."""
    option = _OPTION.match(error.message)
    if option is None or any(word.partition("=")[0] == option[0] for word in sys.argv):
        return ""
    variable = f"PERFGATE_{option[1].replace('-', '_').upper()}"
    return f"\nThe variable {variable} says so." if os.environ.get(variable) else ""


def guarded(verb: Callable[..., int | None]) -> Callable[..., None]:
    """A verb that returns its exit code, with every error told to the user."""

    @wraps(verb)
    def run(*arguments: Any, **options: Any) -> None:
        with lossy_streams() as output:
            code = _exit_code(lambda: verb(*arguments, **options))
            if output is not None:
                output.flush()
                if output.is_incomplete:
                    say(f"perfgate: the output could not be written: {output.error} [{NO_OUTPUT}]")
                    code = code or EXIT_CRASHED
        raise typer.Exit(code)

    return run


def _exit_code(verb: Callable[[], int | None]) -> int:
    try:
        return verb() or 0
    except BudgetFileError as error:
        from perfgate.budgets import messages

        say(messages.render(error))
        return error.exit_code
    except PerfgateError as error:
        say(f"perfgate: {with_code(error)}{_by_variable(error)}")
        return error.exit_code
    except Interrupted as interrupt:
        say(f"perfgate: interrupted [{INTERRUPTED}]")
        return interrupt.exit_code
    except KeyboardInterrupt:
        say(f"perfgate: interrupted [{INTERRUPTED}]")
        return EXIT_INTERRUPTED
    except Exception:  # noqa: BLE001 - a crash must never look like a failed budget (Python's own exit code is 1)
        traceback.print_exc()
        say("perfgate: this is a bug in perfgate, not a verdict. Please report it with the lines above. [PG-U099]")
        return EXIT_CRASHED
