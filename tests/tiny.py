"""A population and a scenario so small that a run takes milliseconds."""

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import builders
import numpy as np

from simulator.engine import blocks
from simulator.engine.job import Job
from simulator.engine.shards import Shard
from simulator.kernel.tables import Tally
from simulator.kernel.workspace import KEPT
from simulator.population import table as population_csv
from simulator.population.model import Population
from simulator.running import prepare
from simulator.scenario.load import Loaded, scenario_from_tables
from simulator.scenario.write import resolved_toml

# Eight trusts of all five types in three systems; half of them open in deficit.
POPULATION = """\
code,name,type,system,income,cost,opportunity,carry_over,backlog,pay_share,\
reported_balance,synthetic
NA1,North Acute,acute,north,520.0,548.0,0.12,0.012,61.0,0.64,-21.5,all
NC1,North Community,community,north,96.0,95.0,0.13,0.004,2.0,0.72,1.1,all
NM1,North Mind,mental_health,north,188.0,187.0,0.125,0.006,9.5,0.74,0.9,all
SA1,South Acute,acute,south,610.0,622.0,0.14,0.01,45.0,0.63,-4.0,all
SS1,South Heart,specialist,south,240.0,236.0,0.11,0.003,12.0,0.58,4.5,all
SM1,South Mind,mental_health,south,150.0,154.0,0.118,0.008,6.0,0.75,-2.25,all
WA1,West Acute,acute,west,333.0,341.0,0.127,0.009,27.5,0.66,-6.5,all
WB1,West Ambulance,ambulance,west,210.0,211.0,0.1,0.005,4.0,0.7,0.2,all
"""
NO_SHOCKS = {
    "prices": {"trust_drift_sd": 0.0, "trust_sd": 0.0},
    "demand": {"type_sd": 0.0, "trust_sd": 0.0},
    "delivery": {
        "national_sd": 0.0,
        "persistent_sd": 0.0,
        "year_sd": 0.0,
        "plan_sd": 0.0,
    },
}
SERIES = {
    "prices": ("pay_shock", "nonpay_shock", "pressure_shock"),
    "demand": ("national_shock",),
}

# Without conditions, programmes, luck, a gap in plans and a limit to them.
FEW_CAUSES = (
    "delivery.gap_closed=0",
    "delivery.plan_limit=1",
    "delivery.plan_sharpness=1",
    "delivery.ask_max=1",
    "conditions.workforce=1",
    "programmes.rosters.enabled=false",
    "delivery.national_sd=0",
    "delivery.persistent_sd=0",
    "delivery.year_sd=0",
)


def people(text: str = POPULATION) -> Population:
    """The eight trusts, or those of another table."""
    return population_csv.from_csv_text(text, "tiny.csv")


def without(*codes: str) -> str:
    """The table without some trusts."""
    lines = POPULATION.splitlines(keepends=True)
    return "".join(line for line in lines if line.split(",")[0] not in codes)


def tables() -> dict[str, Any]:
    """The minimal scenario with targets whose rates are given: fresh at each call.

    A fund has a whole of its own, so that shares do not depend on the population.
    """
    found = builders.minimal_tables()
    found["population"] = "tiny.csv"
    found["funding"]["support"] = {
        "recovery": {
            "amount": [20.0, 12.0, 0.0],
            "allocated_by": "opening_deficit",
            "shared_over": 50.0,
        },
        "sustainability": {
            "amount": 25.0,
            "allocated_by": "income",
            "shared_over": 2500.0,
        },
    }
    found["targets"] = [
        {
            "name": "one-point-one",
            "rate": 0.011,
            "basis": "cash_releasing",
            "plan_follows": "tariff",
            "deficit_addon": [0.005, 0.005, 0.0],
            "source": "made up",
        },
        {
            "name": "stepped",
            "path": [0.01, 0.02, 0.03],
            "basis": "reported",
            "source": "made up",
        },
        {"name": "four", "rate": 0.04, "basis": "recurrent", "source": "made up"},
    ]
    return found


