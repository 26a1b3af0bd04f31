"""budgets.yaml -> BudgetFile, or every mistake in it at once. The steps of reading, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from perfgate.budgets.checks.check_activities import check_activities
from perfgate.budgets.checks.check_budgets import check_budgets
from perfgate.budgets.checks.check_calls import check_graphql, check_grpc
from perfgate.budgets.checks.check_environment import check_environment, check_set, literal_variables
from perfgate.budgets.checks.check_export import check_export
from perfgate.budgets.checks.check_files import check_files
from perfgate.budgets.checks.check_load import check_has_load, check_load
from perfgate.budgets.checks.check_pages import check_pages, pages_without_input
from perfgate.budgets.checks.check_replay import check_replay
from perfgate.budgets.checks.check_requests import check_requests
from perfgate.budgets.checks.check_target import check_port, check_target
from perfgate.budgets.checks.check_timeouts import check_timeouts
from perfgate.budgets.checks.check_tls import check_tls
from perfgate.budgets.checks.check_traffic import check_traffic
from perfgate.budgets.checks.check_values import check_values
from perfgate.budgets.convert.converting import budget_file
from perfgate.budgets.convert.data_files import read_table
from perfgate.budgets.convert.draft import Draft, table_key, with_traffic
from perfgate.budgets.shape import wording
from perfgate.budgets.yaml import strict_yaml
from perfgate.budgets.yaml.document import Document
from perfgate.model.budget_file import BudgetFile
from perfgate.model.errors import BudgetFileError, Mistake

Check = Callable[[Draft], Iterable[Mistake]]
CHECKS: tuple[Check, ...] = (
    check_load,
    check_pages,
    check_traffic,
    check_requests,
    check_timeouts,
    check_values,
    check_environment,
    check_target,
    check_export,
    check_tls,
    check_budgets,
    check_files,
    check_activities,
    check_replay,
    check_graphql,
    check_grpc,
)


def read(path: Path, environ: Mapping[str, str] | None, *, is_sending: bool = True) -> BudgetFile:
    """The budget file at `path`. With `environ` None nothing is said about variables that are not set; where nothing
    is sent, as what was recorded is judged, it may lack a load.

    Raises BudgetFileError with all mistakes, in the order of the file.
    """
    return _read(path, environ, (*CHECKS, check_set, *((check_has_load,) if is_sending else ())))


def check(path: Path, environ: Mapping[str, str]) -> tuple[BudgetFile, tuple[Mistake, ...]]:
    """The budget file without a look at the machine: and apart from it, which variables are not set here.

    Raises BudgetFileError with all other mistakes, and with those that only a run would meet.
    """
    budget_file = _read(path, environ, (*CHECKS, check_port, check_has_load))
    document, _ = strict_yaml.parse(_text(path), str(path))
    return budget_file, tuple(_in_order(check_set(_draft(document, path.parent, environ))))


def _read(path: Path, environ: Mapping[str, str] | None, checks: Iterable[Check]) -> BudgetFile:
    document, mistakes = strict_yaml.parse(_text(path), str(path))
    if not isinstance(document.data, dict):
        raise BudgetFileError(
            mistakes or [document.mistake((), "a budget file is a map", hint="begin with `version: 1`", code="PG-B002")]
        )
    shape, wrong_shape = wording.shape(document)
    draft = _draft(document, path.parent, environ)
    wrong = [mistake for item in checks for mistake in item(draft)]
    if shape is None or mistakes or wrong:
        raise BudgetFileError(_in_order((*mistakes, *wrong_shape, *wrong)))
    return replace(budget_file(path, shape, draft), notes=(*literal_variables(draft), *pages_without_input(draft)))


def _draft(document: Document, folder: Path, environ: Mapping[str, str] | None) -> Draft:
    draft = Draft(document=document, folder=folder, environ=environ)
    written = dict.fromkeys(key for endpoint in draft.endpoints if (key := table_key(endpoint)))
    return with_traffic(replace(draft, tables={key: read_table(folder / key[0], key[1]) for key in written}))


def _in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    return sorted(dict.fromkeys(mistakes), key=lambda mistake: (mistake.line, mistake.column))


def _text(path: Path) -> str:
    """The file as text. Raises BudgetFileError when there is none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        other = other_ending(path)
        hint = "name another with --budget PATH, or let `perfgate init` write one"
        hint = f"there is {other.name}: `--budget {other}`" if other else hint
        raise _unreadable(path, "there is no such file", hint) from error
    except IsADirectoryError as error:
        hint = "name the file in it: `--budget PATH`"
        raise _unreadable(path, "this is a folder, not a file", hint) from error
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        words = getattr(error, "strerror", None) or error
        raise _unreadable(path, f"the file cannot be read: {words}", "check its permissions") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"byte 0x{content[error.start]:02X} is not UTF-8"
        raise _unreadable(path, message, "save the file as UTF-8", line=line) from error


def other_ending(path: Path) -> Path | None:
    """The file beside a missing one that ends in `.yml` instead of `.yaml`, or the reverse; None if there is none."""
    other = path.with_suffix(".yml" if path.suffix == ".yaml" else ".yaml")
    return other if other.is_file() else None


def _unreadable(path: Path, message: str, hint: str, *, line: int = 0) -> BudgetFileError:
    return BudgetFileError(
        [Mistake(file=str(path), line=line, column=min(line, 1), message=message, hint=hint, code="PG-B001")]
    )
