"""How long statements of a PostgreSQL database wait for locks, and commits for the disk or a standby: sampled, as
seconds of all of them together."""

from __future__ import annotations

import random
import threading
from time import monotonic
from typing import Any, NamedTuple

PAUSE_RANGE_S = (0.01, 0.04)  # s
NOW = "select clock_timestamp() /* perfgate-diagnose */"
# A statement that began before is no request's: a job that waits for its turn by an advisory lock waits all the time.
WAITING = """
select count(*) filter (where wait_event_type = 'Lock') /* perfgate-diagnose */,
  count(*) filter (where lower(wait_event) in ('walsync', 'walwrite', 'walwritelock', 'syncrep'))
from pg_stat_activity
where wait_event is not null and datname = current_database() and pid <> pg_backend_pid() and query_start >= %s
"""


class DatabaseWaits(NamedTuple):
    """Seconds of all statements together."""

    locks: float
    commits: float


class LockWatch:
    """`connection` is its own: it is used by another thread."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._looks, self._locked, self._committing, self._began = 0, 0, 0, 0.0
        self._is_broken = False

    def begin(self) -> None:
        self._end()
        self._looks, self._locked, self._committing, self._began = 0, 0, 0, monotonic()
        self._is_broken, self._stop = False, threading.Event()
        try:
            [since] = self._connection.execute(NOW).fetchone()
        except Exception:  # noqa: BLE001 - the probe itself says what is wrong with the server
            self._is_broken = True
            return
        self._thread = threading.Thread(target=self._watch, args=(self._stop, since), daemon=True)
        self._thread.start()

    def seconds(self) -> DatabaseWaits | None:
        """Since `begin`: how many wait at a moment on average, times the time. None where nobody looked, or not until
        the end."""
        self._end()
        if not self._looks or self._is_broken:
            return None
        each = (monotonic() - self._began) / self._looks
        return DatabaseWaits(locks=self._locked * each, commits=self._committing * each)

    def close(self) -> None:
        self._end()
        self._connection.close()

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self, stop: threading.Event, since: Any) -> None:
        chance = random.Random(2)
        while not stop.wait(chance.uniform(*PAUSE_RANGE_S)):
            try:
                locked, committing = self._connection.execute(WAITING, [since]).fetchone()
            except Exception:  # noqa: BLE001 - the probe itself says what is wrong with the server
                self._is_broken = True
                return
            self._locked += locked
            self._committing += committing
            self._looks += 1
