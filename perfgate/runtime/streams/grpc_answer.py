"""The answer of a call while it comes: metadata, messages, status, and when the kernel received each."""

from __future__ import annotations

from time import monotonic_ns

from perfgate.runtime.streams.grpc_messages import Unframer
from perfgate.runtime.streams.grpc_statuses import OK, detail_of, name_of
from perfgate.runtime.streams.http2 import HeaderList, Piece

HTTP_OK = 200


class CallAnswer:
    """`first` and `last` are when its headers came, and what came last (wall clock, ns); `first_seen` is when these
    headers were read (monotonic ns)."""

    def __init__(self) -> None:
        self.first = self.first_seen = self.last = 0
        self.metadata: HeaderList = []  # trailers included
        self.is_over = False
        self._unframer = Unframer()

    def take(self, piece: Piece) -> list[bytes]:
        """The messages that are complete now. Raises ValueError for what is no message."""
        self.last = piece.arrived
        if piece.headers is not None:
            if not self.first:
                self.first, self.first_seen = piece.arrived, monotonic_ns()
            self.metadata += piece.headers
        self.is_over = self.is_over or piece.is_end
        return self._unframer.feed(piece.data) if piece.data and self.http_status == HTTP_OK else []

    def check_end(self) -> None:
        """Raises ValueError where a successful call ended within a message."""
        if self.status == OK and self._unframer.is_cut:
            raise ValueError("it ended within a message")

    def value(self, name: str) -> str:
        return next((value for key, value in reversed(self.metadata) if key == name), "")

    @property
    def http_status(self) -> int:
        status = self.value(":status")
        return int(status) if status.isdigit() else 0

    @property
    def status(self) -> str:
        """Name of the gRPC status."""
        return name_of(self.value("grpc-status"))

    @property
    def detail(self) -> str:
        return detail_of(self.value("grpc-message"))

    @property
    def head(self) -> bytes:
        """Metadata and trailers as the head of an answer, for expectations and captures."""
        lines = [f"{key}: {value}" for key, value in self.metadata if not key.startswith(":")]
        return "\r\n".join([f"HTTP/1.1 {self.http_status} ", *lines, "\r\n"]).encode("utf-8", "replace")
