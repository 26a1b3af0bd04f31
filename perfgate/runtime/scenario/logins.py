"""Logins of one virtual user at one target: made once, come back in every visit, and renewed."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns

from perfgate.runtime.scenario.session import Session, State

NS_PER_SECOND = 1_000_000_000
LogIn = Callable[[], object]  # sends what a login consists of


class Logins:
    """`in_use` are those of this visit."""

    def __init__(self, session: Session, *, keep: bool) -> None:
        self.in_use: dict[str, tuple[LogIn, float]] = {}
        self._session, self._keep = session, keep
        self._made: dict[str, State] = {}
        self._may_renew = True  # once in a visit

    def begin(self) -> None:
        """Begins a visit."""
        self.in_use.clear()
        self._may_renew = True

    def ensure(self, name: str, log_in: LogIn, every: float) -> None:
        """Logs in unless this user has done so, at most `every` seconds ago (0: ever); else brings back what that
        login gave."""
        if name in self.in_use:
            return
        made = self._made.get(name)
        if made is None or (every and monotonic_ns() - made.at >= every * NS_PER_SECOND):
            self._make(name, log_in)
        elif self._keep:
            self._session.rows.update(made.rows)
        else:
            self._session.restore(made)
        self.in_use[name] = log_in, every

    def renew_refused(self) -> bool:
        """Reacts to an answer of 401. Logins that may expire are made anew, once in a visit: True when the request is
        worth another try. Others are forgotten, so that the next visit makes them anew."""
        for name, (_, every) in self.in_use.items():
            if not every:
                self._made.pop(name, None)
        expired = [(name, log_in) for name, (log_in, every) in self.in_use.items() if every]
        if not expired or not self._may_renew:
            return False
        self._may_renew = False
        for name, log_in in expired:
            self._make(name, log_in)
        return True

    def _make(self, name: str, log_in: LogIn) -> None:
        session, before = self._session, self._made.pop(name, None)
        if before is not None:  # the same person again, without the old session
            session.cookies.drop(set(before.cookies))
            session.rows.update(before.rows)
        began = session.state()
        may_renew, self._may_renew = self._may_renew, False
        log_in()
        self._may_renew = may_renew
        made = session.since(began)
        self._made[name] = made._replace(values={**before.values, **made.values}) if before is not None else made
