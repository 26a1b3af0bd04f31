"""Session: what one visitor knows of one target, and how long it lasts.

A visit is one iteration: a journey, or an endpoint that is sent by itself. It begins as a new visitor, with what
`on_start` left (nothing, in generated scenarios). A login comes back in later visits of the same virtual user with what
it gave: cookies, values, and the row that it was made with.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic_ns
from typing import Any, NamedTuple

from perfgate.runtime.http.cookies import Cookie, Cookies, Key
from perfgate.runtime.scenario.values import Rows

Row = Mapping[str, Any]


class State(NamedTuple):
    """A session, or a part of one, at a moment (monotonic ns)."""

    at: int
    cookies: dict[Key, Cookie]
    values: dict[str, Any]
    rows: dict[str, Row]


class Session:
    """`values` are all that `{name}` may stand for in this visit: captured, drawn, and of rows. `rows` are those in
    use, by file; `own_rows` those that this user keeps for good."""

    def __init__(self, home: str, own_rows: dict[str, Row]) -> None:
        self.cookies = Cookies(home)
        self.values: dict[str, Any] = {}
        self.rows: dict[str, Row] = {}
        self.own_rows = own_rows
        self._first: State | None = None

    def use_row(self, data: Rows) -> None:
        """Gives the values of this visit's row of a file: the one in use, else the next. Raises OutOfRows."""
        row = self.rows.get(data.path)
        if row is None:
            row = self.own_rows.get(data.path) if data.per_user else None
            if row is None:
                row = data()
                if data.per_user:
                    self.own_rows[data.path] = row
            self.rows[data.path] = row
        self.values.update(row)

    def mark(self) -> None:
        """What there is now is where every visit begins."""
        if self.values or self.cookies.stored:
            self._first = self.state()

    def begin(self, *, keep: bool) -> None:
        """Begins a visit: with `keep` only rows are new."""
        self.rows.clear()
        if not keep:
            self.values.clear()
            self.cookies.clear()
            if self._first:
                self.restore(self._first)

    def state(self) -> State:
        return State(monotonic_ns(), dict(self.cookies.stored), dict(self.values), dict(self.rows))

    def since(self, before: State) -> State:
        """The cookies and values that have come since then, and all rows: whoever logs in with one keeps it."""
        now = self.state()
        cookies = {key: cookie for key, cookie in now.cookies.items() if before.cookies.get(key) is not cookie}
        values = {name: value for name, value in now.values.items() if before.values.get(name) is not value}
        return now._replace(cookies=cookies, values=values)

    def restore(self, state: State) -> None:
        self.values.update(state.values)
        self.rows.update(state.rows)
        if state.cookies:
            self.cookies.put(state.cookies)
