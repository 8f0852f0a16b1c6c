"""Opening positions made up for tests: two trusts, and their table as text."""

from typing import Any

import pytest

from simulator.population import (
    synthetic,
)
from simulator.population.model import Population
from simulator.schema import TRUST_TYPES

EACH = pytest.mark.parametrize("name", synthetic.PACKAGED)


def small(**changes: Any) -> Population:
    """Two trusts, bent in one place per test."""
    fields: dict[str, Any] = {
        "name": "two trusts",
        "code": ("RB1", "RA1"),
        "trust_name": ("Second", "First"),
        "trust_type": ("community", "acute"),
        "system": ("north", "north"),
        "income": [150.0, 400.0],
        "cost": [149.0, 420.0],
        "opportunity": [0.12, 0.13],
        "carry_over": [0.0, 0.0113],
        "backlog": [0.0, 37.2],
        "pay_share": [0.7, 0.64],
        "reported_balance": [1.5, -12.0],
        "synthetic": ("all",),
        "about": "Made up for a test.",
    }
    return Population(**fields | changes)


def of_type(people: Population, kind: str) -> Any:
    return people.type_index == TRUST_TYPES.index(kind)


HEADER = (
    "code,name,type,system,income,cost,opportunity,carry_over,backlog,pay_share,"
    "reported_balance,synthetic"
)
FIRST = "RA1,First,acute,north,400,420,0.13,0.0113,37.2,0.64,-12,"
SECOND = "RB1,Second,community,north,150,149,0.12,0,0,0.7,1.5,income;cost"


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows, ""])
