"""Load a scenario: files laid on one another, and who set each of its values.

Every problem is reported at once, in the words of the file. What comes out is frozen
and needs no further check.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from simulator.errors import Problems, ScenarioError
from simulator.messages import Fault, dotted, nearest, quote
from simulator.scenario import idle, layers, posterior, series, sources, vintage
from simulator.scenario import toml as toml_text
from simulator.scenario.check import build, in_file_order, place_of, unsourced
from simulator.scenario.keys import EXTENDS
from simulator.scenario.kinds import LONGEST_TITLE
from simulator.scenario.layers import COMMAND_LINE, KeyPath, Layer, Setting
from simulator.scenario.model import Scenario
from simulator.scenario.read import chain, find
from simulator.scenario.sources import Origin
from simulator.scenario.values import PRIOR
from simulator.types import Place

WORDS: Final = ("name", "title", "about")  # move no number


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A scenario, and where each of its values comes from.

    Parameters
    ----------
    scenario
        The value to run.
    origins
        Of every value, by dotted path such as `targets.0.rate`.
    text
        Every layer as written, (name, text), from low to high.
    tree
        The values as plain tables, numbers and words.
    folder
        Where the path of a population starts.
    """

    scenario: Scenario
    origins: Mapping[str, Origin]
    text: tuple[tuple[str, str], ...]
    tree: Mapping[str, Any]
    folder: Path


def load_scenario(name_or_path: Place, settings: Sequence[str] = ()) -> Loaded:
    """Read a scenario with all that it extends.

    Parameters
    ----------
    name_or_path
        A packaged scenario's name, or a file.
    settings
        Values that overrule the file, each `key.path=value`.

    Raises
    ------
    ScenarioError
        If a file cannot be read, or is not TOML.
    Problems
        If its values cannot be used: all that is wrong, at once.
    """
    files = chain(find(name_or_path, Path()), str(name_or_path))
    return scenario_from_tables(files, settings)


def scenario_from_tables(
    files: Sequence[Layer | Mapping[str, Any]], settings: Sequence[str] = ()
) -> Loaded:
    """Make a scenario from tables, laid on the built-in defaults.

    Parameters
    ----------
    files
        From low to high; plain tables are a file called `tables`.
    settings
        Values that overrule them, each `key.path=value`.

    Raises
    ------
    Problems
        All that is wrong, at once.
    """
    stack = [layers.built_in()]
    for file in files:
        named = file if isinstance(file, Layer) else Layer(name="tables", tables=file)
        stack.append(named)
    read = [layers.read_setting(text) for text in settings]
    given = [setting for setting in read if isinstance(setting, Setting)]
    tree: dict[str, Any] = {}
    for layer in stack:
        tree = layers.merge(tree, layer.tables)
    tree.pop(EXTENDS, None)
    before = tree
    tree, unfit = layers.apply(given, before)
    unfit += [fault for fault in read if isinstance(fault, Fault)]
    scenario, misfits = build(tree)
    if scenario is not None:
        changed = _changed(scenario, before, given)
        unfit += idle.faults(scenario, [setting.path for setting in changed])
        scenario = _headed(scenario, changed)
    placed = [
        *((COMMAND_LINE, fault) for fault in unfit),
        *((place_of(stack, given, fault.path), fault) for fault in misfits),
        *series.faults(stack, given, tree),
        *unsourced(stack, misfits),
    ]
    if scenario is None or placed:
        raise Problems(in_file_order(stack, placed))
    loaded = _loaded(scenario, stack, given)
    late = [(place_of(stack, given, f.path), f) for f in _late(loaded)]
    if late:
        raise Problems(in_file_order(stack, late))
    return loaded


def with_plans(loaded: Loaded, follows: str) -> Loaded:
    """Keep the targets whose plans follow the gap, or the tariff.

    Parameters
    ----------
    loaded
        With targets of either kind.
    follows
        `gap` or `tariff`.
    """
    scenario = loaded.scenario
    kept = [k for k, t in enumerate(scenario.targets) if t.plan_follows == follows]
    if not kept:
        problem = f"has no target whose plans follow the {follows}"
        raise ScenarioError(scenario.name, problem, "add one with plan_follows")
    return _with_targets(loaded, kept)


