"""Ask for memory before it is needed; it changes when a number is read, never which."""

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

arrays: Any = arrayobj  # both without types
utilities: Any = cgutils
TO_WRITE, KEEP_CLOSE, DATA = 1, 3, 1  # as LLVM numbers them


def _prefetch(typing: Any, array: Any, place: Any) -> Any:
    """Bring the cache line of `array[place]`, a flat array, into the first level."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, whole = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [byte, whole, whole, whole])
        llvm = utilities.get_or_insert_function(
            builder.module, kind, "llvm.prefetch.p0"
        )
        start = arrays.make_array(array)(context, builder, args[0]).data
        where = builder.bitcast(builder.gep(start, [args[1]]), byte)
        hints = [ir.Constant(whole, hint) for hint in (TO_WRITE, KEEP_CLOSE, DATA)]
        builder.call(llvm, [where, *hints])
        return context.get_dummy_value()

    return types.void(array, place), generate


prefetch = cast(Callable[[Any, int], None], intrinsic(_prefetch))
