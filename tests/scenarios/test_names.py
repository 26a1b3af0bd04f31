"""Identifiers: readable, unique, and none that means something else to Python, Locust or the scenario itself."""

from __future__ import annotations

import builtins
import json
import keyword
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate import runtime
from perfgate.scenarios.names import RUNTIME_NAMES, TAKEN_IN_CLASS, TAKEN_IN_MODULE, class_name, unique

VISITOR = """
import json
from locust.env import Environment
from perfgate.runtime import Visitor
from perfgate.runtime.process import joining

environment = Environment(host="http://127.0.0.1")
joining.on_init(environment)
print(json.dumps([*dir(Visitor), *vars(Visitor(environment))]))
"""


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["list products"], ["list_products"]),
        (["GET /products/{id}?a=B"], ["get_products_id_a_b"]),
        (["Zürich: Café"], ["zurich_cafe"]),
        (["404 page"], ["endpoint_404_page"]),
        (["поиск", "検索", "!?"], ["endpoint", "endpoint_2", "endpoint_3"]),
        (["log in", "log-in", "LOG IN", "log in 2"], ["log_in", "log_in_2", "log_in_3", "log_in_2_2"]),
        (["list", "class", "match", "send", "self", "text", "print"], None),
        (["list", "List"], ["list_", "list_2"]),
        (["__init__"], ["init"]),
        (["x" * 100, "x" * 100 + "!"], ["x" * 60, "x" * 60 + "_2"]),
        (["None", "True", "HERE", "Path", "Endpoint"], ["none", "true", "here", "path", "endpoint"]),
    ],
)
def test_identifiers(texts: list[str], names: list[str] | None):
    assert list(unique(texts, "endpoint").values()) == (names or [f"{text}_" for text in texts])


@given(st.lists(st.text(), unique=True), st.sets(st.sampled_from(["home", "endpoint", "a", "b_2"])))
def test_identifiers_of_anything(texts: list[str], taken: set[str]):
    names = unique(texts, "endpoint", taken)

    assert list(names) == texts
    assert len(set(names.values())) == len(texts)
    assert all(name.isidentifier() and name == name.lower() and name.isascii() for name in names.values())
    reserved = {*taken, *keyword.kwlist, *keyword.softkwlist, *dir(builtins), *TAKEN_IN_CLASS, *TAKEN_IN_MODULE}
    assert reserved.isdisjoint(names.values())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("shop", "Shop"),
        ("my shop-v2.1", "MyShopV21"),
        ("1st load", "Scenario1stLoad"),
        ("none", "NoneVisitor"),
        ("TRUE", "TrueVisitor"),
        ("visitor", "VisitorVisitor"),
        ("endpoint", "EndpointVisitor"),
        ("path", "PathVisitor"),
        ("exception", "ExceptionVisitor"),
        ("...", "Scenario"),
    ],
)
def test_class_names(text: str, name: str):
    assert class_name(text) == name


def test_a_scenario_can_import_every_name_of_the_runtime():
    assert set(runtime.__all__) == RUNTIME_NAMES


def test_no_method_can_replace_one_of_locust_or_the_visitor():
    done = subprocess.run([sys.executable, "-c", VISITOR], capture_output=True, text=True, check=True)
    attributes = {name for name in json.loads(done.stdout) if not name.startswith("_")}

    assert {"send", "wait_time", "environment", "values"} <= attributes
    assert attributes <= TAKEN_IN_CLASS
