"""Object code of the kernels: of which sources it is made, for which processor, and how it is kept in one file."""

from __future__ import annotations

import ctypes
import json
from typing import Any

MODULES = ("run", "direct", "specialise", "build", "order", "encode", "contract", "functions")
PARTS = ("memory", "cells", "clusters", "vectors", "matrices")  # of which the others are made
FROM_C = {"memset": ctypes.memset, "memmove": ctypes.memmove, "memcpy": ctypes.memmove}  # what loops compile to
Code = tuple[dict[str, list[str]], list[bytes]]  # by kernel its symbol and signature, and all object code
C_TYPES = {"i8": ctypes.c_int64, "f8": ctypes.c_double}


def packed(symbols: dict[str, list[str]], objects: list[bytes]) -> bytes:
    """Object code with what is in it, under a digest."""
    import hashlib

    body = json.dumps({"symbols": symbols, "sizes": [len(o) for o in objects]}).encode() + b"\n" + b"".join(objects)
    return hashlib.sha256(body).digest() + body


def unpacked(content: bytes) -> Code | None:
    """The same again; None if anything has changed."""
    import hashlib  # with OpenSSL a tenth of our import time

    digest, body = content[:32], content[32:]
    if hashlib.sha256(body).digest() != digest:
        return None
    head, _, rest = body.partition(b"\n")
    header = json.loads(head)
    objects, at = [], 0
    for size in header["sizes"]:
        objects.append(rest[at : at + size])
        at += size
    return header["symbols"], objects


def machine() -> Any:
    """What code is made for: this processor."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )
