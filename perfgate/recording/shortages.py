"""What a load generator itself can run out of while it opens connections, in words, each with its cure."""

from __future__ import annotations

PORTS, FILES, MEMORY = "ports", "files", "memory"
SHORTAGES = {
    PORTS: "no local port was free for another connection",
    FILES: "no file descriptor was free for another connection",
    MEMORY: "the system had no memory for another connection",
}
CURES = {
    PORTS: "keep connections alive, widen net.ipv4.ip_local_port_range, or use more machines",
    FILES: "raise the limit (`ulimit -n 65536`), or use fewer virtual users or more machines",
    MEMORY: "give the load generator more memory, or use fewer virtual users or more machines",
}
UNKNOWN = "a connection could not be opened"


def explain(shortage: str) -> str:
    """What was short, and what to do."""
    return f"{SHORTAGES.get(shortage, UNKNOWN)}; {CURES.get(shortage, CURES[MEMORY])}"
