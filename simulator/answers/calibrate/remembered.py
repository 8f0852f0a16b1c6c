"""What beliefs foretold so far, kept on the disk for a calibration that is cut short.

Beliefs come in the same order each time, as all chance is seeded. So a calibration
that goes on asks for what it asked for before, finds it, and simulates from where it
stopped.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import h5py
import numpy as np

from simulator.errors import RunFileError, ScenarioError
from simulator.files import places
from simulator.runfile import parts
from simulator.runfile.parts import PartFolder
from simulator.types import Floats, OnProgress

TOGETHER: Final = 800  # beliefs that are kept together: some seconds' work


class Foretold(NamedTuple):
    """What some beliefs foretell.

    Attributes
    ----------
    mean, sd
        Over luck: (belief, observation).
    """

    mean: Floats
    sd: Floats


class Remembered:
    """Beliefs that were simulated, in order, and what they foretold.

    Parameters
    ----------
    folder
        Where they are kept.
    futures
        Of each belief: what a part counts as draws.
    """

    def __init__(self, folder: PartFolder, futures: int) -> None:
        self._folder = folder
        self._futures = futures
        self._known = folder.files()
        self._asked = 0  # parts

    def foretell(
        self,
        values: Floats,
        simulate: Callable[[Floats], Foretold],
        on_progress: OnProgress,
    ) -> Foretold:
        """Give what is known of beliefs, (belief, path), and simulate the others."""
        found = []
        for start in range(0, len(values), TOGETHER):
            some = values[start : start + TOGETHER]
            if self._asked < len(self._known):
                found.append(_recalled(self._known[self._asked], some))
                on_progress(len(some) * self._futures)
            else:
                found.append(simulate(some))
                self._keep(some, found[-1])
            self._asked += 1
        return Foretold(*(np.concatenate(each) for each in zip(*found, strict=True)))

    def _keep(self, values: Floats, foretold: Foretold) -> None:
        def write(place: Path) -> None:
            with h5py.File(place, "w") as file:
                file["values"] = values
                file["mean"], file["sd"] = foretold

        draws = len(values) * self._futures
        self._folder.add(self._folder.stop or 0, draws, write)


def _recalled(place: Path, values: Floats) -> Foretold:
    with h5py.File(place, "r") as file:
        if not np.array_equal(file["values"], values):
            raise RunFileError(
                str(place),
                "holds other beliefs than are asked for here: another machine, or "
                "another version of a library, began this",
                "begin anew with --force",
            )
        return Foretold(file["mean"][...], file["sd"][...])


def written(
    place: Path,
    made: Callable[[Remembered], str],
    made_from: Mapping[str, str],
    *,
    futures: int,
    force: bool,
    resume: bool,
) -> str:
    """Write the text that a calibration makes; what it simulates is kept until then.

    Parameters
    ----------
    place
        Path to write, as of `places.check`.
    made
        Makes the text.
    made_from
        What the text follows from; to be the same where a calibration goes on.
    futures, force, resume
        As of `Remembered` and `table.calibrate`.
    """
    places.check(place, force=force)
    with parts.claimed(
        place, made_from, resume=resume, force=force, replaces=force
    ) as folder:
        if resume and folder.put_in_place():
            return place.read_text(encoding="utf-8")
        try:
            text, refused = made(Remembered(folder, futures)), None
        except ScenarioError as error:  # a finding: there is nothing to go on with
            text, refused = "", error
        else:
            folder.finish(lambda begun: _write(begun, text))
    if refused is not None:
        raise refused
    return text


def _write(place: Path, text: str) -> None:
    place.write_text(text, encoding="utf-8", newline="\n")
