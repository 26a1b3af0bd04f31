"""The diseases, where each is looked at, and what may be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DATABASE = ("database",)
APPLICATION = ("application",)


@dataclass(frozen=True)
class Case:
    """`layers` and `causes` are the right answers; the first of each is the one that is meant."""

    disease: str
    endpoint: str
    layers: tuple[str, ...]
    causes: tuple[str, ...]
    faults: str = ""  # of the demo shop

    @property
    def name(self) -> str:
        return f"{self.disease} ({self.endpoint})"


HEALTHY = (("unattributed",), ("healthy",))
RUNNER = (("runner",), ("environment",))
BOTH = (
    Case("n+1", "orders", DATABASE, ("repeated-statement",)),
    Case("dropped index", "orders", DATABASE, ("sequential-scan", "slower-statement")),
    Case("more rows", "orders", DATABASE, ("more-rows",)),
    Case("wide rows", "orders", DATABASE, ("wide-rows",)),
    Case("lock wait", "stock", DATABASE, ("lock-wait",)),
    Case("pool of one", "ledger", ("queue",), ("small-pool", "contention")),
    Case("cpu loop", "report", APPLICATION, ("cpu",)),
    Case("serialisation", "report", ("serialisation",), ("serialisation",)),
    Case("cache off", "product", ("cache",), ("cache-lost",)),
    Case("cache n+1", "product", ("cache",), ("cache-repeated",)),
    Case("big payload", "report", ("download",), ("payload",)),
    Case("compression off", "report", ("download",), ("compression-lost",)),
    Case("connections closed", "ping", ("network",), ("connections-closed",)),
    Case("slow external", "quote", ("external",), ("external-slower",)),
    Case("memory leak", "report", APPLICATION, ("memory-growth",)),
    Case("slow runner", "report", *RUNNER),
    Case("slow runner by stops", "orders", *RUNNER),
    Case("healthy", "orders", *HEALTHY),
    Case("healthy", "report", *HEALTHY),
)
SHOP = (
    Case("n+1", "products", DATABASE, ("repeated-statement",), "products:n+1"),
    Case("n+1", "search", DATABASE, ("repeated-statement",), "search:n+1"),
    Case("dropped index", "search", DATABASE, ("slower-statement", "sequential-scan"), "search:no-index"),
    Case("cache off", "product", ("cache",), ("cache-lost",), "product:no-cache"),
    Case("blocking call", "product", APPLICATION, ("blocking-call",), "product:block"),
    Case("big payload", "product", ("download",), ("payload",), "product:big"),
    Case("sleep", "product", APPLICATION, ("waiting",), "product:slow=4"),
    Case("slow runner", "products", *RUNNER),
    Case("healthy", "products", *HEALTHY),
    Case("healthy", "search", *HEALTHY),
)
QUEUED = (
    Case("n+1", "orders", DATABASE, ("repeated-statement",)),
    Case("index lost by a cast", "orders", DATABASE, ("sequential-scan", "slower-statement")),
    Case("connection per request", "orders", DATABASE, ("reconnecting",)),
    Case("cpu loop", "report", APPLICATION, ("cpu",)),
    Case("serialisation", "report", ("serialisation",), ("serialisation",)),
    Case("sleep", "report", APPLICATION, ("waiting",)),
    Case("slow external", "quote", ("external",), ("external-slower",)),
    Case("queue backlog", "export", ("queue",), ("backlog",)),
    Case("slow job", "render", ("queue",), ("backlog",)),
    Case("healthy", "export", *HEALTHY),
    Case("healthy", "report", *HEALTHY),
    Case("slow runner", "orders", *RUNNER),
)
BLOCKING = Case("blocking call", "quote", APPLICATION, ("blocking-call",))
BACKLOG = Case("queue backlog", "export", ("queue",), ("backlog",))
CASES: Mapping[str, tuple[Case, ...]] = {
    "threaded": (*BOTH, BACKLOG),
    "asynchronous": (*BOTH, BLOCKING),
    "queued": QUEUED,
    "node": (*BOTH, BLOCKING),
    "shop": SHOP,
}
