"""The C peer: compiled for this machine, fed with the kernel's own arrays.

It must give the same counts, histograms and sums as the kernel, to the bit.
"""

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import ours
from benchmarks.case import Case
from benchmarks.ours import Counted
from benchmarks.outcome import Outcome
from simulator import drivers
from simulator.engine import tallies
from simulator.kernel import workspace
from simulator.kernel.records import Belief
from simulator.kernel.tables import Nation, Tally
from simulator.outcomes import OUTCOMES, ROW
from simulator.schema import TRUST_TYPES

SOURCES = Path(__file__).parent / "c"
COMPILER = "gcc"
# No contraction and no reordering: the bits are part of the comparison. The last four
# code of square roots, selects, least and largest, and move no bit but the sign of 0.
FLAGS = (
    "-O3",
    "-march=native",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffinite-math-only",
    "-fno-signed-zeros",
)
TRUSTS = (
    "address",
    "kind",
    "first",
    "pay_share",
    "income",
    "cost",
    "opportunity",
    "carry_over",
    "backlog",
    "other_weight",
)
PLAN = (
    "rate",
    "deficit_addon",
    "follows_tariff",
    "own",
    "price",
    "cost_uplift",
    "settled",
    "support",
    "need_limit",
    "access",
    "one_offs",
    "limits",
    "spread",
    "where",
)
NATION = ("belief", "year", "demand", "pressure", "kind_year", "new_opportunity")
GROUPS = ("trust", "kind", "system")
COUNTS = (*GROUPS, "sector", "share", "guarded")
OPENINGS = ("opening_cost", "opening_other")
SPREADS = tuple(f"{group}_spread" for group in GROUPS)
TYPES = {"address": "u4", "follows_tariff": "u1", "settled": "u1"}
TYPES |= dict.fromkeys(("where", "kind", "first", "own"), "i8")

Pointer = ctypes.c_void_p


def _structure(name: str, fields: list[tuple[str, Any]]) -> type[ctypes.Structure]:
    return type(name, (ctypes.Structure,), {"_fields_": fields})


_SIZES = ("n_trust", "n_system", "n_target", "n_kind", "n_year")
_CASE = _structure(
    "Case",
    [(name, ctypes.c_int64) for name in _SIZES]
    + [(f"trusts_{name}", Pointer) for name in TRUSTS]
    + [(f"plan_{name}", Pointer) for name in PLAN]
    + [(f"nation_{name}", Pointer) for name in NATION]
    + [(f"ranges_{name}", Pointer) for name in GROUPS]
    + [("yearly", Pointer), ("achieved", Pointer)]
    + [("seed", ctypes.c_uint64), ("draws", ctypes.c_int64)],
)
_TALLY = _structure("Tally", [(name, Pointer) for name in (*COUNTS, *SPREADS)])


class Fed(NamedTuple):
    """What the C function reads and writes, and the arrays it points at."""

    job: Any
    yearly: np.ndarray[Any, Any]
    achieved: np.ndarray[Any, Any]
    held: list[np.ndarray[Any, Any]]


def missing() -> str | None:
    """Say why the peer cannot be measured."""
    return None if shutil.which(COMPILER) else f"no {COMPILER} on this machine"


def version() -> str:
    """Name the compiler and its flags."""
    said = subprocess.run([COMPILER, "--version"], capture_output=True, text=True)
    return f"{said.stdout.splitlines()[0]}, {' '.join(FLAGS)}"


def rows() -> str:
    """Write the header of what the kernel's arrays have where."""
    numbers = {
        "LANES": workspace.LANES,
        "BLOCK": workspace.BLOCK,
        "BINS": workspace.BINS,
    }
    numbers |= {
        "N_SPREAD": len(workspace.SPREAD),
        "N_GROUP_RESULTS": len(workspace.GROUP_RESULTS),
        "N_BELIEFS": workspace.N_BELIEFS,
        "N_NATION": workspace.N_NATION,
        "N_KIND_YEAR": workspace.N_KIND_YEAR,
        "N_PRICES": workspace.N_PRICES,
        "N_OUTCOMES": len(OUTCOMES),
    }
    numbers |= {
        f"{prefix}_{name.upper()}": getattr(workspace, name.upper()) // workspace.LANES
        for prefix, names in (
            ("BELIEF", (*Belief._fields, "opportunity_scale", *OPENINGS)),
            ("NATION", ("pay", "nonpay", "delivery_log")),
            ("PRICES", ("mean_price", "per_price")),
            ("KIND", ("growth", "passed_on", "paid_pressure", "upfront")),
        )
        for name in names
    }
    numbers |= {f"OUTCOME_{name.upper()}": row for name, row in ROW.items()}
    return "".join(f"#define {name} {number}\n" for name, number in numbers.items())