def balancing(year: int = 2021, underlying: float = 0.0) -> dict[str, Any]:
    """A target whose rate is solved for."""
    return {
        "name": "what-closes-the-gap",
        "balancing_item": {"year": year, "underlying": underlying},
        "basis": "cash_releasing",
        "plan_follows": "tariff",
        "source": "made up",
    }


def sure_tables() -> dict[str, Any]:
    """The scenario with nothing uncertain and without any shock."""
    found = certain(tables())
    for section, spreads in NO_SHOCKS.items():
        found[section] |= spreads
    for section, names in SERIES.items():
        for name in names:
            found[section][name] = {"sd": 0.0, "persistence": 0.0}
    found["programmes"]["rosters"]["probability"] = 1.0
    return found


def certain(node: Any) -> Any:
    """Put the middle of its range, or its mode, for every uncertain value."""
    if isinstance(node, list):
        return [certain(part) for part in node]
    if not isinstance(node, dict):
        return node
    if "triangular" in node:
        return node["triangular"][1]
    if "normal" in node:
        return node["normal"][0]
    for kind in ("interval", "uniform"):
        if kind in node:
            return sum(node[kind]) / 2.0
    return {key: certain(part) for key, part in node.items()}


def loaded(given: dict[str, Any] | None = None, *settings: str) -> Loaded:
    """Load tables of a scenario, by default the tiny one."""
    return scenario_from_tables([given or tables()], settings)


def job(
    given: dict[str, Any] | None = None,
    *settings: str,
    seed: int = 7,
    text: str = POPULATION,
) -> Job:
    """Prepare a run of the tiny scenario on the tiny population."""
    return prepare.prepare(loaded(given, *settings).scenario, people(text), seed)


class Part(NamedTuple):
    """A shard, and the trajectories that were kept of its draws."""

    shard: Shard
    trajectories: np.ndarray  # (kept result, target, year, trust, draw)


def simulate(work: Job, draws: int, **how: Any) -> tuple[list[Part], Tally]:
    """Simulate: the shards in order, and the tally."""
    parts, kept = [], [_no_trajectories(work)]

    def add(shard: Shard) -> None:
        parts.append(Part(shard, np.concatenate(kept, axis=-1)))
        del kept[1:]

    tally = blocks.simulate(
        work,
        draws,
        on_shard=add,
        on_kept=lambda made: kept.append(made.values.swapaxes(2, 4)),
        **how,
    )
    return parts, tally


def _no_trajectories(work: Job) -> np.ndarray:
    shape = len(KEPT), *work.plan.rate.shape, len(work.population.code), 0
    return np.empty(shape, np.float32)


def per_draw(shards: list[Part]) -> dict[str, np.ndarray]:
    """Everything that is kept of every draw, by name; draws on the last axis."""
    parts = [dict(_of_shard(shard)) for shard in shards]
    return {
        name: np.concatenate([part[name] for part in parts], axis=-1)
        for name in parts[0]
    }


def _of_shard(part: Part) -> list[tuple[str, np.ndarray]]:
    shard, drawn = part.shard, part.shard.drawn
    found = [(name, getattr(shard, name)) for name in ("sector", "achieved")]
    found.append(("trajectories", part.trajectories))
    for field in fields(drawn):
        value = getattr(drawn, field.name)
        if isinstance(value, dict):
            found += [(f"assumptions.{key}", value[key]) for key in sorted(value)]
        else:
            found.append((field.name, value))
    return found


def digest(shards: list[Part], tally: Tally) -> str:
    """SHA-256 over every array of a run: names, shapes, types and bytes."""
    whole = hashlib.sha256()
    for name, values in [*sorted(per_draw(shards).items()), *tally._asdict().items()]:
        whole.update(f"{name} {values.dtype.str} {values.shape}\n".encode())
        whole.update(np.ascontiguousarray(values).tobytes())
    return whole.hexdigest()


def write(folder: Path, given: dict[str, Any] | None = None) -> Path:
    """Write the tiny scenario and its population as files."""
    (folder / "tiny.csv").write_text(POPULATION, encoding="utf-8")
    place = folder / "tiny.toml"
    place.write_text(resolved_toml(loaded(given)), encoding="utf-8")
    return place
