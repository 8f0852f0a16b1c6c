"""Beliefs given the record: joint rows of values, in a table that says what made them.

A table has two parts. Lines that begin with `#` are TOML: what was held against what,
how it was done, and what was believed beforehand. Then comes one line a row, headed by
key paths; rows of one form of plans are as likely as each other.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from simulator.errors import ScenarioError, SimulatorError
from simulator.files import reading
from simulator.messages import nearest
from simulator.scenario import assumptions, tables
from simulator.scenario import toml as toml_text
from simulator.scenario.distributions import Uncertain
from simulator.scenario.model import Scenario
from simulator.scenario.values import FOLLOWS, PRIOR
from simulator.types import Floats

FORM: Final = "plan_follows"
TABLE: Final = "beliefs given a record"  # what the first line says it is
LEAST: Final = 100  # rows of a form: fewer say nothing
MOST: Final = 100_000


@dataclass(frozen=True)
class Recorded:
    """What is believed of one assumption given the record: a column of joint rows.

    Attributes
    ----------
    values
        Each as likely as the others: (row,).
    """

    values: Floats

    @property
    def is_certain(self) -> bool:
        """Say whether one number is certain."""
        return False

    def at(self, uniform: Floats) -> Floats:
        """Take the rows that numbers in (0, 1) stand for, the same of every column."""
        n = len(self.values)
        return self.values[np.minimum((uniform * n).astype(np.int64), n - 1)]

    def central(self) -> float:
        """Give the median."""
        return float(np.median(self.values))

    def bounds(self) -> tuple[float, float]:
        """Give the lowest and highest value."""
        return float(self.values.min()), float(self.values.max())

    def describe(self) -> str:
        """Say it in words."""
        low, high = np.quantile(self.values, (0.1, 0.9))
        return f"{low:.4g} to {high:.4g} in eight cases of ten, given the record"


@dataclass(frozen=True)
class Table:
    """Beliefs given a record.

    Attributes
    ----------
    name
        Of the packaged table, or its path.
    about
        What its marked lines say.
    prior
        What was believed beforehand, by key path.
    rows
        By form of plans: (row, path), in the order of `prior`.
    text
        The whole of it.
    digest
        Of that text.
    """

    name: str
    about: Mapping[str, Any]
    prior: Mapping[str, Uncertain]
    rows: Mapping[str, Floats]
    text: str
    digest: str

    @property
    def known_at(self) -> str:
        """Give the day by which all of its figures were published."""
        return str(self.about["published_by"])


@cache
def load(name: str) -> Table:
    """Read a packaged table by name, or one by its path.

    Raises
    ------
    ScenarioError
        Where there is none, or it cannot be used.
    """
    known = tables.packaged()
    path = known.get(name, Path(name))
    hint = nearest(name, (PRIOR, *known))
    return from_text(reading.text_of(path, name, ScenarioError, hint=hint), name)


def table_of(scenario: Scenario) -> Table:
    """Give the table that a scenario draws from: at hand, packaged, or read."""
    held = scenario.table
    if isinstance(held, Table) and held.name == scenario.beliefs:
        return held
    return load(scenario.beliefs)


def of(scenario: Scenario) -> Mapping[str, Recorded]:
    """Give the beliefs that the record changes in a scenario, by key path.

    Where the scenario says of a belief other than was believed before the record, the
    scenario's word holds.
    """
    if scenario.beliefs == PRIOR:
        return {}
    table = table_of(scenario)
    forms = sorted({target.plan_follows for target in scenario.targets})
    if len(forms) > 1:
        raise ScenarioError(
            "beliefs",
            f"{scenario.name} has plans that follow the {' and the '.join(forms)}, of "
            "which the record says different things",
            f"run one kind: --plans {forms[0]}",
        )
    if forms[0] not in table.rows:
        raise ScenarioError(
            "beliefs",
            f"{table.name} says nothing of plans that follow the {forms[0]}",
            f"calibrate them, or give {PRIOR}",
        )
    plain = scenario.plain()
    columns = zip(table.prior.items(), table.rows[forms[0]].T, strict=True)
    return {
        path: Recorded(values)
        for (path, prior), values in columns
        if assumptions.parse(_at(plain, path)) == prior
    }


def overruled(scenario: Scenario) -> tuple[str, ...]:
    """Name the beliefs of the table of which the scenario says something else."""
    if scenario.beliefs == PRIOR:
        return ()
    table, used = table_of(scenario), of(scenario)
    return tuple(path for path in table.prior if path not in used)


def effective(scenario: Scenario) -> float:
    """Give the number of equal beliefs that the draws of a scenario come from.

    Infinite where every draw has beliefs of its own. Rows of a table are used again and
    again, and are themselves worth fewer equal beliefs than they are.
    """
    if scenario.beliefs == PRIOR:
        return math.inf
    (form,) = {target.plan_follows for target in scenario.targets}
    return float(table_of(scenario).about[form]["effective"])


def _at(tree: Any, path: str) -> Any:
    for part in path.split("."):
        tree = tree[part]
    return tree


# --- as text --------------------------------------------------------------------------


def to_text(
    about: Mapping[str, Any],
    prior: Mapping[str, Uncertain],
    rows: Mapping[str, Floats],
) -> str:
    """Write a table; values keep four figures."""
    said: dict[str, Any] = {"table": TABLE, **about}
    said["prior"] = {path: belief.written() for path, belief in prior.items()}
    marked = [
        f"{tables.MARK}{key} = {toml_text.value(value)}\n"
        for key, value in said.items()
        if not isinstance(value, Mapping)
    ]
    for key, value in said.items():
        if isinstance(value, Mapping):
            marked.append(f"{tables.MARK}[{key}]\n")
            marked += [
                f'{tables.MARK}"{name}" = {toml_text.value(item)}\n'
                for name, item in value.items()
            ]
    lines = [",".join((FORM, *prior)) + "\n"]
    for form, values in rows.items():
        for row in values.tolist():
            lines.append(",".join((form, *(f"{x:.4g}" for x in row))) + "\n")
    return "".join((*marked, *lines))


def from_text(text: str, name: str) -> Table:
    """Read a table, or say what is wrong with it."""
    lines = text.splitlines()
    marked = tables.marked(lines)
    about = toml_text.read("\n".join(marked), name)
    if about.get("table") != TABLE:
        raise ScenarioError(
            name, f"is no table of {TABLE}", "make one: simulator calibrate"
        )
    try:
        prior = {p: assumptions.parse(raw) for p, raw in about["prior"].items()}
        rows = _rows(lines[len(marked) :], tuple(prior), name)
        str(about["published_by"]), str(about["fingerprint"])
    except SimulatorError:
        raise
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ScenarioError(name, f"is not whole: {error}", "make it again") from None
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Table(name, about, prior, rows, text, digest)


def _rows(lines: list[str], paths: tuple[str, ...], name: str) -> dict[str, Floats]:
    if not lines or lines[0].split(",") != [FORM, *paths]:
        raise ScenarioError(
            name, "its columns are not those of its prior", "make it again"
        )
    found: dict[str, list[list[float]]] = {}
    for number, line in enumerate(lines[1:], start=1):
        form, *values = line.split(",")
        row = [float(value) for value in values]
        if form not in FOLLOWS or len(row) != len(paths) or not np.isfinite(row).all():
            raise ScenarioError(f"{name}: row {number}", "is no row", "make it again")
        found.setdefault(form, []).append(row)
    for form, listed in found.items():
        if not LEAST <= len(listed) <= MOST:
            raise ScenarioError(
                name,
                f"has {len(listed):,} rows of plans that follow the {form}",
                f"give {LEAST:,} to {MOST:,}",
            )
    return {form: np.array(listed) for form, listed in found.items()}
