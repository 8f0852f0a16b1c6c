"""From a scenario, a population and random numbers to what the kernel reads."""

from simulator.drivers.draws import Drawn, central, draw, draw_from, part_of
from simulator.drivers.funding import claims, deflator_path, planned_growth
from simulator.drivers.layout import nation, plan, trusts, without_luck
from simulator.drivers.programmes import happens
from simulator.drivers.shocks import national_shocks

__all__ = [
    "Drawn",
    "central",
    "claims",
    "deflator_path",
    "draw",
    "draw_from",
    "happens",
    "nation",
    "national_shocks",
    "part_of",
    "plan",
    "planned_growth",
    "trusts",
    "without_luck",
]
