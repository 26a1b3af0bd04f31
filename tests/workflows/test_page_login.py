"""The login of a page: what it leaves is the page's, and is shown nowhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from services import page_server

from perfgate import budgets
from perfgate.model.errors import PageError
from perfgate.pages.options import PageSide
from perfgate.workflows.steps.page_login import PageLogin

BUDGETS = """version: 1
target: {target}
endpoints:
  log in: {{request: GET /login}}
  order: {{request: GET /order, capture: {{order: $.id, token: $.token}}}}
journeys: {{buy: {{steps: [log in, order]}}}}
pages: {{receipt: {{path: "/orders/{{order}}", login: buy}}}}
"""


def test_a_page_gets_what_the_steps_of_a_journey_leave(tmp_path: Path):
    login = page_server.Answer(headers={"Set-Cookie": "session=s3cr3t; Path=/"})
    order = page_server.Answer(body='{"id": 4711, "token": "0123456789ab"}', kind="application/json")
    with page_server.serving({"/login": login, "/order": order}) as target:
        (tmp_path / "budgets.yaml").write_text(BUDGETS.format(target=target), encoding="utf-8")
        budget_file = budgets.read(tmp_path / "budgets.yaml", {})
        logins = PageLogin(budget_file, tmp_path, os.environ)
        left = logins.log_in(budget_file.pages[0], PageSide(arm="", target=target))

    assert [(cookie["name"], cookie["value"]) for cookie in left.cookies] == [("session", "s3cr3t")]
    assert left.values == {"order": "4711", "token": "0123456789ab"}
    assert logins.conceal("order 4711 with 0123456789ab") == "order 4711 with [token]"


def test_a_login_that_leaves_nothing_is_none(tmp_path: Path):
    with page_server.serving({"/login": "ok"}) as target:
        text = f"version: 1\ntarget: {target}\nendpoints: {{log in: GET /login}}\npages: {{home: {{path: /, login: log in}}}}"
        (tmp_path / "budgets.yaml").write_text(text, encoding="utf-8")
        budget_file = budgets.read(tmp_path / "budgets.yaml", {})
        logins = PageLogin(budget_file, tmp_path, os.environ)
        with pytest.raises(PageError, match="it left no cookies"):
            logins.log_in(budget_file.pages[0], PageSide(arm="", target=target))
