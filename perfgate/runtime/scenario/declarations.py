"""What gRPC methods take and give, by the .proto file that a scenario names or by what a server declares."""

from __future__ import annotations

from pathlib import Path

from perfgate.text.proto import Declarations, ProtoError, declared, descriptor_set, files_of, method_of, split_method

__all__ = ["Declarations", "ProtoError", "declared", "method_of", "proto", "split_method"]


def proto(path: str | Path) -> Declarations:
    """The declarations of a .proto file or a descriptor set. Raises ProtoError."""
    return declared(files_of(descriptor_set(Path(path))))
