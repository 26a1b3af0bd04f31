"""The budget file, the variables it needs, and the extras."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from perfgate import budgets, scenarios
from perfgate.budgets import messages
from perfgate.model.errors import BudgetFileError
from perfgate.text import template
from perfgate.text.notes import split
from perfgate.text.plurals import counted
from perfgate.text.template import TemplateError
from perfgate.workflows.doctor.check import Check, CheckSurroundings, Subject, broken, warning

EXTRAS = {  # kind of history -> (module, extra)
    "postgresql": ("psycopg", "postgres"),
    "s3": ("s3fs", "s3"),
    "gs": ("gcsfs", "gcsfs"),
    "az": ("adlfs", "adlfs"),
    "abfs": ("adlfs", "adlfs"),
}


def budget_file(around: CheckSurroundings) -> tuple[list[Check], Subject | None]:
    """What is to be said of the file, and the file itself where it can be read."""
    name = "budget file"
    if not around.budget.exists():
        other = budgets.other_ending(around.budget)
        cure = f"there is {other}: name it with --budget" if other else "write one: perfgate init"
        return [broken(name, f"{around.budget} does not exist", cure)], None
    try:
        read, unset = budgets.check(around.budget, around.environ)
    except BudgetFileError as error:
        return [broken(name, messages.render(error), "mend these lines; perfgate check shows them too")], None
    checks = [Check(name=name, message=f"{around.budget}, {counted(len(read.budgets), 'budget')}")]
    for text, code in map(split, read.notes):
        checks.append(warning("variables", text, "write `${NAME}`, or leave it as it is", code))
    for mistake in unset:
        words = f"line {mistake.line}: {mistake.message}"
        checks.append(broken("variables", words, mistake.hint or "set it", mistake.code))
    if not (unset or read.notes):
        checks.append(Check(name="variables", message="all that the file needs are set"))
    try:
        target = around.target or template.expand(read.target, around.environ)
    except TemplateError:
        target = ""
    return checks, Subject(budget_file=read, plan=scenarios.plan(read), target=target)


def extras(url: str) -> Iterator[Check]:
    """Whether what the history needs is installed."""
    module, extra = EXTRAS.get(url.partition(":")[0].partition("+")[0], ("", ""))
    if module and find_spec(module) is None:
        install = f"pip install 'perfgate[{extra}]'" if extra in ("postgres", "s3") else f"pip install {extra}"
        yield broken("extras", f"the history needs {module}, which is not installed", install)
        return
    present = [name for name, item in (("postgres", "psycopg"), ("s3", "s3fs"), ("demo", "fastapi")) if find_spec(item)]
    yield Check(name="extras", message=f"installed: {', '.join(present) or 'none, and none is needed'}")
