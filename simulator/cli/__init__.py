"""The command line: parse, call one function, print.

Results go to standard output, progress and notices to standard error. Exit code 0:
done; 1: something the user can put right, said in a line; 2: usage. A bug shows its
traceback. What is computed stands in the scenario file, the flags say how.

Each file holds the commands of one kind; importing it adds them to `main`.
"""

from simulator.cli import (
    calibrating,
    causes,
    comparing,
    explaining,
    exporting,
    pathing,
    planning,
    populations,
    running,
    scenarios,
    targeting,
    uncertainty,
    verifying,
)
from simulator.cli.group import main

__all__ = [
    "calibrating",
    "causes",
    "comparing",
    "explaining",
    "exporting",
    "main",
    "pathing",
    "planning",
    "populations",
    "running",
    "scenarios",
    "targeting",
    "uncertainty",
    "verifying",
]
