"""The answer of a run file, as `run` and `show` print it."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from simulator.cli.printing import print_json, print_rich


def print_answer(
    file: str | Path, *, together: bool, full: bool, as_json: bool, ours: bool = False
) -> None:
    """Print it on one screen, in full, or for a script; `ours` needs no check."""
    from simulator.answers.headline import groups
    from simulator.runfile.untrusted import checking

    place = Path(file)
    read = groups.FULL if full or as_json else groups.BRIEF
    with nullcontext() if ours else checking(place, read):
        # Meanwhile: what answers are made with takes as long to import.
        from simulator.answers.headline import brief
        from simulator.runfile import tree

        report: Any = brief
        if full or as_json:
            from simulator.answers.headline import report
    run = tree.read(place, read, checked=not ours)
    if as_json:
        print_json(report.as_records(run, str(file), together=together))
    else:
        print_rich(report.render(run, str(file), together=together))
