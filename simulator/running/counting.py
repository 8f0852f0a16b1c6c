"""How far the parts of a run reach, and whether that is far enough."""

from collections.abc import Callable, Sequence

from simulator.engine.tallies import add_tally
from simulator.kernel.tables import Successes, Tally
from simulator.runfile.parts import PartFolder
from simulator.running import slabs

Enough = Callable[[Tally | Successes, int], bool]


class Counting:
    """How far the parts in a folder reach, and whether that is enough.

    Parameters
    ----------
    folder
        Of the run; parts may come while this looks.
    none
        Counts of no draws.
    first, stops, enough
        As of `assemble.fill`.
    """

    def __init__(
        self,
        folder: PartFolder,
        none: Successes,
        first: int,
        stops: Sequence[int],
        enough: Enough,
    ) -> None:
        self._folder, self._enough = folder, enough
        self._done, self._stops = first, list(stops)
        self._counts = none
        self.there = sum(part.draws for part in folder.up_to(stops[-1]))

    def look(self) -> int | None:
        """Give the first stop at which there is enough, or the last; None before."""
        stop = self._stops[0]
        while not self._folder.missing(range(self._done, stop)):
            for part in self._folder.up_to(stop):
                if part.first_draw >= self._done:
                    found = slabs.successes_of(self._folder.path / part.file)
                    add_tally(self._counts, found)
            if len(self._stops) == 1 or self._enough(self._counts, stop):
                return stop
            self._done = self._stops.pop(0)
            stop = self._stops[0]
        return None

    def next(self) -> range:
        """Give the next draws that are missing."""
        return self._folder.missing(range(self._done, self._stops[0]))[0]
