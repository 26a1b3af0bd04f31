"""What both applications of the zoo read from outside, and the diseases that need no framework."""

from __future__ import annotations

import hashlib
import json
import os

DISEASE = os.environ.get("ZOO_DISEASE", "")
DATABASE = os.environ["ZOO_DATABASE"]  # postgresql://... with the schema of this side
REDIS = os.environ["ZOO_REDIS"]
PREFIX = os.environ["ZOO_PREFIX"]  # of this side's keys in Redis
SIDE = os.environ.get("ZOO_SIDE", "base")  # base or head
PRICES = os.environ["ZOO_PRICES"]  # http://127.0.0.1:PORT, another service
MIDDLEWARE = os.environ.get("ZOO_MIDDLEWARE") == "1"

REGIONS, PAGE, RELATED = 20, 30, 15
PRICE_S = 0.060 if DISEASE == "slow external" else 0.002
SERIALISED = 60 if DISEASE == "serialisation" else 1
_kept: list[bytes] = []


def is_on(disease: str) -> bool:
    return disease == DISEASE


def burn() -> None:
    """About 15 ms of computing."""
    if is_on("cpu loop"):
        digest = b""
        for _ in range(12_000):
            digest = hashlib.sha256(digest).digest()


def leak() -> None:
    if is_on("memory leak"):
        _kept.append(os.urandom(150_000))


def answer(rows: list[dict[str, object]]) -> dict[str, object]:
    """The report's body."""
    body: dict[str, object] = {"rows": rows, "note": " ".join(str(number) for number in range(2000))}
    if is_on("big payload"):
        body["debug"] = [{"field": f"value {number}", "n": number} for number in range(20_000)]
    return body


def text(body: dict[str, object]) -> str:
    """JSON of the body; the disease writes it again and again."""
    for _ in range(SERIALISED - 1):
        json.dumps(body)
    return json.dumps(body)
