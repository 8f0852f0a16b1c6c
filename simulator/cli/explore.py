"""The command that serves a page to explore a scenario: explore."""

import sys
import webbrowser
from threading import Thread

import click

from simulator.cli.flags import as_json, settings
from simulator.cli.group import main
from simulator.cli.printing import print_json, print_text
from simulator.cli.starting import simulates
from simulator.cli.streams import is_terminal


@main.command()
@click.argument("scenario", default="long-term-plan")
@settings
@click.option("--port", type=int, default=0, help="Default: one that is free.")
@click.option("--seed", type=int, help="Of the random numbers; default: 2019.")
@click.option("--threads", type=int, help="Default: one a processor. Moves no number.")
@click.option("--no-browser", is_flag=True, help="Open no browser.")
@as_json
@simulates
def explore(
    scenario: str,
    settings: tuple[str, ...],
    port: int,
    seed: int | None,
    threads: int | None,
    no_browser: bool,
    as_json: bool,
) -> None:
    """Change a scenario on a page of this machine, and watch the answer.

    SCENARIO is the name of a packaged scenario or the path of a file. The page is
    served to this user of this machine alone, until Ctrl-C.
    """
    from simulator.explore import library
    from simulator.explore.explorer import Explorer
    from simulator.explore.server import Served
    from simulator.running import runs

    library.check()
    chosen = runs.SEED if seed is None else seed
    served = Served(Explorer(scenario, settings, seed=chosen, threads=threads), port)
    address = f"{served.keys.origin}/"

    def opened() -> None:
        if as_json:
            code = served.keys.code
            print_json({"address": address, "code": code, "file": str(served.door)})
        else:
            print_text(f"{address}  code, good once: {served.keys.code}")
            print_text(f"Or open {served.door}. Ctrl-C stops.")
        sys.stdout.flush()
        if not no_browser and is_terminal(sys.stdout):
            # In a thread: a browser in the terminal would keep the server waiting.
            page = served.door.as_uri()
            Thread(target=webbrowser.open, args=(page,), daemon=True).start()

    served.run(opened)
    if not as_json:
        print_text("Stopped.")
