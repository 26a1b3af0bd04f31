"""junit.xml: what every CI system can show. One test case per finding; the outcome words become JUnit's four."""

from __future__ import annotations

from xml.etree import ElementTree

from perfgate.model.outcome import Outcome
from perfgate.model.verdict import Finding
from perfgate.report import words
from perfgate.report.escaping import plain
from perfgate.report.facts import Facts

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
MAX_CHARS = 2000  # characters of one text

_ELEMENT = {  # the others are passed test cases
    Outcome.FAIL: "failure",
    Outcome.NO_DATA: "error",  # nothing was measured: the test itself could not be done
    Outcome.INCONCLUSIVE: "skipped",
    Outcome.NO_BASELINE: "skipped",
}


def render(facts: Facts) -> str:
    """Test cases in the order of the budget file, so that CI systems can follow one over the builds."""
    run, findings = facts.run, facts.verdict.findings
    elements = [_ELEMENT.get(finding.outcome) for finding in findings]
    counts = {
        "tests": str(len(findings)),
        "failures": str(elements.count("failure")),
        "errors": str(elements.count("error")),
        "skipped": str(elements.count("skipped")),
        "time": f"{run.duration:.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "perfgate", **counts})
    name = f"perfgate.{plain(facts.verdict.name, MAX_CHARS)}"
    suite = ElementTree.SubElement(root, "testsuite", {"name": name, **counts})
    suite.set("timestamp", plain(run.started)[:19])  # the schema knows no time zone; it is UTC
    _properties(
        suite,
        {
            "run": run.id,
            "commit": run.commit,
            "branch": run.branch,
            "target": run.target,
            "load": run.conditions.load,
            "baseline": facts.verdict.baseline_branch,
        },
    )
    for finding in findings:
        _case(suite, finding)
    ElementTree.indent(root)
    return f"{_DECLARATION}\n{ElementTree.tostring(root, encoding='unicode')}\n"


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    names = {
        "classname": plain(finding.endpoint, MAX_CHARS),
        "name": plain(finding.metric, MAX_CHARS),
        "time": "0",
    }
    case = ElementTree.SubElement(suite, "testcase", names)
    _properties(
        case,
        {
            "outcome": finding.outcome.value,
            "reason": finding.reason,
            "code": finding.code,
            "measured": words.value(finding.metric, finding.measured),
            "baseline": words.value(finding.metric, finding.baseline),
            "change": words.change_of(finding, finding.change),
            "limit": ", ".join(words.limit(finding, criterion) for criterion in finding.criteria),
        },
    )
    sentence = plain(finding.sentence, MAX_CHARS)
    element = _ELEMENT.get(finding.outcome)
    if element:
        result = ElementTree.SubElement(case, element, {"message": sentence})
        if element != "skipped":
            result.set("type", plain(finding.reason, MAX_CHARS))
            result.text = sentence
    elif finding.outcome is not Outcome.PASS:
        ElementTree.SubElement(case, "system-out").text = sentence


def _properties(parent: ElementTree.Element, properties: dict[str, str]) -> None:
    """Adds only those that say something."""
    message = {name: text for name, text in properties.items() if text and text != words.NOTHING}
    if message:
        element = ElementTree.SubElement(parent, "properties")
        for name, text in message.items():
            ElementTree.SubElement(element, "property", {"name": name, "value": plain(text, MAX_CHARS)})
