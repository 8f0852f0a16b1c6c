"""The command line: parse, call one function, print.

Results go to standard output, progress and notices to standard error. Exit code 0:
done; 1: something the user can put right, said in a line; 2: usage. A bug shows its
traceback. What is computed stands in the scenario file, the flags say how.

Each command has the file of its name; importing it adds it to `main`.
"""

from simulator.cli import (
    assure,
    calibrate,
    chances,
    check,
    compare,
    explain,
    explore,
    export,
    futures,
    hindcast,
    import_tac,
    join,
    new,
    part,
    path,
    plan,
    plot,
    population,
    report,
    requires,
    rerun,
    run,
    schema,
    show,
    sweep,
    target,
    tornado,
    uncertainty,
    verify,
    why,
    worth,
)
from simulator.cli.group import main

__all__ = [
    "assure",
    "calibrate",
    "chances",
    "check",
    "compare",
    "explain",
    "explore",
    "export",
    "futures",
    "hindcast",
    "import_tac",
    "join",
    "main",
    "new",
    "part",
    "path",
    "plan",
    "plot",
    "population",
    "report",
    "requires",
    "rerun",
    "run",
    "schema",
    "show",
    "sweep",
    "target",
    "tornado",
    "uncertainty",
    "verify",
    "why",
    "worth",
]
