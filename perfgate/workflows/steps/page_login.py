"""The login of a page: its endpoint or journey is sent once on each side, and the page gets the cookies it leaves, and
the values it captures."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from perfgate import scenarios
from perfgate.files import codec
from perfgate.model.budget_file import BudgetFile, PageSpec
from perfgate.model.errors import PageError
from perfgate.pages.options import LoginResult, PageSide
from perfgate.text.redaction import Redactor, redactor
from perfgate.text.sanitize import one_line

TIMEOUT_S = 60.0
MAX_REASON_CHARS = 300  # characters
MIN_HIDDEN_CHARS = 8  # characters of a captured value: shorter ones are numbers and words, as reports have them too


class PageLogin:
    """Logs in once for each login and side. Cookies and values are secrets: they stay in memory."""

    def __init__(self, budget_file: BudgetFile, folder: Path, environ: Mapping[str, str]) -> None:
        self._budget_file, self._folder, self._environ = budget_file, folder, environ
        self._known: dict[tuple[str, str], LoginResult] = {}
        self._redactors: dict[tuple[str, str], Redactor] = {}

    def log_in(self, page: PageSpec, side: PageSide) -> LoginResult:
        """Logs in where that has not been done, and returns what it leaves. Raises PageError when it fails, or leaves
        nothing that a page takes."""
        key = page.login, side.target
        if key not in self._known:
            self._known[key] = self._log_in(page, side)
            long = {name: it for name, it in self._known[key].values.items() if len(it) >= MIN_HIDDEN_CHARS}
            self._redactors[key] = redactor(long, long)
        return self._known[key]

    def conceal(self, text: str) -> str:
        """The text without the values that logins captured."""
        for hide in self._redactors.values():
            text = hide(text)
        return text

    def _log_in(self, page: PageSpec, side: PageSide) -> LoginResult:
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
        if answer.get("cookies") or answer.get("values"):
            return LoginResult(cookies=answer["cookies"], values=answer["values"])
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
