"""The command that all others stand under, and what becomes of an error."""

import atexit
import gc
from typing import Any

import click

from simulator.errors import SimulatorError


class Main(click.Group):
    """The commands; what the user can put right is said in a line, code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except SimulatorError as error:
            click.echo(str(error), err=True)
            ctx.exit(1)


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nhs-efficiency-simulator")
def main() -> None:
    """Estimate how likely NHS trusts in England are to achieve a savings target.

    Start with: simulator run long-term-plan
    """
    # Python would look for rubbish at every 700 new objects, and at the end through all
    # that the libraries made: half a second of imports and compiling, and 0.4 s just
    # before the memory is given back whole.
    gc.set_threshold(1_000_000)
    atexit.register(gc.freeze)