@cache
def library() -> ctypes.CDLL:
    """Compile the peer into a folder that is removed again."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "rows.h").write_text(rows(), encoding="utf-8")
        built = Path(folder, "peer.so")
        include = [f"-I{folder}", f"-I{SOURCES}"]
        command = [COMPILER, "-std=gnu11", *FLAGS, "-shared", "-fPIC", *include]
        source = str(SOURCES / "peer.c")
        subprocess.run([*command, source, "-o", str(built), "-lm"], check=True)
        return ctypes.CDLL(str(built))


def feed(case: Case, nation: Nation, draws: int) -> Fed:
    """Point the C function at the kernel's arrays."""
    n_target, n_year = case.plan.rate.shape
    n_kind = len(TRUST_TYPES)
    n_trust, n_system = len(case.trusts.income), len(case.trusts.first) - 1
    held: list[np.ndarray[Any, Any]] = []

    def pointer(array: np.ndarray[Any, Any], kind: str) -> int:
        held.append(np.ascontiguousarray(array, dtype=kind))
        return held[-1].ctypes.data

    yearly = np.empty((len(workspace.GROUP_RESULTS), n_target, n_year, draws))
    achieved = np.empty((n_target, len(OUTCOMES), draws), np.int8)
    job = _CASE(
        n_trust=n_trust,
        n_system=n_system,
        n_target=n_target,
        n_kind=n_kind,
        n_year=n_year,
        yearly=yearly.ctypes.data,
        achieved=achieved.ctypes.data,
        seed=case.job.seed,
        draws=draws,
    )
    for prefix, source, names in (
        ("trusts", case.trusts, TRUSTS),
        ("plan", case.plan, PLAN),
        ("nation", nation, NATION),
        ("ranges", case.job.ranges, GROUPS),
    ):
        for name in names:
            kind = TYPES.get(name, "f8") if prefix in ("trusts", "plan") else "f8"
            place = pointer(getattr(source, name), kind)
            setattr(job, f"{prefix}_{name}", place)
    return Fed(job, yearly, achieved, held)


def simulate(case: Case, fed: Fed, threads: int) -> Counted:
    """Run the C function: kernel and counts."""
    found = [empty_tally(case) for _ in range(threads)]
    given = (_TALLY * threads)(
        *(
            _TALLY(**{name: counts.ctypes.data for name, counts in t._asdict().items()})
            for t in found
        )
    )
    if library().simulate(ctypes.byref(fed.job), given, ctypes.c_int(threads)):
        raise ValueError("the case is larger than the C peer has room for")
    for other in found[1:]:
        tallies.add_tally(found[0], other)
    return Counted(found[0], fed.yearly, fed.achieved)


def empty_tally(case: Case) -> Tally:
    """Make a tally of nothing, each array of the type that the C code writes."""
    tally = tallies.empty_tally(case.trusts, case.plan, case.job.ranges)
    kinds = dict.fromkeys(COUNTS, np.int64) | dict.fromkeys(SPREADS, np.uint32)
    return Tally(**{name: getattr(tally, name).astype(kinds[name]) for name in kinds})


def count(case: Case, draws: int, threads: int) -> Counted:
    """Draw what all share, as the simulator does, then simulate in C."""
    nation = drivers.nation(drivers.draw(case.scenario, case.job.seed, 0, draws))
    return simulate(case, feed(case, nation, draws), threads)


def run(case: Case, draws: int, threads: int) -> Outcome:
    """Simulate and reduce."""
    return ours.outcome(case, count(case, draws, threads))


def differences(case: Case, draws: int, threads: int = 1) -> list[str]:
    """List what the C peer and the kernel do not agree on to the bit."""
    mine, theirs = ours.count(case, draws, 1), count(case, draws, threads)
    pairs = {
        f"tally.{name}": (getattr(mine.tally, name), getattr(theirs.tally, name))
        for name in Tally._fields
    }
    pairs["sector"] = mine.yearly, theirs.yearly
    pairs["sector achieved"] = mine.achieved, theirs.achieved
    return [
        f"{name}: {np.count_nonzero(ours_ != c)} of {c.size} differ"
        for name, (ours_, c) in pairs.items()
        if not np.array_equal(ours_, c)
    ]
