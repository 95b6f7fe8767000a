"""Reading memory by its address, and sets of numbers as bits in words of 64."""

from __future__ import annotations

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

inlined = njit(error_model="numpy", inline="always")  # a call would bring numba's run-time with it


def _pointer_to(kind):
    @intrinsic
    def at(typingctx, address):
        signature = types.CPointer(kind)(types.int64)

        def codegen(context, builder, signature, args):
            return builder.inttoptr(args[0], context.get_value_type(signature.return_type))

        return signature, codegen

    return at


floats_at, longs_at, shorts_at = (_pointer_to(kind) for kind in (types.float64, types.int64, types.int16))


@intrinsic
def lowest_bit(typingctx, word):
    """The number of the lowest bit that is set."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), codegen


@intrinsic
def call_stage(typingctx, address, plan, post, result):
    """Call another kernel by its address: compiled apart, the two take a tenth of the time to compile."""

    def codegen(context, builder, signature, args):
        place = ir.IntType(8).as_pointer()
        unused = [cgutils.alloca_once(builder, place) for _ in range(2)]  # for a result and an error: it has neither
        arguments = [*unused, *args[1:]]
        kind = ir.FunctionType(ir.IntType(32), [argument.type for argument in arguments])
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), arguments)
        return context.get_dummy_value()

    return types.void(types.int64, plan, post, result), codegen


@inlined
def has(sets, begin, r):
    """1 if r is in the set that begins at `sets[begin]`, else 0."""
    return (sets[begin + (r >> 6)] >> (r & 63)) & 1
