"""Writes what follows from something else: JSON Schemas, the command line, the action under its second path.

`--check` only compares.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from perfgate.cli.explain import catalogue
from perfgate.codes import TITLES

HERE = Path(__file__).parent
SECOND_ACTION = "../action/action.yml"
ACTION_PATH = "$GITHUB_ACTION_PATH"
VERBS = (
    "init doctor run diagnose check generate gate import watch calibrate backtest report publish trend site accept "
    "explain schema worker demo history "
    "history-list history-show history-add history-export history-import history-prune"
).split()

OPTIONS_AND_VARIABLES = (
    "Most options are environment variables too: the help names each (`env var`). The command line beats them.\n"
)
INTRODUCTION = (
    "Every message of perfgate ends with a code, as in `[PG-B012]`. `perfgate explain PG-B012` says the same as this\n"
    "page, and `perfgate explain` lists all. In JSON a finding has it as `code`, in JUnit as a property.\n"
)


def perfgate(*arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PERFGATE_")}
    done = subprocess.run(
        [sys.executable, "-m", "perfgate", *arguments],
        env={**environment, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines()) + "\n"


def pages() -> dict[str, str]:
    """File name -> text."""
    command_line = [
        "# Command line\n",
        "Most options are environment variables too: the help names each (`env var`). The command line beats them.\n",
    ]
    command_line += [f"```\n{perfgate('--help')}```\n"]
    for verb in VERBS:
        command_line.append(f"## {verb.replace('-', ' ')}\n\n```\n{perfgate(*verb.split('-'), '--help')}```\n")
    schemas = {f"{name}.schema.json": perfgate("schema", name) for name in ("budgets", "run", "verdict", "diagnosis")}
    return {**schemas, "codes.md": codes(), "cli.md": "\n".join(command_line), SECOND_ACTION: second_action()}


def codes() -> str:
    """Every code, with what `perfgate explain` says of it."""
    entries = catalogue()
    lines = ["# Codes of messages\n", INTRODUCTION]
    title = ""
    for code, entry in entries.items():
        heading = TITLES[code[3]] if code.startswith("PG-") else "What a diagnosis names"
        if heading != title:
            lines.append(f"## {heading}\n")
            title = heading
        example = entry.example.replace("`", "'")
        lines += [f"### {code}\n", f"{markdown(entry.meaning)}\n", f"- Why: {markdown(entry.why)}"]
        lines += [f"- Example: `{example}`", f"- Cure: {markdown(entry.cure)}\n"]
    return "\n".join(lines)


def markdown(text: str) -> str:
    """The sentence with what Markdown or a template would take for its own escaped; code stays code."""
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_") for part in parts[::2]]
    return "`".join(parts)


def second_action() -> str:
    """The action of the repository's root, for workflows of the repository itself: GitHub documents `uses: $/path`, and
    no `$/` without a path."""
    text = (HERE.parent / "action.yml").read_text(encoding="utf-8")
    return f"# Written by `make docs` from ../action.yml.\n{text.replace(f'{ACTION_PATH}/action/', f'{ACTION_PATH}/')}"


def main() -> int:
    stale = [name for name, text in pages().items() if not (HERE / name).exists() or (HERE / name).read_text() != text]
    if "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}; run `make docs`" if stale else "docs are fresh")
        return 1 if stale else 0
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
    print(f"wrote {', '.join(stale) or 'nothing new'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
