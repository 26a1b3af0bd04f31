"""run.json and verdict.json: what is written is read, and whatever else a file holds is an error, never a result."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from builders import make_acceptance, make_endpoint, make_finding, make_past_run, make_run, make_verdict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from perfgate.files import codec
from perfgate.model.errors import RecordError
from perfgate.model.note import Note
from perfgate.model.outcome import Outcome
from perfgate.model.run import PastRun, Run
from perfgate.model.verdict import Verdict

SIMPLE = {
    str: st.text(max_size=8),
    Note: st.text(max_size=8),
    int: st.integers(0, 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    type(None): st.none(),
}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of an annotation that the model uses."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in SIMPLE:
        return SIMPLE[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if dataclasses.is_dataclass(kind):
        return words(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of(*(values_of(one) for one in arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*(values_of(one) for one in arguments))
    assert origin is Mapping, kind
    return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=2)


def words(cls: Any) -> st.SearchStrategy[Any]:
    """Any value of a dataclass of the model; `schema` stays what it is."""
    hints = get_type_hints(cls)
    parts = {field.name: values_of(hints[field.name]) for field in dataclasses.fields(cls) if field.name != "schema"}
    return st.builds(cls, **parts)


RICH = {
    Run: make_run(
        endpoints=[
            make_endpoint(
                "søk «tea» 茶", failures=3, failures_by_kind={"status": 3}, failure_examples=("status: 500",)
            ),
            make_endpoint("buy", kind="journey", intervals={"p95": (0.1, 0.2)}),
        ],
        warnings=("something was seen",),
    ),
    Verdict: make_verdict(
        make_finding(outcome=Outcome.FAIL, baseline=0.05, interval=(0.4, 0.8)),
        make_finding(metric="errors", measured=None),
    ),
    PastRun: make_past_run(failed=[("search", "p95")], acceptances=[make_acceptance("search")], outcome=Outcome.FAIL),
}
kinds = pytest.mark.parametrize("kind", RICH, ids=lambda kind: kind.__name__)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(words(Run))
def test_any_run_reads_back(run):
    assert codec.decode(Run, codec.encode(run), origin="here") == run


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(words(Verdict))
def test_any_verdict_reads_back(verdict):
    assert codec.decode(Verdict, codec.encode(verdict), origin="here") == verdict


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(words(PastRun))
def test_any_past_run_reads_back(past_run):
    assert codec.decode(PastRun, codec.encode(past_run), origin="here") == past_run


@kinds
def test_files_read_back(kind, tmp_path):
    path = tmp_path / "deep" / "file.json"
    codec.write(RICH[kind], path)
    codec.write(RICH[kind], path)
    assert codec.read(kind, path) == RICH[kind]
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text(encoding="utf-8").endswith("}\n")


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    (tmp_path / "run.json").mkdir()
    with pytest.raises(RecordError, match="Cannot write"):
        codec.write(RICH[Run], tmp_path / "run.json")
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@kinds
def test_bytes_are_read_as_well_as_text(kind):
    assert codec.decode(kind, codec.encode(RICH[kind]).encode(), origin="here") == RICH[kind]


@kinds
def test_what_is_written_fits_the_published_schema(kind):
    schema = codec.schema(kind)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(codec.encode(RICH[kind])))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(words(Run), words(Verdict))
def test_whatever_is_written_fits_the_published_schema(run, verdict):
    for word in (run, verdict):
        Draft202012Validator(codec.schema(type(word))).validate(json.loads(codec.encode(word)))


@kinds
def test_the_published_schema_refuses_another_shape(kind):
    data = json.loads(codec.encode(RICH[kind]))
    del data["run" if kind is PastRun else "id" if kind is Run else "outcome"]
    assert not Draft202012Validator(codec.schema(kind)).is_valid(data)


def test_run_json_has_the_documented_keys():
    data = json.loads(codec.encode(RICH[Run]))
    assert next(iter(data)) == "schema"
    assert data.keys() >= {"schema", "id", "started", "commit", "branch", "conditions", "generator", "warmup_requests"}
    assert data.keys() >= {"unfinished", "endpoints", "warnings"}
    assert data["generator"].keys() >= {"clock", "delay_p99", "cpu", "late", "dropped"}
    assert data["endpoints"][0].keys() >= {"name", "requests", "failures", "metrics", "intervals"}
    assert data["endpoints"][1]["intervals"] == {"p95": [0.1, 0.2]}


def test_verdict_json_has_the_documented_keys():
    data = json.loads(codec.encode(RICH[Verdict]))
    assert next(iter(data)) == "schema"
    finding = data["findings"][0]
    assert data.keys() >= {"schema", "outcome", "findings"}
    assert finding.keys() >= {"endpoint", "metric", "outcome", "reason", "measured", "baseline", "change", "interval"}
    assert finding.keys() >= {"criteria", "sentence"}
    assert finding["criteria"][0].keys() >= {"kind", "limit", "outcome"}
    assert (data["outcome"], finding["interval"], finding["criteria"][0]["kind"]) == ("fail", [0.4, 0.8], "absolute")


@kinds
def test_unknown_keys_of_newer_versions_are_ignored(kind):
    data = json.loads(codec.encode(RICH[kind]))
    data["from_the_future"] = {"any": ["thing"]}
    assert codec.decode(kind, json.dumps(data), origin="here") == RICH[kind]


@kinds
@pytest.mark.parametrize("schema", [2, 99])
def test_a_newer_schema_asks_for_an_upgrade(kind, schema):
    data = json.loads(codec.encode(RICH[kind]))
    (data["run"] if kind is PastRun else data)["schema"] = schema
    with pytest.raises(RecordError, match=rf"some/path has schema {schema}; this perfgate knows up to 1") as caught:
        codec.decode(kind, json.dumps(data), origin="some/path")
    assert "pip install --upgrade" in caught.value.hint


@pytest.mark.parametrize("missing", ["id", "name", "started", "duration", "conditions", "generator", "endpoints"])
def test_a_missing_key_is_named(missing):
    data = json.loads(codec.encode(RICH[Run]))
    del data[missing]
    with pytest.raises(RecordError, match=rf"run\.json is not a Run: .*{missing}"):
        codec.decode(Run, json.dumps(data), origin="run.json")


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"duration": "soon"}, "duration"),
        ({"endpoints": {}}, "endpoints"),
        ({"endpoints": [7]}, "endpoints.0"),
        ({"endpoints": [{"name": "search", "metrics": {"p95": "fast"}}]}, "endpoints.0.metrics.p95"),
        ({"endpoints": [{"name": "search", "metrics": {"p95": None}}]}, "endpoints.0.metrics.p95"),
        ({"endpoints": [{"name": "search", "metrics": {"p95": "nan"}}]}, "endpoints.0.metrics.p95"),
        ({"endpoints": [{"name": "search", "requests": "-5"}]}, "endpoints.0.requests"),
        ({"endpoints": [{"name": "search", "requests": True}]}, "endpoints.0.requests"),
        ({"endpoints": [{"name": "search", "kind": "pages"}]}, "endpoints.0.kind"),
        ({"endpoints": [{"name": "search", "intervals": {"p95": [1]}}]}, "endpoints.0.intervals.p95"),
        ({"endpoints": [{"name": "search", "latency": {"buckets": {"x": 1}}}]}, "endpoints.0.latency.buckets"),
        ({"commit": 7}, "commit"),
        ({"conditions": None}, "conditions"),
        ({"interrupted": "perhaps"}, "interrupted"),
    ],
    ids=str,
)
def test_a_wrong_type_is_named_with_its_place(change, where):
    data = json.loads(codec.encode(RICH[Run])) | change
    with pytest.raises(RecordError, match=rf"is not a Run: {where}"):
        codec.decode(Run, json.dumps(data), origin="run.json")


def test_a_million_mistakes_are_one():
    data = json.loads(codec.encode(RICH[Run])) | {"warnings": [7] * 10**6}
    with pytest.raises(RecordError, match=r"^run\.json is not a Run$"):
        codec.decode(Run, json.dumps(data), origin="run.json")


def test_an_unknown_outcome_is_no_outcome():
    data = json.loads(codec.encode(RICH[Verdict])) | {"outcome": "splendid"}
    with pytest.raises(RecordError, match="is not a Verdict: outcome"):
        codec.decode(Verdict, json.dumps(data), origin="verdict.json")


@kinds
@pytest.mark.parametrize("text", ["[]", "7", '"text"', "null", "{}", "true"])
def test_other_json_is_not_the_word(kind, text):
    with pytest.raises(RecordError, match=rf"^here is not a {kind.__name__}: [^:]"):
        codec.decode(kind, text, origin="here")


@kinds
@pytest.mark.parametrize(
    "text",
    ["", "{", "not json", '{"a": 1} x', b"\xff\xfe\x00", b"\x00", "[" * 100_000, '{"a":' * 100_000, "1" * 5000],
    ids=lambda text: repr(text[:10]),
)
def test_what_is_not_json_is_an_error(kind, text):
    with pytest.raises(RecordError, match="here is not JSON"):
        codec.decode(kind, text, origin="here")


@kinds
def test_a_cut_off_file_is_an_error(kind):
    text = codec.encode(RICH[kind])
    for length in range(0, len(text), 97):
        with pytest.raises(RecordError):
            codec.decode(kind, text[:length], origin="here")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_what_compares_with_nothing_is_no_number(number):
    """A p95 of NaN would keep every limit."""
    text = codec.encode(make_run(duration=12345.5)).replace("12345.5", number)
    assert number in text
    with pytest.raises(RecordError, match="is not a number"):
        codec.decode(Run, text, origin="run.json")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_not_json_is_not_written(number):
    with pytest.raises(ValueError, match="not JSON compliant"):
        codec.encode(make_run(duration=number))


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(RecordError, match=r"Cannot read .*run\.json: No such file"):
        codec.read(Run, tmp_path / "run.json")
    with pytest.raises(RecordError, match="Cannot read"):
        codec.read(Run, tmp_path)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecordError, match="Cannot write") as caught:
        codec.write(RICH[Run], tmp_path / "file" / "run.json")
    assert "--out" in caught.value.hint


def test_a_full_disk_is_named_with_its_cure(tmp_path: Path):
    (tmp_path / ".x.json.tmp").symlink_to("/dev/full")
    with pytest.raises(RecordError, match="No space left") as caught:
        codec.write_text(tmp_path / "x.json", "x")
    assert caught.value.hint == "Free some space on that disk, or choose another place with --out DIR."
