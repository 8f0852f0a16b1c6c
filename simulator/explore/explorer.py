"""What answers the page: one scenario, its fields, and the settings seen so far."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock
from typing import Final, TypeVar

from simulator.answers.groups import estimate as groups
from simulator.errors import ScenarioError
from simulator.explore import controls, futures, settings
from simulator.explore.settings import Asked
from simulator.explore.view import Answer, View, answer, view, whose
from simulator.messages import nearest, quote
from simulator.running import runs
from simulator.scenario.fitting import population_of
from simulator.scenario.load import Loaded, load_scenario
from simulator.scenario.packaged import is_run_file, packaged
from simulator.types import Place

K = TypeVar("K")
V = TypeVar("V")

QUICK: Final = 1_000  # draws while a slider moves
LOOK: Final = 200  # to see which target to begin with
FINE: Final = runs.DRAWS  # when it stands still
TARGETS: Final = 5  # that are asked for at first
REMEMBERED: Final = 100  # answers, and tabs


class Superseded(Exception):  # noqa: N818 - it is no fault
    """Nobody waits for this answer any more."""


class Explorer:
    """A scenario that is explored.

    Parameters
    ----------
    place
        A packaged scenario's name, or a scenario file.
    changes
        Settings to begin with, each `key.path=value`.
    seed, threads
        As of `run`.
    """

    def __init__(
        self,
        place: Place,
        changes: Sequence[str] = (),
        *,
        seed: int = runs.SEED,
        threads: int | None = None,
    ) -> None:
        if is_run_file(place):
            remedy = (
                "simulator show FILE --toml writes the scenario that it was made of"
            )
            raise ScenarioError(str(place), "is a run file; give a scenario", remedy)
        runs.check(FINE, seed, threads)
        self.place, self.seed, self.threads = place, seed, threads
        # What a file saved elsewhere extends: a name, or a path from anywhere.
        self.source = place if str(place) in packaged() else Path(place).absolute()
        self.base = load_scenario(place)
        self.population = population_of(self.base)
        self.stopped = Event()
        self._turn, self._memory = Lock(), Lock()
        self._answers: OrderedDict[tuple[Asked, int], Answer] = OrderedDict()
        self._newest: OrderedDict[str, int] = OrderedDict()
        self.names = [target.name for target in self.base.scenario.targets]
        chosen = _spread(self._plain_targets(), TARGETS)
        self.fields = controls.fields(self.base)
        even = self._nearest_to_even(tuple(chosen))
        self.first = controls.first(self.base, even, seed, threads)
        given = [tuple(text.split("=", 1)) for text in changes]
        pairs = [(f"{settings.SET}{one[0].strip()}", one[-1]) for one in given]
        begin = replace(settings.read(pairs), targets=tuple(chosen), about=even)
        self.begin = self.complete(begin)
        self.loaded(self.begin)  # what is wrong with it is said at once

    def _plain_targets(self) -> list[str]:
        """Name the targets that ask the same each year, by rate; or all of them."""
        targets = self.base.scenario.targets
        plain = [
            (target.rate, target.name)
            for target in targets
            if target.rate is not None
            and target.deficit_addon == 0.0
            and target.plan_follows == targets[0].plan_follows
            and target.basis == targets[0].basis
        ]
        return [name for _, name in sorted(plain)] or self.names

    def _nearest_to_even(self, targets: tuple[str, ...]) -> str:
        """Choose the target that hangs in the balance: there an assumption tells."""
        rows = self._answer(Asked(targets=targets), LOOK, lambda: None).rows
        return min(rows, key=lambda name: abs(rows[name]["own_probability"] - 0.5))

    def complete(self, asked: Asked) -> Asked:
        """Fill in what is not said, and refuse what there is not."""
        for key in (*asked.shown, *(key for key, _ in asked.changes)):
            if key not in self.fields:
                remedy = nearest(key, self.fields, "such as")
                raise ScenarioError(quote(key), "cannot be changed here", remedy)
        if asked.chosen is not None:
            by = asked.chosen.by
            if by not in ("type", "system"):
                raise ScenarioError("trusts", f"{quote(by)}: no such group")
            known = groups.names_in(self.population, by)
            (name,) = groups.check(asked.chosen, known, "trusts").names
            asked = replace(asked, group=f"{by}:{name}")
        if asked == Asked():
            return self.begin
        targets = asked.targets
        if not (targets or asked.rates):
            targets = self.begin.targets
        about = asked.about or self.begin.about
        return replace(asked, targets=targets, about=about)

    def loaded(self, asked: Asked) -> Loaded:
        """Load what is asked, checked against the trusts too."""
        loaded = settings.load(self.place, asked, self.base)
        population_of(loaded)
        return loaded

    def begins(self, tab: str) -> int:
        """Give a question of a tab its number; the tab's earlier ones are given up."""
        with self._memory:
            number = self._newest.pop(tab, 0) + 1
            _remember(self._newest, tab, number)
        return number

    def view(self, asked: Asked, draws: int, tab: str = "") -> tuple[Asked, View]:
        """Answer what is asked, and give it with its pictured target filled in."""
        number = self.begins(tab)

        def go_on() -> None:
            if self.stopped.is_set() or (tab and self._newest.get(tab) != number):
                raise Superseded

        now = self._answer(asked, draws, go_on)
        beside = None
        if asked.pinned is not None:
            other = self.complete(asked.with_changes(asked.pinned))
            beside = self._answer(replace(other, about=now.about), draws, go_on)
        return replace(asked, about=now.about), view(now, beside)

    def _answer(self, asked: Asked, draws: int, go_on: futures.GoOn) -> Answer:
        key = replace(asked, shown=(), pinned=None), draws
        with self._memory:
            known = self._answers.get(key)
        if known is not None:
            return known
        loaded = self.loaded(asked)
        names = [target.name for target in loaded.scenario.targets]
        place = names.index(asked.about) if asked.about in names else len(names) // 2
        found = futures.simulate(
            loaded.scenario,
            self.population,
            draws,
            self.seed,
            about=place,
            chosen=asked.chosen,
            threads=self.threads,
            turn=self._turn,
            go_on=go_on,
        )
        made = answer(found, names[place], whose(asked.group))
        with self._memory:
            _remember(self._answers, key, made)
        return made

    def save(self, asked: Asked, place: Path) -> str:
        """Simulate the run of what is asked into a file; gives a name for it."""

        def on_progress(n_draw: int) -> None:
            if self.stopped.is_set():
                raise Superseded

        loaded = self.loaded(asked)
        runs.write(
            loaded,
            place,
            draws=FINE,
            seed=self.seed,
            threads=self.threads,
            on_progress=on_progress,
        )
        return str(loaded.scenario.name)


def _remember(kept: OrderedDict[K, V], key: K, value: V) -> None:
    """Keep a value; the oldest goes where there are too many."""
    kept[key] = value
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)


def _spread(names: Sequence[str], most: int) -> list[str]:
    """Choose some of a list, the first and the last among them.

    >>> _spread("abcdefgh", 3)
    ['a', 'd', 'h']
    """
    if len(names) <= most:
        return list(names)
    return [names[k * (len(names) - 1) // (most - 1)] for k in range(most)]
