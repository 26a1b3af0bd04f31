"""The login of a page: its endpoint or journey is sent once on each side, and the page gets the cookies it leaves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from perfgate import scenarios
from perfgate.files import codec
from perfgate.model.budget_file import BudgetFile, PageSpec
from perfgate.model.errors import PageError
from perfgate.pages.options import PageSide
from perfgate.text.redaction import redactor
from perfgate.text.sanitize import one_line

TIMEOUT_S = 60.0
MAX_REASON_CHARS = 300  # characters


class PageLogin:
    """Logs in once for each login and side. Cookies are secrets: they stay in memory."""

    def __init__(self, budget_file: BudgetFile, folder: Path, environ: Mapping[str, str]) -> None:
        self._budget_file, self._folder, self._environ = budget_file, folder, environ
        self._known: dict[tuple[str, str], Sequence[Mapping[str, Any]]] = {}

    def cookies(self, page: PageSpec, side: PageSide) -> Sequence[Mapping[str, Any]]:
        """Cookies as Playwright takes them. Raises PageError when the login fails, or leaves none."""
        key = page.login, side.target
        if key not in self._known:
            self._known[key] = self._log_in(page, side)
        return self._known[key]

    def _log_in(self, page: PageSpec, side: PageSide) -> Sequence[Mapping[str, Any]]:
        budget_file = sending_only(self._budget_file, page.login)
        plan = scenarios.plan(budget_file, [page.login])
        scenario = self._folder / f"login-{len(self._known) + 1}.py"
        codec.write_text(scenario, scenarios.generate(plan, scenario=scenario))
        order = json.dumps({"scenario": str(scenario.resolve()), "target": side.target})
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "perfgate.runtime.users.page_login"],
                env=dict(self._environ),
                input=f"{order}\n",
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=TIMEOUT_S,
                check=False,
            )
            answer: dict[str, Any] = (
                json.loads(done.stdout) if done.stdout else {"error": done.stderr[-MAX_REASON_CHARS:]}
            )
        except subprocess.TimeoutExpired:
            answer = {"error": f"not done after {TIMEOUT_S:g} s"}
        if answer.get("cookies"):
            cookies: Sequence[Mapping[str, Any]] = answer["cookies"]
            return cookies
        reason = answer.get("error") or " ".join(["it left no cookies", *answer.get("notes", ())])
        conceal = redactor(scenarios.secrets(plan), self._environ)
        raise PageError(
            f"Page {page.name}: its login, {page.login}, failed: {one_line(conceal(reason), MAX_REASON_CHARS)}",
            hint="A page takes a login's cookies. Where the application keeps a token elsewhere: `storage_state`, or "
            "`steps` through its form.",
        )


def sending_only(budget_file: BudgetFile, name: str) -> BudgetFile:
    """The file in which this endpoint or journey is sent on its own, whatever its weight."""
    return replace(
        budget_file,
        endpoints=tuple(replace(item, weight=float(item.name == name)) for item in budget_file.endpoints),
        journeys=tuple(replace(item, weight=float(item.name == name)) for item in budget_file.journeys),
        pages=(),
        scenarios=(),
    )
