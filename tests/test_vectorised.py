"""The kernel's inner loops are vector code; an edit that stops it is noticed here.

Nothing fails when a loop falls back to one number at a time: it only takes several
times as long. So each loop is compiled once more and its machine code is read.
"""

import math
import os
import platform
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple

import llvmlite.binding
import numba
import numpy as np
import pytest

from simulator.kernel import (
    groups,
    histograms,
    normal,
    one_year,
    philox,
    shocks,
    workspace,
)
from simulator.kernel.records import Rules, Terms
from simulator.kernel.workspace import LANES

ARITHMETIC = r"add|sub|mul|div|sqrt|max|min|fn?m(?:add|sub)\d*"
PACKED = re.compile(rf"^\s+(v(?:(?:{ARITHMETIC})pd|pmuludq))\s.*%[yz]mm", re.M)
SCALAR = re.compile(rf"^\s+(v(?:{ARITHMETIC})sd)\s", re.M)
LIBRARY = re.compile(r"\b(exp|exp2|expm1|log|log2|log10|log1p|pow|sqrt|fma)\b")


def why_not() -> str:
    """Why the machine code of this machine cannot be judged; empty if it can."""
    if numba.config.DISABLE_JIT:
        return "nothing is compiled"
    if os.environ.get("NUMBA_CPU_NAME") or os.environ.get("NUMBA_CPU_FEATURES"):
        return "code for another processor was asked for"
    if os.environ.get("NUMBA_OPT", "3") not in {"3", "max"}:
        return "less than full optimisation was asked for"
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        return f"reads x86-64 machine code; this is {platform.machine()}"
    features = llvmlite.binding.get_host_cpu_features()
    if not (features.get("avx2") and features.get("fma")):
        return "reads AVX2 machine code, which this processor does not have"
    return ""


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


class Operations(NamedTuple):
    """Arithmetic instructions of a function, and what it calls of the maths library."""

    packed: Counter[str]
    scalar: Counter[str]
    called: set[str]

    def lacks(self, needed: tuple[str, ...]) -> str:
        """Say what keeps this from being a vector loop; empty if it is one.

        A vector loop may keep a scalar twin, for arrays that overlap or for what is
        left over. A scalar loop may have a few packed instructions, where neighbours
        were put together. Each packed one does the work of four.
        """
        for start in needed:
            if not any(name.startswith(start) for name in self.packed):
                return f"no packed {start}"
        if self.called:
            return f"calls {sorted(self.called)}"
        packed, scalar = self.packed.total(), self.scalar.total()
        if 4 * packed < scalar:
            return f"{packed} packed and {scalar} scalar instructions"
        return ""


def operations(
    function: Callable[..., Any], arguments: tuple[Any, ...], **changes: Any
) -> Operations:
    """Compile a kernel function anew, with its own options, and read its code.

    Compiled code that comes out of the cache cannot be read.
    """
    options = {**getattr(function, "targetoptions", {"nogil": True}), **changes}
    options.pop("nopython", None)
    twin = numba.njit(**options)(getattr(function, "py_func", function))
    twin(*arguments)
    (assembly,) = twin.inspect_asm().values()
    return Operations(
        Counter(PACKED.findall(assembly)),
        Counter(SCALAR.findall(assembly)),
        set(LIBRARY.findall(assembly)),
    )


def rows(n: int) -> np.ndarray:
    return np.zeros(n * LANES)


TERMS = Terms(0.01, 0.005, True, 0.03, 0.04, True, 1.0, 1.0, 100.0)
RULES = Rules((0.3, 0.2, 0.1), (0.0,) * 4, (0.0,) * 4, (0.0,) * 4, *(0.1,) * 6)
WORKSPACE = np.zeros(workspace.WORKSPACE)
WORDS = np.zeros((4, LANES), np.uint64)
SUMS = rows(workspace.N_SUMS), rows(workspace.N_SUMS)  # of a system and of a type
# A trust's drivers, the size of its plans, its type's year and new opportunity.
BROUGHT = rows(workspace.N_DRIVERS), rows(1), rows(workspace.N_KIND_YEAR), rows(3)
PRICES = rows(workspace.N_PRICES)
FILL_WORDS = (5, 0, np.uint32(7), 7, WORDS)

