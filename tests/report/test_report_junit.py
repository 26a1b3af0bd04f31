"""junit.xml: valid XML whatever the text, in the shape that CI systems read."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from builders import make_finding, make_run, make_verdict

from perfgate.model.outcome import Outcome
from perfgate.report import junit
from perfgate.report.facts import Facts

# Element -> (attributes it must have, attributes it may have, children); after jenkins-junit.xsd of Jenkins' xUnit
# plug-in, with the properties of a test case that pytest writes and GitLab reads.
SHAPE = {
    "testsuites": ({"name"}, {"tests", "failures", "errors", "skipped", "time"}, {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors"},
        {"skipped", "time", "timestamp", "hostname", "id", "package"},
        {"properties", "testcase"},
    ),
    "properties": (set(), set(), {"property"}),
    "property": ({"name", "value"}, set(), set()),
    "testcase": (
        {"name", "classname"},
        {"time"},
        {"properties", "skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": (set(), {"message", "type"}, set()),
    "error": (set(), {"message", "type"}, set()),
    "skipped": (set(), {"message"}, set()),
    "system-out": (set(), set(), set()),
}


def check_shape(element: ElementTree.Element) -> None:
    required, allowed, children = SHAPE[element.tag]
    assert required <= set(element.keys()) <= required | allowed, element.tag
    for child in element:
        assert child.tag in children, f"{child.tag} in {element.tag}"
        check_shape(child)


def test_golden(shop, golden):
    golden("junit.xml", junit.render(shop))


def test_shape_and_counts(shop):
    root = ElementTree.fromstring(junit.render(shop).encode())
    check_shape(root)
    (suite,) = root
    assert suite.get("name") == "perfgate.shop"
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(attribute)) == len(list(suite.iter(tag))) > 0
    assert len(suite.findall("testcase")) == len(shop.verdict.findings)


@pytest.mark.parametrize(
    ("outcome", "element"),
    [
        (Outcome.FAIL, "failure"),
        (Outcome.NO_DATA, "error"),
        (Outcome.INCONCLUSIVE, "skipped"),
        (Outcome.NO_BASELINE, "skipped"),
        (Outcome.WARN, "system-out"),
        (Outcome.IMPROVED, "system-out"),
        (Outcome.PASS, None),
    ],
)
def test_each_outcome(outcome, element):
    finding = make_finding("search", outcome=outcome, sentence="Because.")
    case = ElementTree.fromstring(junit.render(Facts(verdict=make_verdict(finding), run=make_run()))).find(
        ".//testcase"
    )
    assert (case.get("classname"), case.get("name")) == ("search", "p95")
    found = [child for child in case if child.tag != "properties"]
    assert [child.tag for child in found] == ([element] if element else [])
    assert all("Because." in (child.get("message"), child.text) for child in found)
    properties = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert properties["measured"] == "100 ms"
    assert properties["limit"] == "300 ms"
    assert properties["outcome"] == outcome.value


def test_hostile_text_is_valid_xml(hostile):
    text = junit.render(hostile)
    root = ElementTree.fromstring(text.encode())
    check_shape(root)
    names = [case.get("classname") for case in root.iter("testcase")]
    assert "<script>alert(1)</script>" in names
    assert "line break and more" in names
