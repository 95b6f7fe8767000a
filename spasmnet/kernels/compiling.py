"""Compiling the kernels with numba: some twenty seconds of work, shared out among processes.

numba holds the interpreter's lock, so threads would not help. The processes are isolated: they import the standard
library, what is installed beside it, and these very sources; neither the working folder nor the environment has a say
in what is compiled. A process that cannot be started, or fails, is no harm: its share is compiled here.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from spasmnet.kernels.objects import FROM_C, MODULES, Code, machine, unpacked

WRAPPER = "cfunc."  # how numba names the C wrapper of a function
SECONDS = {"pass_beliefs_down": 5.0, "eliminate_upwards": 4.0, "contract_back": 2.0, "one_way": 1.0}
MOST_PROCESSES = 4
PROGRAM = """
import sys, types
package = types.ModuleType("spasmnet")  # these sources, whatever else of this name is installed
package.__path__ = [{here!r}]
sys.modules["spasmnet"] = package
sys.path += {places!r}
from spasmnet.kernels.compiling import compile_share
from spasmnet.kernels.objects import packed
sys.stdout.buffer.write(packed(*compile_share(*{share!r})))
"""


def compile_all(names: Sequence[str] = ()) -> Code:
    """All kernels, or some."""
    count = min(_processors(), MOST_PROCESSES)
    processes = [_start(number, count, names) for number in range(count)]
    try:
        parts = [_finished(process) or compile_share(i, count, names) for i, process in enumerate(processes)]
    finally:
        for process in processes:
            if process is not None:
                process.kill()  # of no use any more if this was interrupted
    return {k: v for symbols, _ in parts for k, v in symbols.items()}, [o for _, objects in parts for o in objects]


def compile_share(number: int, count: int, names: Sequence[str] = ()) -> Code:
    """Share `number` of `count` of all kernels, or of some."""
    return compile_some(_shares(names or _signatures(), count)[number])


def compile_some(names: Iterable[str]) -> Code:
    """Some kernels, in this process."""
    import llvmlite.binding as llvm
    import numba
    from numba import types

    numbers: dict[str, Any] = {
        "i1": types.int8,
        "i2": types.int16,
        "i4": types.int32,
        "i8": types.int64,
        "f8": types.float64,
    }
    processor, signatures = machine(), _signatures()
    symbols, objects = {}, []
    for name in names:
        function, signature = signatures[name]
        kinds = signature.split()
        pointer: Any = types.CPointer
        args = [pointer(numbers[k[:-1]]) if k.endswith("*") else numbers[k] for k in kinds]
        c_function = numba.cfunc(types.void(*args), error_model="numpy")(function)
        module = _alone(llvm.parse_assembly(c_function.inspect_llvm()), c_function.native_name, name, processor)
        needed = {f.name for f in module.functions if f.is_declaration and not f.name.startswith("llvm.")}
        if needed - set(FROM_C):  # it would link to nothing and crash when called
            raise RuntimeError(f"kernel {name} needs {', '.join(sorted(needed - set(FROM_C)))}")
        objects.append(processor.emit_object(module))
        symbols[name] = [name, signature]
    return symbols, objects


def _alone(module: Any, wrapper: str, name: str, machine: Any) -> Any:
    """Keep one function under a name of its own, and what it calls for itself alone.

    numba's names count the functions of a process, so those of two processes would be taken for one another. numba's C
    wrapper is dropped: its error handling needs numba's run-time; the function behind it needs nothing.
    """
    import llvmlite.binding as llvm

    for function in module.functions:
        if not function.is_declaration:
            function.linkage = "internal"
    kernel = module.get_function(wrapper.removeprefix(WRAPPER))
    kernel.linkage = "external"
    kernel.name = name
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    return module


def _signatures() -> dict[str, tuple[Callable[..., None], str]]:
    """Every kernel and its signature, by its name."""
    modules = [importlib.import_module(f"spasmnet.kernels.{name}") for name in MODULES]
    return {f.__name__: (f, signature) for module in modules for f, signature in module.SIGNATURES.items()}


def _shares(names: Iterable[str], count: int) -> list[list[str]]:
    """The kernels, shared out so that all processes take about as long: the longest first, to who has least."""
    shares: list[list[str]] = [[] for _ in range(count)]
    for name in sorted(names, key=lambda name: -_seconds([name])):
        min(shares, key=_seconds).append(name)
    return shares


def _seconds(names: Iterable[str]) -> float:
    return sum(SECONDS.get(name, 0.4) for name in names)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _start(number: int, count: int, names: Sequence[str] = ()) -> subprocess.Popen[bytes] | None:
    """A process that compiles a share from these sources; None where no Python can be started."""
    if not Path(sys.executable or "").name.lower().startswith("python"):  # an application with Python inside
        return None
    here = str(Path(__file__).absolute().parent.parent)
    program = PROGRAM.format(here=here, places=_places(), share=(number, count, list(names)))
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-c", program],
            cwd=sys.prefix,  # numba reads settings from the working folder
            env={key: value for key, value in os.environ.items() if not key.startswith(("NUMBA_", "PYTHON"))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:
        return None


def _places() -> list[str]:
    """The folders of numba and what it needs, which may be installed where an isolated Python does not look."""
    specs = (importlib.util.find_spec(name) for name in ("numba", "llvmlite", "numpy"))
    roots = [str(Path(spec.origin).absolute().parent.parent) for spec in specs if spec and spec.origin]
    return list(dict.fromkeys(roots))


def _finished(process: subprocess.Popen[bytes] | None) -> Code | None:
    """What a process has compiled; None if it failed."""
    return unpacked(process.communicate()[0]) if process else None
