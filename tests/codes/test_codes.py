"""Every message that a user can see carries a code, and every code has an entry: `perfgate explain` knows them all.

That every note beside a run, a verdict or a publication is made by `text.notes.note` is mypy's to check: it is a type.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from io import StringIO
from itertools import groupby
from pathlib import Path
from xml.etree import ElementTree

import forked
import pytest
from builders import make_budget, make_finding, make_run, make_verdict
from rich.console import Console

from perfgate import gate
from perfgate.cli.explain import canonical, catalogue, listing
from perfgate.codes import CODES, TITLES
from perfgate.diagnose.codes import CODES as DIAGNOSED
from perfgate.files import codec
from perfgate.gate.verdict.outcome import REASONS
from perfgate.model.budget_file import GatePolicy
from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Baseline
from perfgate.report import junit
from perfgate.report.facts import Facts
from perfgate.report.markdown import report_md
from perfgate.report.terminal import console
from perfgate.text.notes import bare, note, split
from perfgate.workflows.doctor.check import DOCTOR

PACKAGE = Path(__file__).parents[2] / "perfgate"
CODE = re.compile(r"PG-[A-Z][0-9]{3}")
MISTAKES = ("mistake", "mistake_inside", "Mistake", "report")


def perfgate(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return forked.perfgate(*arguments, cwd=cwd, env=os.environ)


@cache
def sources() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def calls(*rooms: str) -> Iterator[tuple[str, str, ast.Call]]:
    """Place, name and node of every call, in these rooms or everywhere."""
    for path, tree in sources().items():
        place = path.relative_to(PACKAGE)
        if rooms and not any(place.is_relative_to(room) for room in rooms):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = node.func
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                yield f"{place}:{node.lineno}", name, node


def error_classes() -> dict[str, bool]:
    """The subclasses of PerfgateError by name, and whether the class itself has a code."""
    known = {"PerfgateError": False}
    classes = [node for tree in sources().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for _ in range(4):  # levels of the tree
        for node in classes:
            if any(isinstance(base, ast.Name) and base.id in known for base in node.bases):
                own = any(isinstance(item, ast.Assign) and item.targets[0].id == "code" for item in node.body)
                known[node.name] = own
    return {name: own for name, own in known.items() if name != "BudgetFileError"}  # its mistakes have one each


def has_code(node: ast.Call) -> bool:
    value = next((keyword.value for keyword in node.keywords if keyword.arg == "code"), None)
    return value is not None and (not isinstance(value, ast.Constant) or value.value in CODES)


def test_every_error_has_a_code_with_an_entry():
    classes = error_classes()

    bare_ones = [
        place
        for place, name, node in calls()
        if name in classes and isinstance(node.func, ast.Name) and not (classes[name] or has_code(node))
    ]
    bare_ones = [place for place in bare_ones if not place.startswith("demo/")]  # the shop's own

    assert len(classes) > 10
    assert bare_ones == []


def test_every_mistake_of_a_budget_file_has_a_code_with_an_entry():
    found = [(place, has_code(node)) for place, name, node in calls("budgets") if name in MISTAKES]

    assert len(found) > 60
    assert [place for place, coded in found if not coded] == []


def test_every_literal_code_has_an_entry_and_every_entry_is_used():
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in sources() if path.parent.name != "codes" or path.name == "check.py"
    )
    used = set(CODE.findall(text)) | set(REASONS.values()) | set(DOCTOR.values())

    assert used - set(CODES) - {"PG-B012"} == set()  # an example of help texts
    assert set(CODES) - used == set()


def test_every_reason_of_a_finding_has_a_code():
    reasons = {
        keyword.value.value
        for _, _, node in calls("gate")
        for keyword in node.keywords
        if keyword.arg == "reason" and isinstance(keyword.value, ast.Constant)
    }
    for path in (PACKAGE / "gate" / "verdict").glob("*.py"):
        for node in ast.walk(sources()[path]):
            if isinstance(node, ast.FunctionDef) and node.name == "_reason":
                texts = [item.value for item in ast.walk(node) if isinstance(item, ast.Constant)]
                reasons |= {
                    text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+|[a-z]+", text)
                }

    assert {"over-limit", "regression", "no-samples", "too-few-runs"} <= reasons
    assert reasons - set(REASONS) == set()


def test_every_line_of_the_doctor_has_a_code():
    names = {
        node.args[0].value
        for _, name, node in calls("workflows/doctor")
        if name in ("warning", "broken") and isinstance(node.args[0], ast.Constant)
    }

    assert len(names) > 8
    assert names - set(DOCTOR) == set()


@pytest.mark.parametrize("code", CODES)
def test_an_entry_says_what_why_how_it_looks_and_what_to_do(code: str):
    entry = CODES[code]

    assert CODE.fullmatch(code)
    assert code[3] in TITLES
    assert all(text.strip() and "\n" not in text for text in entry)
    assert entry.meaning.endswith(".")


def test_a_diagnosis_is_explained_by_its_own_table():
    entries = catalogue()

    assert set(DIAGNOSED) <= set(entries)
    assert entries["repeated-statement"].cure == DIAGNOSED["repeated-statement"].remedy_in("")
    assert [code for code, rule in DIAGNOSED.items() if rule.example not in entries[code].example] == []


@pytest.mark.parametrize("written", ["PG-B012", "b12", "B012", "[PG-B012]", "pg-b012"])
def test_codes_may_be_written_short(written: str):
    assert canonical(written, catalogue()) == "PG-B012"


def test_a_note_keeps_its_code_through_a_file():
    text = note("PG-G003", "The clock was set.")

    assert split(json.loads(json.dumps(text))) == ("The clock was set.", "PG-G003")
    assert note("PG-G001", text) == text
    assert bare("of an earlier version") == "of an earlier version"


def test_explain_prints_meaning_why_example_and_cure(tmp_path: Path):
    done = perfgate("explain", "b12", cwd=tmp_path)

    assert done.returncode == 0
    assert [line.partition(":")[0] for line in done.stdout.splitlines() if line and line[0] != " "] == [
        "PG-B012  A limit can never be reached, or contradicts another.",
        "Why",
        "Example",
        "Cure",
    ]


def test_explain_alone_lists_all_and_an_unknown_code_is_a_mistake(tmp_path: Path):
    listed, unknown = perfgate("explain", cwd=tmp_path), perfgate("explain", "Z999", cwd=tmp_path)

    assert all(f"  {code}  " in listed.stdout for code in catalogue())
    assert unknown.returncode == 2
    assert "There is no code 'Z999' [PG-U002]" in unknown.stderr


def test_the_list_has_each_room_once_and_its_codes_in_order():
    lines = list(listing(catalogue()))

    assert [line.strip() for line in lines if line[:2] != "  "] == [*TITLES.values(), "What a diagnosis names"]
    rooms = groupby((line.split()[0] for line in lines if line.startswith("  PG-")), lambda code: code[3])
    assert all(codes == sorted(codes) for codes in (list(room) for _, room in rooms))


def test_wrong_options_have_a_code_too(tmp_path: Path):
    done = perfgate("run", "--bugdet", "budgets.yaml", cwd=tmp_path)

    assert done.returncode == 2
    assert "[PG-U001]" in done.stderr
    assert "--budget" in done.stderr


def test_terminal_json_and_junit_show_the_code_of_a_finding():
    run = make_run()
    verdict = gate.judge(
        [make_budget("list products", "p95", "1ms")], run, Baseline(branch="main", min_runs=5), GatePolicy()
    )
    facts = Facts(verdict=verdict, run=run)

    shown = ElementTree.fromstring(junit.render(facts)).findall(".//property[@name='code']")

    assert [item.get("value") for item in shown] == ["PG-V001"]
    assert [item["code"] for item in json.loads(codec.encode(verdict))["findings"]] == ["PG-V001"]
    assert "the limit of 1 ms. [PG-V001]" in console.text(facts, width=200)


def test_the_code_is_dim_on_a_terminal_and_plain_in_a_file():
    facts = Facts(verdict=make_verdict(make_finding(outcome=Outcome.FAIL, code="PG-V001")), run=make_run())
    sink = StringIO()

    console.show(facts, Console(file=sink, width=200, force_terminal=True, color_system="standard"))

    assert "\x1b[2m [PG-V001]" in sink.getvalue()
    assert "[PG-V001]" in console.text(facts)


def test_a_comment_for_people_does_without_the_codes_of_notes():
    notes = (note("PG-C001", "Nothing was judged."),)
    facts = Facts(verdict=make_verdict(notes=notes), run=make_run())

    assert "Nothing was judged. [PG-C001]" in console.text(facts)
    assert "PG-C001" not in report_md.render(facts, ())
