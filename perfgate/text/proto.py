"""Descriptors of Protocol Buffers: what a .proto file declares, compiled by protoc (`perfgate[grpc]`)."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

COMPILED = frozenset({".binpb", ".desc", ".pb", ".protoset"})  # suffixes of descriptor sets
PROTOC_TIMEOUT_S = 60.0
MISSING_EXTRA = "pip install 'perfgate[grpc]'"
_PLACE = re.compile(r"^(.*?):(\d+):(\d+): (.*)$", re.MULTILINE)


class ProtoError(Exception):
    """What keeps a .proto file, or a method of it, from being used; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def require_extra() -> None:
    """Raises ProtoError where the packages that gRPC needs are missing."""
    for module in ("h2", "google.protobuf", "grpc_tools"):
        try:
            missing = find_spec(module) is None
        except ModuleNotFoundError:
            missing = True
        if missing:
            raise ProtoError("gRPC needs packages that are not installed", MISSING_EXTRA)


@cache
def descriptor_set(path: Path) -> bytes:
    """The serialized FileDescriptorSet of a .proto file and its imports, or of a file that is one already.

    Imports are looked for beside the file and in the folders above it, up to that of the budget file's repository.
    Raises ProtoError.
    """
    if not path.is_file():
        raise ProtoError(f"{path.name} does not exist")
    if path.suffix in COMPILED:
        return path.read_bytes()
    require_extra()
    with tempfile.TemporaryDirectory() as scratch:
        compiled = Path(scratch) / "set.binpb"
        folders = [f"--proto_path={folder}" for folder in _folders(path)]
        command = [sys.executable, "-m", "grpc_tools.protoc", *folders, "--include_imports"]
        try:
            done = subprocess.run(
                [*command, f"--descriptor_set_out={compiled}", path.name],
                cwd=path.parent,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=PROTOC_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProtoError(f"{path.name} cannot be compiled: {str(error)[:120]}") from error
        if done.returncode:
            raise ProtoError(_first_error(done.stderr, path.name))
        return compiled.read_bytes()


def _folders(path: Path) -> list[Path]:
    """Where imports may begin: the file's folder, then those above it as far as a repository's root."""
    folder = path.parent.resolve()
    above = [folder]
    for parent in folder.parents:
        if (above[-1] / ".git").exists() or parent == Path(parent.anchor):
            break
        above.append(parent)
    return above if any((one / ".git").exists() for one in above) else above[:3]


def _first_error(output: str, name: str) -> str:
    """protoc's first error: where and what."""
    if match := _PLACE.search(output):
        return f"{match[1]}, line {match[2]}: {match[4]}"
    lines = [line for line in output.splitlines() if line.strip()]
    return f"{name}: {lines[0] if lines else 'protoc failed'}"


def split_method(path: str) -> tuple[str, str]:
    """ "/shop.Catalog/Search" -> ("shop.Catalog", "Search"). Raises ProtoError for anything else."""
    match = re.fullmatch(r"/([A-Za-z_][\w.]*)/([A-Za-z_]\w*)", path)
    if match is None:
        raise ProtoError(f"{path} is not the path of a gRPC method", "write `POST /package.Service/Method`")
    return match[1], match[2]


class Declared(NamedTuple):
    """A descriptor pool, and the full names of the services that its files declare."""

    pool: Any
    services: tuple[str, ...]


def declared(serialized: Iterable[bytes]) -> Declared:
    """The declarations of FileDescriptorProtos, imports first. Raises ProtoError where they do not fit together."""
    from google.protobuf import descriptor_pb2, descriptor_pool
    from google.protobuf.message import DecodeError

    pool, services = descriptor_pool.DescriptorPool(), []
    try:
        for one in serialized:
            file = descriptor_pb2.FileDescriptorProto.FromString(one)
            pool.Add(file)
            services += [f"{file.package}.{service.name}".lstrip(".") for service in file.service]
    except (DecodeError, TypeError, ValueError) as error:
        raise ProtoError(f"not a set of descriptors: {str(error)[:200]}") from error
    return Declared(pool, tuple(services))


def files_of(serialized: bytes) -> list[bytes]:
    """The FileDescriptorProtos of a serialized FileDescriptorSet. Raises ProtoError where it is none."""
    from google.protobuf import descriptor_pb2
    from google.protobuf.message import DecodeError

    try:
        return [file.SerializeToString() for file in descriptor_pb2.FileDescriptorSet.FromString(serialized).file]
    except DecodeError as error:
        raise ProtoError("not a set of descriptors") from error


def method_of(known: Declared, path: str) -> Any:
    """The descriptor of the method at a path. Raises ProtoError where there is none, or its client streams."""
    service_name, method_name = split_method(path)
    try:
        service = known.pool.FindServiceByName(service_name)
    except KeyError:
        raise ProtoError(f"there is no service {service_name}", _similar(service_name, known.services)) from None
    method = service.methods_by_name.get(method_name)
    if method is None:
        raise ProtoError(f"{service_name} has no method {method_name}", _similar(method_name, service.methods_by_name))
    if method.client_streaming:
        raise ProtoError(
            f"{service_name}/{method_name} takes a stream of messages",
            "perfgate sends one message: choose a unary or a server-streaming method",
        )
    return method


def _similar(name: str, known: Iterable[str]) -> str:
    names = get_close_matches(name, list(known), 3, 0.5) or sorted(known)[:5]
    return f"known: {', '.join(names)}" if names else ""
