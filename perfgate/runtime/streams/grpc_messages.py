"""Messages of a call: length-prefixed on the wire, JSON for budget files (protobuf.dev/programming-guides/json)."""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from google.protobuf import json_format, message_factory
from google.protobuf.message import DecodeError, EncodeError

PREFIX = struct.Struct(">?I")  # compressed or not, length
MAX_MESSAGE_BYTES = 64 << 20


def framed(content: bytes) -> bytes:
    return PREFIX.pack(False, len(content)) + content


class Unframer:
    """Takes the bytes of data frames as they come."""

    def __init__(self) -> None:
        self._rest = bytearray()

    @property
    def is_cut(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now. Raises ValueError for one that is compressed or too large."""
        self._rest += data
        complete = []
        while len(self._rest) >= PREFIX.size:
            is_compressed, length = PREFIX.unpack_from(self._rest)
            if is_compressed:
                raise ValueError("a message is compressed, though perfgate accepts none that is")
            if length > MAX_MESSAGE_BYTES:
                raise ValueError(f"a message of {length} bytes is longer than {MAX_MESSAGE_BYTES}")
            end = PREFIX.size + length
            if len(self._rest) < end:
                break
            complete.append(bytes(self._rest[PREFIX.size : end]))
            del self._rest[:end]
        return complete


class Method(NamedTuple):
    """What a method takes and gives."""

    path: str
    request: Any  # the class of its messages
    answer: Any
    streams: bool  # whether it answers with several

    def encoded(self, text: str) -> bytes:
        """The message that JSON describes, framed. Raises ValueError where it is not of the method's type."""
        try:
            return framed(json_format.Parse(text, self.request()).SerializeToString())
        except (json_format.Error, EncodeError, TypeError) as error:
            raise ValueError(f"not a {self.request.DESCRIPTOR.full_name}: {str(error)[:120]}") from error

    def as_json(self, content: bytes) -> bytes:
        """A message of the answer as JSON, fields by the names of the .proto file. Raises ValueError for any other."""
        try:
            message = self.answer.FromString(content)
        except DecodeError as error:
            raise ValueError(f"not a {self.answer.DESCRIPTOR.full_name}") from error
        try:
            text: str = json_format.MessageToJson(
                message, preserving_proto_field_name=True, indent=None, always_print_fields_with_no_presence=True
            )
        except (json_format.Error, TypeError) as error:  # an Any of a type that nobody declared
            raise ValueError(f"has no JSON: {str(error)[:120]}") from error
        return text.encode()


def method(descriptor: Any) -> Method:
    """Method of a descriptor."""
    path = f"/{descriptor.containing_service.full_name}/{descriptor.name}"
    takes, gives = map(message_factory.GetMessageClass, (descriptor.input_type, descriptor.output_type))
    return Method(path, takes, gives, bool(descriptor.server_streaming))
