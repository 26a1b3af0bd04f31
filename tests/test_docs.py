"""The documentation says what is true: generated parts are fresh, links lead somewhere, examples are valid."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from perfgate import budgets
from perfgate.cli.app import app
from perfgate.model.errors import BudgetFileError

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob(".github/*.md"), ROOT / "perfgate" / "README.md"]
)


def test_generated_pages_are_fresh_else_run_make_docs():
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#\s]+)|(?:src|href|srcset)=\"([^\"#]+)\"", page.read_text(encoding="utf-8"))

    broken = [
        link for pair in links for link in pair if link and "://" not in link and not (page.parent / link).exists()
    ]

    assert broken == []


def test_files_named_in_the_map_of_the_house_exist():
    text = (ROOT / "perfgate" / "README.md").read_text(encoding="utf-8")

    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)*/?(?:[a-z_]*\*?[a-z_]*\.(?:py|md\.j2))?)`", text))
    missing = [
        name
        for name in named
        if ("/" in name or name.endswith(".py"))
        and not list((ROOT / "perfgate").rglob(name.rstrip("/")))
        and not (ROOT / name).exists()
    ]

    assert missing == []


def test_the_site_builds_with_every_page_in_its_menu_and_every_link_and_anchor_right(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "perfgate" in (tmp_path / "site" / "search" / "search_index.json").read_text(encoding="utf-8")


BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
BUDGET_KEYS = set(budgets.schema()["properties"])
OTHERS = {"jobs", "on", "steps", "permissions", "repos", "env", "uses", "pull_request", "push", "workflow_run"}
GITLAB = {"image", "script", "stages", "variables", "include", "perfgate", "pages", "schedule"}
REQUIRED = {
    "version": "version: 1\n",
    "target": "target: http://localhost\n",
    "load": "load: {rate: 1/s, duration: 1s}\n",
    "endpoints": "endpoints: {home: GET /}\n",
}
FILES = {
    "shop.proto": """syntax = "proto3"; package shop;
message Query { string text = 1; int32 page = 2; }
message Found { string token = 1; }
message Update { double sent_at = 1; }
service Catalog { rpc Search(Query) returns (Found); rpc Watch(Query) returns (stream Update); }
""",
    "shop.graphql": "query Search($q: String!) { search(q: $q) { id } } mutation Order { order { id } }",
    "access.log": "".join(
        f'127.0.0.1 - - [01/Nov/2026:10:{second // 60:02}:{second % 60:02} +0000] "GET {path} HTTP/1.1" 200 5 "-" "-"\n'
        for second in range(0, 900, 3)
        for path in ("/products/7", "/search?q=lamp")
    ),
}
NOT_HERE = {"PG-B027", "PG-B040", "PG-B041", "PG-B042"}  # variables, files and a target that only the reader has


def blocks(*languages: str) -> list[tuple[str, str]]:
    """Place and text of the code blocks in these languages, of the documentation and the README."""
    pages = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]
    found = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            if match[2] in languages:
                line = text.count("\n", 0, match.start()) + 1
                found.append((f"{page.relative_to(ROOT)}:{line}", textwrap.dedent(match[3])))
    return found


@pytest.mark.parametrize(("place", "text"), blocks("yaml"), ids=lambda value: value if ".md:" in value[:40] else "")
def test_every_yaml_block_is_a_part_of_a_budget_file_or_of_a_workflow(place: str, text: str, tmp_path: Path):
    data = yaml.load(text, Loader=yaml.BaseLoader)
    keys = set(data) if isinstance(data, dict) else set()
    if not data or not keys or keys & (OTHERS | GITLAB) or not keys <= BUDGET_KEYS:
        assert not keys or keys & (OTHERS | GITLAB) or keys & OF_OTHERS, keys
        return
    path = tmp_path / "budgets.yaml"
    for name in ("shop.graphql", "shop.proto", "access.log"):  # files of the reader
        (tmp_path / name).write_text(FILES[name])
    path.write_text(text + "".join(line for key, line in REQUIRED.items() if key not in keys))

    try:
        budgets.check(path, {})
    except BudgetFileError as error:
        assert [item for item in error.mistakes if item.code not in NOT_HERE] == []


def test_the_job_of_circleci_is_as_circleci_describes_it(tmp_path: Path):
    [text] = [text for place, text in blocks("yaml") if place.startswith("docs/circleci.md")]
    (tmp_path / "config.yml").write_text(text)
    command = ["-m", "check_jsonschema", "--builtin-schema", "vendor.circle-ci", str(tmp_path / "config.yml")]

    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


OF_OTHERS = {"rule_files"}  # keys of other programs' files: Prometheus' own
COMMAND = re.compile(r"(?:^|[\s`(;&|])perfgate ((?:[a-z]+|--[a-z-]+)(?: [^\n`#|>;&]*)?)")


def commands() -> list[tuple[str, str]]:
    """Every command of perfgate in a block or between backticks, without what is left to the reader."""
    found: dict[str, str] = {}
    for page in [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"]:
        if page.name in ("cli.md", "codes.md"):  # generated
            continue
        text = page.read_text(encoding="utf-8")
        parts = [match[3] for match in BLOCK.finditer(text) if match[2] in ("", "sh", "bash", "console")]
        jobs = [match[3] for match in BLOCK.finditer(text) if match[2] in ("yaml", "groovy")]
        parts += [re.sub(r"(?m)(#|//) .*$", "", job).replace("'", " ") for job in jobs]
        parts += re.findall(r"`(perfgate [^`\n]+)`", text)
        for part in parts:
            for match in COMMAND.finditer(part):
                command = match[1].strip().rstrip(")',:.")
                if "..." not in command and "[" not in command and "$" not in command:
                    found.setdefault(command, str(page.relative_to(ROOT)))
    return sorted((page, command) for command, page in found.items())


@pytest.mark.parametrize(("page", "command"), commands())
def test_every_command_is_one_that_perfgate_takes(page: str, command: str):
    try:
        words = shlex.split(command)
    except ValueError:
        pytest.fail(f"{page}: not a command: {command}")
    group: Any = typer.main.get_command(app)
    while hasattr(group, "commands") and words and not words[0].startswith("-"):
        name = words.pop(0)
        assert name in group.commands, f"{page}: there is no `perfgate {name}`"
        group = group.commands[name]
    options = {option for parameter in group.params for option in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}

    assert used - options - {"--help", "-h"} == set(), page
