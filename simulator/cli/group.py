"""The command that all others stand under, and what becomes of an error."""

import atexit
import gc
from typing import Any

import click

from simulator.cli import streams
from simulator.cli.ending import interrupts_heard, reporting_errors


class Command(click.Command):
    """A command whose help may go to any output."""

    def make_context(self, *args: Any, **how: Any) -> click.Context:
        """Read the command line; --help is printed here."""
        with streams.writing():
            return super().make_context(*args, **how)


class Main(click.Group):
    """The commands; what the user can put right is said in a line, code 1."""

    command_class = Command
    group_class = type

    as_json = False

    def main(self, *args: Any, **how: Any) -> Any:
        """Run as a program."""
        streams.settle()
        with interrupts_heard():
            return super().main(*args, **how)

    def make_context(
        self, info_name: str | None, args: list[str], *rest: Any, **how: Any
    ) -> click.Context:
        """Read the command line; --help is printed here."""
        # Known before the line is read, for a line that cannot be read.
        self.as_json = "--json" in args
        with reporting_errors(as_json=self.as_json), streams.writing():
            return super().make_context(info_name, args, *rest, **how)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        with reporting_errors(as_json=self.as_json):
            return super().invoke(ctx)


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="nhs-efficiency-simulator")
def main() -> None:
    """Estimate how likely NHS trusts in England are to achieve a savings target.

    Start with: simulator run long-term-plan
    """
    # Python would look for garbage at every 700 new objects, and at the end through all
    # that the libraries made: half a second of imports and compiling, and 0.4 s just
    # before the memory is given back whole.
    gc.set_threshold(1_000_000)
    atexit.register(gc.freeze)
