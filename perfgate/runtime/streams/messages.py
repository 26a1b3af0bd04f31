"""One message of a stream, and the parser of server-sent events."""

from __future__ import annotations

import json
from typing import Any

BOM = b"\xef\xbb\xbf"


class Message:
    """`arrived` is when its last byte did, by the wall clock (ns). JSONPaths read it like a response."""

    __slots__ = ("arrived", "content", "event")

    def __init__(self, content: bytes, arrived: int, event: str = "") -> None:
        self.content, self.arrived, self.event = content, arrived, event

    @property
    def json(self) -> Any:
        """Raises ValueError when it is not JSON."""
        try:
            return json.loads(self.content)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


class EventParser:
    """Parses an event stream as it comes (WHATWG HTML, section 9.2.6). Comments and events without data are none."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._event = ""
        self._begun = False

    def feed(self, chunk: bytes, arrived: int) -> list[Message]:
        """The events that are complete now."""
        data = self._rest + chunk
        if not self._begun:
            if BOM.startswith(data[:3]) and len(data) < 3:
                self._rest = data
                return []
            data, self._begun = data.removeprefix(BOM), True
        whole = data[:-1] if data.endswith(b"\r") else data  # the other half of a line's end may follow
        lines = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + data[len(whole) :]
        return [message for line in lines if (message := self._line(line, arrived)) is not None]

    def _line(self, line: bytes, arrived: int) -> Message | None:
        if not line:
            data, event = self._data, self._event
            self._data, self._event = [], ""
            return Message(b"\n".join(data), arrived, event) if data else None
        field, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        if field == b"data":
            self._data.append(value)
        elif field == b"event":
            self._event = value.decode(errors="replace")
        return None