LOOPS = {
    "begin_year": (
        one_year.begin_year,
        (TERMS, RULES, PRICES, *BROUGHT, WORKSPACE, *SUMS),
        ("vmulpd", "vaddpd", "vdivpd", "vmaxpd", "vminpd"),
    ),
    "plan_year": (
        one_year.plan_year,
        (TERMS, RULES, *BROUGHT, WORKSPACE, *SUMS),
        ("vmulpd", "vaddpd", "vdivpd", "vsqrtpd", "vmaxpd", "vminpd"),
    ),
    "save_year": (
        one_year.save_year,
        (RULES, *BROUGHT, WORKSPACE, *SUMS),
        ("vmulpd", "vaddpd", "vdivpd", "vsqrtpd", "vmaxpd"),
    ),
    "close_year": (
        one_year.close_year,
        (TERMS, RULES, WORKSPACE, *SUMS),
        ("vmulpd", "vaddpd", "vdivpd", "vmaxpd", "vminpd"),
    ),
    "draw_year": (
        one_year.draw_year,
        (RULES, WORKSPACE, *SUMS),
        ("vmulpd", "vaddpd", "vmaxpd", "vminpd"),
    ),
    "combine_drivers": (
        shocks.combine_drivers,
        (
            0.1,
            np.ones(6),
            *map(rows, (workspace.N_NATION, 1, 1, 3, 3, workspace.N_DRIVERS)),
        ),
        ("vmulpd", "vaddpd", "vfmadd"),
    ),
    "fill_words": (philox.fill_words, FILL_WORDS, ("vpmuludq",)),
    "fill_normals": (
        normal.fill_normals,
        (WORDS[0], rows(1)),
        ("vmulpd", "vdivpd", "vsqrtpd", "vfmadd"),
    ),
    "add_rows": (
        groups.add_rows,
        SUMS,
        ("vaddpd",),
    ),
    "bin_row": (
        histograms.bin_row,
        (rows(1), np.ones(2), np.zeros(LANES, np.uint8)),
        ("vsubpd", "vmulpd", "vmaxpd", "vminpd"),
    ),
}


@pytest.mark.parametrize("name", LOOPS)
def test_an_inner_loop_is_vector_code(name: str) -> None:
    function, arguments, needed = LOOPS[name]
    assert operations(function, arguments).lacks(needed) == ""


# The guard can fail: each of these is an edit that somebody might make.


def divide(above: np.ndarray, below: np.ndarray) -> None:
    for d in range(LANES):
        above[d] /= below[d]


@pytest.mark.parametrize(("model", "is_vector"), [("numpy", True), ("python", False)])
def test_python_division_would_be_noticed(model: str, is_vector: bool) -> None:
    found = operations(divide, (rows(1), np.ones(LANES)), error_model=model)
    assert (found.lacks(("vdivpd",)) == "") == is_vector


def libm_delivery(sd: float, z: np.ndarray, out: np.ndarray) -> None:
    """Like a part of `combine_drivers`, but with the library's exponential."""
    for d in range(LANES):
        out[d] = math.exp(sd * z[d] + sd * z[LANES + d])


def test_a_function_of_the_maths_library_would_be_noticed() -> None:
    found = operations(libm_delivery, (0.1, rows(2), rows(1)), error_model="numpy")
    assert found.lacks(("vmulpd", "vaddpd")) != ""


def sum_up(rows: np.ndarray, group: np.ndarray) -> None:
    """Like `add_rows`, but each number waits for the one before."""
    for j in range(1, group.shape[0]):
        group[j] = group[j - 1] * 0.5 + rows[j]


def test_a_number_that_waits_for_the_one_before_would_be_noticed() -> None:
    _, arguments, needed = LOOPS["add_rows"]
    assert operations(sum_up, arguments).lacks(needed) != ""


def chained_words(
    seed: int, first_draw: int, who: int, where: int, words: np.ndarray
) -> None:
    """Like `fill_words`, but a generator with a state instead of an address."""
    state = np.uint64(seed)
    for d in range(words.shape[1]):
        low = state & philox.LOW
        words[0, d] = (philox.MULTIPLIER_0 * low) >> philox.SHIFT
        state = philox.MULTIPLIER_1 * low + np.uint64(where)


def test_a_generator_with_a_state_would_be_noticed() -> None:
    assert operations(chained_words, FILL_WORDS).lacks(("vpmuludq",)) != ""


def test_a_call_that_is_not_inlined_would_be_noticed() -> None:
    @numba.njit(error_model="numpy")
    def halved(value: float) -> float:
        return value * 0.5 if value > 0.0 else halved(value + 1.0)

    def fill(values: np.ndarray, edges: np.ndarray, bins: np.ndarray) -> None:
        for d in range(LANES):
            bins[d] = np.uint8(halved((values[d] - edges[0]) * edges[1]))

    _, arguments, needed = LOOPS["bin_row"]
    arguments = (np.ones(LANES), *arguments[1:])
    assert operations(fill, arguments, error_model="numpy").lacks(needed) != ""
