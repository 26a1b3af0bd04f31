"""The reference workload: what a small web endpoint does, about 1 ms of it: look up, sort, encode, hash and decode.

Always the same work, on any machine. Whoever changes it changes VERSION too: times of different work do not compare.
A sample is a burst of it without a pause. One answer alone would get a CPU soon, however busy the machine is, because
schedulers let in first who has slept. The burst waits its turn, as an application that is busy does.
"""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from random import Random
from typing import Any

VERSION = 1
NAME = f"{VERSION} on Python {sys.version_info.major}.{sys.version_info.minor}"  # the interpreter is part of the work
CATALOGUE_ITEMS = 8000  # in the catalogue: some megabytes, so that a cold cache is felt as an application would feel it
ANSWER_ROWS = 180  # in each answer
SAMPLE_ANSWERS = 10  # answers of a sample
STRIDE, LEAP = 37, 7919  # primes: neighbouring answers have nothing in common


class Workload:
    """Deterministic: the n-th answer of two workloads is the same, byte by byte."""

    def __init__(self) -> None:
        chance = Random(VERSION)
        self._catalogue: dict[str, dict[str, Any]] = {
            f"item-{number}": {
                "id": number,
                "name": f"thing {number}",
                "price": chance.randrange(10_000),
                "tags": [f"tag-{chance.randrange(50)}" for _ in range(3)],
            }
            for number in range(CATALOGUE_ITEMS)
        }
        self._keys = list(self._catalogue)
        chance.shuffle(self._keys)

    def answer(self, number: int) -> bytes:
        """A digest of the rows that this request asks for."""
        keys, first = self._keys, number * LEAP
        rows = [self._catalogue[keys[(first + STRIDE * row) % CATALOGUE_ITEMS]] for row in range(ANSWER_ROWS)]
        rows.sort(key=lambda row: row["price"])
        text = json.dumps(rows).encode()
        total = sum(row["price"] for row in json.loads(text))
        return sha256(text + b"%d" % total).digest()
