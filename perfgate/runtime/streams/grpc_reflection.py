"""Declarations that a server gives of itself (github.com/grpc/grpc/blob/master/doc/server-reflection.md).

The messages of the protocol are few enough to be written and read by field number.
"""

from __future__ import annotations

from collections.abc import Iterator

from h2.exceptions import ProtocolError

from perfgate.runtime.http.channel import Ended
from perfgate.runtime.http.dialling import Origin
from perfgate.runtime.scenario.declarations import Declarations, ProtoError, declared, split_method
from perfgate.runtime.streams.grpc_answer import CallAnswer
from perfgate.runtime.streams.grpc_messages import framed
from perfgate.runtime.streams.grpc_statuses import OK, UNIMPLEMENTED
from perfgate.runtime.streams.http2 import Http2Connection

VERSIONS = ("v1", "v1alpha")
FILE_BY_NAME, FILE_OF_SYMBOL = 3, 4  # of ServerReflectionRequest
FILES, ERROR = 4, 7  # of ServerReflectionResponse
MAX_FILES = 1000
NAME_A_PROTO = "name its file: `grpc: {proto: FILE}`"


def read_declarations(connection: Http2Connection, where: Origin, path: str, deadline: int) -> Declarations:
    """What the server declares of the method at `path`. Raises ProtoError, OSError or TimedOut."""
    service, _ = split_method(path)
    for version in VERSIONS:
        files = _request_files(connection, where, version, FILE_OF_SYMBOL, service, deadline)
        if files is not None:
            return declared(_complete(connection, where, version, files, deadline))
    raise ProtoError("the server has no reflection", NAME_A_PROTO)


def _complete(
    connection: Http2Connection, where: Origin, version: str, files: list[bytes], deadline: int
) -> Iterator[bytes]:
    """The files and all that they import, imports first."""
    from google.protobuf import descriptor_pb2

    known = {}
    for content in files:
        file = descriptor_pb2.FileDescriptorProto.FromString(content)
        known[file.name] = file
    while missing := {name for file in known.values() for name in file.dependency if name not in known}:
        if len(known) > MAX_FILES:
            raise ProtoError("the server declares too many files")
        for name in sorted(missing):
            contents = _request_files(connection, where, version, FILE_BY_NAME, name, deadline) or []
            for content in contents:
                file = descriptor_pb2.FileDescriptorProto.FromString(content)
                known[file.name] = file
            if name not in known:
                raise ProtoError(f"the server does not declare {name}, which it imports", NAME_A_PROTO)
    given: set[str] = set()
    while len(given) < len(known):
        ready = [file for file in known.values() if file.name not in given and given.issuperset(file.dependency)]
        if not ready:
            raise ProtoError("the server's files import each other", NAME_A_PROTO)
        for file in ready:
            given.add(file.name)
            yield file.SerializeToString()


def _request_files(
    connection: Http2Connection, where: Origin, version: str, field: int, name: str, deadline: int
) -> list[bytes] | None:
    """The files of one answer; None where this version is not served. Raises ProtoError for the server's refusal."""
    path = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    connection.begin(call_headers(where, path), framed(_field(field, name.encode())), deadline)
    answer, messages = CallAnswer(), []
    try:
        while not answer.is_over:
            for piece in connection.read(deadline):
                messages += answer.take(piece)
    except (ProtocolError, ValueError) as error:
        raise ProtoError(f"its reflection is not gRPC: {str(error)[:80]}", NAME_A_PROTO) from error
    if answer.status == UNIMPLEMENTED:
        return None
    if answer.status != OK or not messages:
        raise Ended(f"its reflection answered {answer.status}")
    fields = dict(_fields(messages[0]))
    if FILES in fields:
        return [content for number, content in _fields(fields[FILES]) if number == 1]
    refusal = dict(_fields(fields.get(ERROR, b""))).get(2, b"").decode(errors="replace")[:120]
    raise ProtoError(f"its reflection does not know {name}{f': {refusal}' if refusal else ''}")


def call_headers(where: Origin, path: str) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", "https" if where.tls else "http"),
        (":path", where.base + path),
        (":authority", where.authority),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _fields(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields of a message, by number; others are passed over."""
    position = 0
    while position < len(content):
        key, position = _read_varint(content, position)
        kind = key & 7
        if kind == 0:
            _, position = _read_varint(content, position)
        elif kind == 2:
            length, position = _read_varint(content, position)
            yield key >> 3, content[position : position + length]
            position += length
        else:
            position += 8 if kind == 1 else 4


def _read_varint(content: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(content):
        byte = content[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
    raise ProtoError("its reflection is cut off", NAME_A_PROTO)
