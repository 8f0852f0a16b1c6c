"""The answer of a run file, as `run` and `show` print it."""

from pathlib import Path

from simulator.cli.printing import print_json, print_rich


def print_answer(
    file: str | Path, *, together: bool, full: bool, as_json: bool, ours: bool = False
) -> None:
    """Print it on one screen, in full, or for a script; `ours` needs no check."""
    from simulator.runfile import store

    if not (full or as_json):
        from simulator.answers.headline import brief

        tree = store.open_run(file, brief.GROUPS, trusted=ours)
        print_rich(brief.render(tree, str(file), together=together))
        return
    from simulator.answers.headline import report
    from simulator.answers.headline.delivered import GROUPS

    tree = store.open_run(file, GROUPS, trusted=ours)
    if as_json:
        print_json(report.as_records(tree, str(file), together=together))
    else:
        print_rich(report.render(tree, str(file), together=together))
