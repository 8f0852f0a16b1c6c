"""The answer of a run where a notebook shows it."""

from dataclasses import dataclass
from html import escape

import xarray as xr

from simulator.answers.headline.estimate import headline
from simulator.page import answering, pictures
from simulator.plots import chance_curve
from simulator.plots.words import known, main_target


@dataclass(frozen=True)
class Look:
    """A first look at a run: its title, its answer and the curve of its chances.

    A notebook shows it as a picture with words, anything else as words.
    """

    title: str
    sentences: tuple[str, ...]
    svg: str

    def __repr__(self) -> str:
        """Write title and answer."""
        return "\n".join([self.title, *self.sentences])

    def _repr_html_(self) -> str:
        first, *others = (escape(line) for line in self.sentences)
        rest = "".join(f"<p>{line}</p>" for line in others)
        return (
            f"<h3>{escape(self.title)}</h3><p><strong>{first}</strong></p>{rest}"
            f"{self.svg}"
        )


def look(run: xr.DataTree, target: str | None = None) -> Look:
    """Take a first look at a run.

    Parameters
    ----------
    run
        As `run` or `open` gives it.
    target
        The one that the answer is about; by default the highest that the sector has an
        even chance to achieve, or the lowest.

    Examples
    --------
    >>> import simulator as sim
    >>> sim.look(sim.open("long-term-plan.h5"))                # doctest: +SKIP
    """
    target = main_target(run) if target is None else known(run, target)
    picture = pictures.picture(chance_curve.figure(run, target), "look")
    sentences = answering.sentences(run, headline(run), target)
    return Look(str(run.attrs["title"]), tuple(sentences), picture.svg)
