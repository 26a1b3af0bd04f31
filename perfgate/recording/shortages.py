"""What a load generator itself can lack while it opens connections, in words, each with its cure."""

from __future__ import annotations

PORTS, FILES, MEMORY, NAMES, CALLBACKS = "ports", "files", "memory", "names", "callbacks"
SHORTAGES = {
    PORTS: "no local port was free for another connection",
    FILES: "no file descriptor was free for another connection",
    MEMORY: "the system had no memory for another connection",
    NAMES: "the name of the target could not be resolved",
    CALLBACKS: "the address for callbacks could not be listened on",
}
CURES = {
    PORTS: "keep connections alive, widen net.ipv4.ip_local_port_range, or use more machines",
    FILES: "raise the limit (`ulimit -n 65536`), or use fewer virtual users or more machines",
    MEMORY: "give the load generator more memory, or use fewer virtual users or more machines",
    NAMES: "mend the resolver of this machine (/etc/resolv.conf), or name the target by its address",
    CALLBACKS: "write an address of this machine under `callback: {listen: ...}`, with a free port above 1023 or none",
}
UNKNOWN = "a connection could not be opened"


def explain(shortage: str) -> str:
    """What was short, and what to do."""
    return f"{SHORTAGES.get(shortage, UNKNOWN)}; {CURES.get(shortage, CURES[MEMORY])}"
