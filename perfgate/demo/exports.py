"""Exports: jobs in the background that write all products into a CSV file while the client asks whether it is done."""

from __future__ import annotations

import csv
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from perfgate.demo.database import Database, products, rows

WORKERS = 4  # jobs at once; the others are pending
PARTS = 10
PAUSE = 0.02  # seconds after each part; a job takes about a third of a second
FILES_KEPT = 100


@dataclass(frozen=True, kw_only=True)
class Export:
    number: int
    file: Path
    state: Literal["pending", "running", "done", "failed"] = "pending"
    rows: int = 0


class Exports:
    """Jobs by number. The last ones are kept, so that a long load test does not fill the disk."""

    def __init__(self, database: Database, folder: Path, stopping: threading.Event, *, slow: float) -> None:
        self._database = database
        self._folder = folder
        self._stopping = stopping
        self._pause = PAUSE * slow
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="export")
        self._lock = threading.Lock()
        self._exports: dict[int, Export] = {}
        self._last = 0

    def start(self) -> Export:
        with self._lock:
            self._last += 1
            export = Export(number=self._last, file=self._folder / f"products-{self._last}.csv")
            self._exports[export.number] = export
            forgotten = self._exports.pop(self._last - FILES_KEPT, None)
        if forgotten is not None:
            forgotten.file.unlink(missing_ok=True)
        self._workers.submit(self._write, export)
        return export

    def find(self, number: int) -> Export | None:
        with self._lock:
            return self._exports.get(number)

    def close(self) -> None:
        """Wait for the jobs that run, which end soon once `stopping` is set; drop the others."""
        self._workers.shutdown(cancel_futures=True)

    def _write(self, export: Export) -> None:
        self._keep(replace(export, state="running"))
        try:
            written = self._write_file(export.file)
        except (OSError, SQLAlchemyError):
            self._keep(replace(export, state="failed"))
            raise
        self._keep(replace(export, state="done", rows=written))

    def _write_file(self, file: Path) -> int:
        columns = (products.c.id, products.c.name, products.c.cents, products.c.sold)
        with self._database.connect() as connection:
            goods = rows(connection, select(*columns).order_by(products.c.id))
        size = -(-len(goods) // PARTS)
        with file.open("w", newline="", encoding="utf-8") as text:
            writer = csv.writer(text)
            writer.writerow(column.name for column in columns)
            for start in range(0, len(goods), size):
                writer.writerows(tuple(row.values()) for row in goods[start : start + size])
                if self._stopping.wait(self._pause):
                    break
        return len(goods)

    def _keep(self, export: Export) -> None:
        with self._lock:
            if export.number in self._exports:
                self._exports[export.number] = export
