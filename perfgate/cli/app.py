"""The verbs and their names. Verbs import what they need when they run, so that `--help` answers at once."""

from __future__ import annotations

import gc
import os
import re
import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import Annotated, Any

import typer

from perfgate import __version__
from perfgate.ci import concealment
from perfgate.cli import (
    accept,
    backtest,
    calibrate,
    check,
    demo,
    diagnose,
    doctor,
    explain,
    gate,
    generate,
    history,
    import_,
    init,
    publish,
    report,
    run,
    schema,
    site,
    trend,
    watch,
    worker,
)
from perfgate.cli.guard import guarded, say

ALLOCATIONS_BEFORE_COLLECTION = 50_000  # of 700: imports make objects that stay, and walking through them costs time
WRONG_ARGUMENTS = "PG-U001"
BUDGET_FILE = re.compile(r"[\w./-]+\.ya?ml\b")
_UsageError: Any = typer.BadParameter.__mro__[1]  # of whichever click typer has
EPILOG = (
    "Begin with: perfgate init http://127.0.0.1:8000 · perfgate doctor · perfgate run\n\n"
    "Exit codes: 0 pass · 1 a budget is broken · 2 wrong arguments or budget file · 3 could not measure · "
    "4 inconclusive (if asked to fail) · 130 interrupted · 143 terminated"
)

app = typer.Typer(
    name="perfgate",
    help="The load-test gate: which endpoint got slower, whether it is real, and why.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
memory = typer.Typer(
    help="List, show, move and tidy the runs that baselines are made of.", no_args_is_help=True, rich_markup_mode=None
)

VERBS: dict[str, Callable[..., int]] = {
    "init": init.init,
    "doctor": doctor.doctor,
    "run": run.run,
    "diagnose": diagnose.diagnose,
    "check": check.check,
    "generate": generate.generate,
    "gate": gate.gate,
    "watch": watch.watch,
    "calibrate": calibrate.calibrate,
    "backtest": backtest.backtest,
    "import": import_.import_,
    "report": report.report,
    "publish": publish.publish,
    "trend": trend.trend,
    "site": site.site,
    "accept": accept.accept,
    "explain": explain.explain,
    "schema": schema.schema,
    "worker": worker.worker,
    "demo": demo.demo,
}
for name, verb in VERBS.items():
    app.command(name)(guarded(verb))
app.add_typer(memory, name="history")
for name, verb in history.VERBS.items():
    memory.command(name)(guarded(verb))


def show_version(is_wanted: bool) -> None:
    """Prints the version and ends, before anything asks for a verb."""
    if is_wanted:
        print(f"perfgate {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=False)
def options(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=show_version, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def _file_hint(context: Any, message: str) -> str:
    """Where a budget file was given as an argument: how it is named instead."""
    file = BUDGET_FILE.search(message)
    if file is None or context is None:
        return ""
    is_verb = any(parameter.name == "budget" for parameter in context.command.params)
    return f"\nName the file with --budget: {context.command_path if is_verb else 'perfgate run'} --budget {file[0]}"


def main() -> None:
    gc.set_threshold(ALLOCATIONS_BEFORE_COLLECTION)
    concealment.conceal(os.environ)
    for stream in (sys.stdout, sys.stderr):  # a terminal that cannot show a mark shows another, and nothing breaks
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    command = typer.main.get_command(app)
    try:
        sys.exit(command.main(prog_name="perfgate", standalone_mode=False))
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # `perfgate` alone
            error.show()
        else:
            usage = f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} -h' for help.\n" if error.ctx else ""
            said = error.format_message().replace("Value error, ", "")
            said = said.partition(", unable to parse")[0]
            say(f"{usage}\nError: {said} [{WRONG_ARGUMENTS}]{_file_hint(error.ctx, said)}")
        sys.exit(error.exit_code)
