"""Free ports for services, outside the range from which the system takes the ports of outgoing connections."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack, closing, suppress
from pathlib import Path

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
MIN_PORT, MAX_PORT = 15_000, 32_767  # below the default range of Linux, macOS (49152) and BSD
MAX_TRIES = 200


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with closing(socket.socket()) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_ports(number: int) -> list[int]:
    """So many different free ports. A port that any connection may take is gone before the service listens: the load of
    a neighbour alone opens thousands."""
    candidates = _candidates()
    with ExitStack() as stack:
        ports: list[int] = []
        for port in [*candidates, *[0] * number]:  # 0: whatever the system gives
            if len(ports) == number:
                break
            probe = stack.enter_context(closing(socket.socket()))
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(probe.getsockname()[1])
        return ports


def _candidates() -> list[int]:
    try:
        first = int(EPHEMERAL.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        first = MAX_PORT + 1
    highest = min(MAX_PORT, first - 1)
    if highest - MIN_PORT < MAX_TRIES:
        return []
    return random.SystemRandom().sample(range(MIN_PORT, highest + 1), MAX_TRIES)
