"""What a service waits for, with nothing installed in it: sampled from outside, as seconds per request.

Little's law gives the seconds: (requests that wait at a moment, on average) = (requests per second) x (seconds that
each waits). A request waits for another server while the connection to it has sent and not yet received; it waits for
the service itself while its bytes lie unread in the socket; and it waits for a CPU while a thread is ready and does not
run.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import monotonic

import psutil

from perfgate.diagnose.facts import Peer, ProbeCounts
from perfgate.diagnose.probes import cpu_quota, peers
from perfgate.diagnose.probes.peers import Kind
from perfgate.diagnose.probes.sockets import FIRST, LISTEN, ConnectionTurn, SocketReader, TcpSocket, inodes, turn
from perfgate.runner.process_tree import process_tree

PAUSE_RANGE_S = (0.005, 0.02)  # s between two looks, at random: never in step with what is looked at
Address = tuple[str, int]


@dataclass(kw_only=True)
class WaitTally:
    """What was sampled since the beginning. `first` and `last` are the sockets of each connection, by inode."""

    began: float
    looks: int = 0
    unread: int = 0
    stopped: int = 0
    awaiting: dict[Address, int] = field(default_factory=dict)
    moments: Counter[frozenset[Address]] = field(default_factory=Counter)  # looks at which just these were waited for
    last: dict[int, TcpSocket] = field(default_factory=dict)
    turns: dict[int, ConnectionTurn] = field(default_factory=dict)
    peak_connections: dict[Address, int] = field(default_factory=dict)  # used at one moment

    def add(self, sockets: Iterable[TcpSocket], own_ports: set[int], known: Mapping[int, TcpSocket]) -> None:
        """`known` are the connections that were there before."""
        used: dict[Address, int] = {}
        awaited: set[Address] = set()
        for item in sockets:
            if item.state == LISTEN:
                self.unread += item.unread
            elif item.port in own_ports:
                self.unread += item.unread > 0
            else:
                address = _address(item)
                self.last[item.inode] = item
                before = known.get(item.inode)
                if before is None or item.messages > before.messages:
                    used[address] = used.get(address, 0) + 1
                self.turns[item.inode] = now = turn(item, self.turns.get(item.inode, FIRST))
                if now.is_awaiting:
                    self.awaiting[address] = self.awaiting.get(address, 0) + 1
                    awaited.add(address)
        self.moments[frozenset(awaited)] += 1
        for address, count in used.items():
            self.peak_connections[address] = max(count, self.peak_connections.get(address, 0))


class SocketOwners:
    """Tells which sockets are the service's. Who has which is looked up anew when there is one that nobody knows."""

    def __init__(self, reader: SocketReader, processes: Callable[[], Iterable[psutil.Process]]) -> None:
        self._reader, self._processes = reader, processes
        self._pids: list[int] = []
        self._own: set[int] = set()
        self._foreign: set[int] = set()
        self._used: set[Address] = set()  # by the service, with a connection that was seen to be its own
        self._shared: set[Address] = set()  # by other processes as well

    def own(self, every: Sequence[TcpSocket]) -> Set[int]:
        """The inodes of its own of all sockets there are."""
        present = {item.inode for item in every}
        if present <= self._own | self._foreign:
            return self._own
        known = {inode for pid in self._pids for inode in inodes(pid)}  # at once: connections may be short
        own = (self._own | known) & present
        if not present <= own | self._foreign:
            self._pids = [process.pid for process in self._processes()]
            own |= {inode for pid in self._pids for inode in inodes(pid)}
        self._remember(every, own)
        self._own = own | self._closed(item for item in every if item.inode not in own | self._foreign)
        self._foreign = present - self._own
        return self._own

    def _remember(self, every: Iterable[TcpSocket], own: Set[int]) -> None:
        """Who uses which address. What is foreign, and still there at a second look, is no connection that has closed
        before its owner was looked up."""
        ports = {item.port for item in every if item.state == LISTEN and item.inode in own}
        for item in every:
            if item.inode in own:
                if item.state != LISTEN and item.port not in ports:
                    self._used.add(_address(item))
            elif item.inode in self._foreign:
                self._shared.add(_address(item))

    def _closed(self, unknown: Iterable[TcpSocket]) -> set[int]:
        """Inodes of connections that have closed meanwhile, and led to where only the service's own lead."""
        candidates = [item for item in unknown if _address(item) in self._used - self._shared]
        if not candidates:
            return set()
        present = {item.inode for item in self._reader.read()}
        self._shared |= {_address(item) for item in candidates if item.inode in present}
        return {item.inode for item in candidates if _address(item) not in self._shared}


class WaitProbe:
    """`pid` is that of a service that perfgate has started; `named` says what listens where, as far as it is known.
    Connections to the `ignored` ports are no work of its own.
    Raises OSError where the system does not tell."""

    def __init__(self, pid: int, named: Mapping[int, Kind] | None = None, ignored: Set[int] = frozenset()) -> None:
        self._ignored = ignored
        self._pid, self._kinds = pid, peers.Kinds(named or {})
        self._reader = SocketReader()
        self._owners = SocketOwners(self._reader, partial(process_tree, self._pid))
        self._known: dict[int, TcpSocket] = {}
        self._tally = WaitTally(began=monotonic())
        self._pids: list[int] = [pid]
        self._delay, self._periods = 0.0, cpu_quota.Periods(0, 0)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        try:
            self._sockets()
        except OSError:
            self.close()
            raise

    def begin(self) -> None:
        self._end()
        processes = process_tree(self._pid)
        self._pids = [process.pid for process in processes]
        self._delay, self._periods = _delay(processes), cpu_quota.periods(self._pids)
        self._known = {item.inode: item for item in self._sockets()}
        self._tally, self._stop = WaitTally(began=monotonic()), threading.Event()
        self._tally.turns = {inode: turn(item) for inode, item in self._known.items()}
        self._thread = threading.Thread(target=self._watch, args=(self._tally, self._stop), daemon=True)
        self._thread.start()

    def counted(self, requests: int) -> ProbeCounts:
        """Per request; without requests, how many wait at a moment (`idle_...`)."""
        self._end()
        tally, took = self._tally, monotonic() - self._tally.began
        if not tally.looks:
            return ProbeCounts()
        each = took / tally.looks / requests if requests else 1 / tally.looks
        found = self._peers(tally, each, requests)
        waits = {kind: [peer.seconds for peer in found if peer.kind == kind] for kind in peers.WAITED_FOR}
        values = {f"{kind}_wait": sum(seconds, 0.0) for kind, seconds in waits.items()}
        values |= {f"{kind}_span": self._kinds.looks(tally.moments, kind) * each for kind in peers.WAITED_FOR}
        if not requests:
            return ProbeCounts(values={f"idle_{name}": value for name, value in values.items()})
        for kind in peers.WAITED_FOR:
            peers_of = [peer for peer in found if peer.kind == kind]
            values[f"{kind}_messages"] = sum(peer.messages for peer in peers_of)
            values[f"{kind}_size"] = sum(peer.size for peer in peers_of)
            values[f"{kind}_opened"] = sum(peer.opened for peer in peers_of)
            values[f"{kind}_connections"] = max((peer.connections for peer in peers_of), default=0)
        values["phase_seconds"] = took / requests
        values["unread"] = tally.unread * each
        values["stopped"] = tally.stopped / tally.looks
        values["throttled"] = cpu_quota.periods(self._pids).share_since(self._periods)
        values["cpu_delay"] = max(0.0, _delay(process_tree(self._pid)) - self._delay) / requests
        return ProbeCounts(values=values, peers=found)

    def close(self) -> None:
        self._end()
        self._reader.close()

    def _end(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self, tally: WaitTally, stop: threading.Event) -> None:
        chance = random.Random(1)
        while not stop.wait(chance.uniform(*PAUSE_RANGE_S)):
            with suppress(OSError):
                sockets = self._sockets()
                ports = {item.port for item in sockets if item.state == LISTEN}
                tally.add(sockets, ports, self._known)
                tally.stopped += any(map(_is_stopped, self._pids))
                tally.looks += 1

    def _sockets(self) -> list[TcpSocket]:
        """Those of the service."""
        every = self._reader.read()
        own = self._owners.own(every)
        return [item for item in every if item.inode in own and item.peer_port not in self._ignored]

    def _peers(self, tally: WaitTally, each: float, requests: int) -> tuple[Peer, ...]:
        messages: dict[Address, int] = {}
        size: dict[Address, int] = {}
        opened = Counter(_address(item) for item in tally.last.values() if item.inode not in self._known)
        for item in tally.last.values():
            address, before = _address(item), self._known.get(item.inode)
            messages[address] = messages.get(address, 0) + item.messages - (before.messages if before else 0)
            size[address] = size.get(address, 0) + item.size - (before.size if before else 0)
        return tuple(
            Peer(
                address=f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}",
                kind=self._kinds.of(*address),
                messages=messages[address] / max(1, requests),
                size=size[address] / max(1, requests),
                opened=opened[address] / max(1, requests),
                seconds=tally.awaiting.get(address, 0) * each,
                connections=tally.peak_connections.get(address, 0),
            )
            for address in sorted(messages)
        )


def _address(item: TcpSocket) -> Address:
    return item.peer, item.peer_port


def _delay(processes: Iterable[psutil.Process]) -> float:
    """Seconds in which threads were ready to run and had no CPU, by the kernel's schedstat; 0 where it counts none."""
    total = 0
    for process in processes:
        for path in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
            with suppress(OSError, ValueError, IndexError):
                total += int(path.read_text(encoding="ascii").split()[1])
    return total / 1e9


def _is_stopped(pid: int) -> bool:
    """Whether somebody has stopped the process (SIGSTOP), as limiters of CPU do."""
    with suppress(OSError):
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
            in "Tt"
        )
    return False