def with_targets(loaded: Loaded, names: Sequence[str]) -> Loaded:
    """Keep the targets of some names, in the order of the scenario."""
    known = [target.name for target in loaded.scenario.targets]
    for name in names:
        if name not in known:
            problem = f"has no target {quote(name)}"
            raise ScenarioError(loaded.scenario.name, problem, nearest(name, known))
    kept = [k for k, name in enumerate(known) if name in names]
    return _with_targets(loaded, kept)


def _with_targets(loaded: Loaded, kept: Sequence[int]) -> Loaded:
    places = {str(old): str(new) for new, old in enumerate(kept)}
    origins = {}
    for path, origin in loaded.origins.items():
        first, _, rest = path.partition(".")
        number, _, key = rest.partition(".")
        if first != "targets":
            origins[path] = origin
        elif number in places:
            origins[f"targets.{places[number]}.{key}"] = origin
    scenario = loaded.scenario
    targets = tuple(scenario.targets[k] for k in kept)
    tree = {**loaded.tree, "targets": [loaded.tree["targets"][k] for k in kept]}
    return replace(
        loaded,
        scenario=scenario.model_copy(update={"targets": targets}),
        origins=origins,
        tree=tree,
    )


def _changed(
    scenario: Scenario, before: Mapping[str, Any], given: Sequence[Setting]
) -> list[Setting]:
    """Find the settings that do not set a value to what it was."""
    old = build(before)[0] if given else None
    below, above = old.plain() if old else before, scenario.plain()
    return [
        setting
        for setting in given
        if layers.look_up(below, setting.path) != layers.look_up(above, setting.path)
    ]


def _headed(scenario: Scenario, changed: Sequence[Setting]) -> Scenario:
    """Put what the command line changes into the title, which heads every answer."""
    tree = scenario.plain()
    said = [
        f"{dotted(path)} = {toml_text.value(layers.look_up(tree, path))}"
        for path, *_ in changed
        if path[0] not in WORDS
    ]
    if not said:
        return scenario
    tail = f", with {'; '.join(said)}"
    if len(scenario.title) + len(tail) > LONGEST_TITLE:
        tail = f", with values set on the command line: {len(said)}"
    title = scenario.title[: LONGEST_TITLE - len(tail)] + tail
    return scenario.model_copy(update={"title": title})


def _loaded(
    scenario: Scenario, stack: Sequence[Layer], given: Sequence[Setting]
) -> Loaded:
    tree = scenario.plain()
    origins = {}
    for path, value in layers.leaves(tree):
        if any(layers.overlap(setting.path, path) for setting in given):
            origins[dotted(path)] = sources.by_hand(value)
        else:
            setter = layers.setter(stack, path)
            origins[dotted(path)] = sources.origin(setter, path, value)
    text = [(layer.name, layer.text) for layer in stack if layer.text]
    if given:
        text.append((COMMAND_LINE, "\n".join(setting.text for setting in given)))
    home = layers.setter(stack, ("population",))
    by_hand = origins["population"].layer == COMMAND_LINE
    folder = Path() if by_hand else home.folder if home else stack[-1].folder
    return Loaded(
        scenario=scenario,
        origins=origins,
        text=tuple(text),
        tree=tree,
        folder=folder,
    )


def _late(loaded: Loaded) -> Iterator[Fault]:
    """Yield the values whose source is later than the scenario may know."""
    scenario = loaded.scenario
    if scenario.as_known_at is None:
        return
    if scenario.beliefs != PRIOR:
        known = posterior.load(scenario.beliefs).known_at
        if known > scenario.as_known_at:
            problem = f"rest on figures published until {known}"
            yield Fault(("beliefs",), problem, f"give {PRIOR}, or older beliefs")
    cited = (
        vintage.Cited(path, _keys_behind(loaded, path, value))
        for path, value in layers.leaves(loaded.tree)
    )
    yield from vintage.faults(scenario.as_known_at, cited)


def _keys_behind(loaded: Loaded, path: KeyPath, value: object) -> tuple[str, ...]:
    """Give the evidence ids of a value: of a list that cites a series, every year's."""
    key = loaded.origins[dotted(path)].key
    stem, _, year = key.rpartition(".")
    if not (isinstance(value, list) and year.isdigit()):
        return (key,)
    end = loaded.scenario.last_year + 1
    return tuple(f"{stem}.{year}" for year in range(end - len(value), end))
