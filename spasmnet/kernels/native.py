"""Machine code for the kernels, without numba's start-up time.

numba takes most of a second to start. So the kernels are compiled once for this processor, the object code is kept in
a cache file, and later processes load it with llvmlite alone in milliseconds. The file is named after everything that
it depends on; cache.py says where it lies.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from spasmnet.kernels import cache
from spasmnet.kernels.objects import C_TYPES, FROM_C, MODULES, PARTS, machine, packed, unpacked

HERE = Path(__file__).parent


@functools.cache
def kernels() -> Any:
    """The compiled kernels by name: functions over addresses and numbers, which run without the interpreter's lock."""
    name = _name()
    for content in cache.read(name):
        code = unpacked(content)
        if code:
            return _link(*code)
    from spasmnet.kernels.compiling import compile_all

    code = compile_all()
    cache.write(name, packed(*code))
    return _link(*code)


def are_kept() -> bool:
    """Whether the kernels are compiled already: if not, first use takes ten or twenty seconds."""
    return cache.is_kept(_name())


def address(values: Any) -> int:
    """Where a numpy array's numbers lie; the caller keeps the array alive."""
    return int(values.__array_interface__["data"][0])


@functools.cache
def _name() -> str:
    """The name of the file for these sources, this compiler and this processor."""
    import hashlib

    import llvmlite
    import llvmlite.binding as llvm

    sha = hashlib.sha256()
    for name in ("layout", *PARTS, *MODULES, "native", "objects", "compiling"):
        sha.update((HERE / f"{name}.py").read_bytes())
    for part in (llvmlite.__version__, llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()):
        sha.update(part.encode() + b"\0")
    return f"kernels-{sys.platform}-{sha.hexdigest()[:24]}.bin"


def _link(symbols: dict[str, list[str]], objects: list[bytes]) -> Any:
    import llvmlite.binding as llvm

    for name, function in FROM_C.items():
        llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine())
    for content in objects:
        engine.add_object_file(llvm.ObjectFileRef.from_data(content))
    engine.finalize_object()
    linked: dict[str, Callable[..., int]] = {}
    addresses: dict[str, int] = {}
    slots = (ctypes.c_void_p * 2)()
    unused = ctypes.addressof(slots)  # numba's places for a result and an error, of which kernels have neither
    for name, (symbol, signature) in symbols.items():
        kinds: list[Any] = [ctypes.c_void_p if kind.endswith("*") else C_TYPES[kind] for kind in signature.split()]
        prototype = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, *kinds)
        addresses[name] = engine.get_function_address(symbol)
        linked[name] = functools.partial(prototype(addresses[name]), unused, unused)
    return SimpleNamespace(**linked, addresses=addresses, alive=(engine, slots))
