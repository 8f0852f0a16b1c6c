"""The door for what comes in: scenario files and lists of trusts.

A file is read, laid on the layers below it and checked; every problem is reported at
once, in the words of the file. What comes out is frozen and needs no further check.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simulator.errors import PopulationError, Problems, ScenarioError
from simulator.files import places, reading
from simulator.messages import (
    MISPLACED,
    MISSING,
    UNKNOWN,
    Fault,
    dotted,
    meant,
    nearest,
    quote,
    say,
    translate,
)
from simulator.population import synthetic
from simulator.population import table as population_csv
from simulator.population.model import Population
from simulator.scenario import (
    fitting,
    idle,
    keys,
    layers,
    posterior,
    precedent,
    series,
    sources,
    vintage,
)
from simulator.scenario import (
    toml as toml_text,
)
from simulator.scenario.assumptions import (
    LONGEST_NAME,
    LONGEST_TITLE,
    NAME,
    NAME_REMEDY,
)
from simulator.scenario.keys import EXTENDS, SOURCE, SOURCE_SCHEMA
from simulator.scenario.layers import COMMAND_LINE, KeyPath, Layer, Setting
from simulator.scenario.model import PRIOR, Scenario
from simulator.scenario.sources import Origin

SUFFIX: Final = ".toml"
STARTER_NAME: Final = 'name = "my-scenario"'
WORDS: Final = ("name", "title", "about")  # move no number
WRITTEN_WHOLE: Final = ("Target", "BalancingItem")  # a list is replaced, not merged


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


def load_scenario(name_or_path: str | Path, settings: Sequence[str] = ()) -> Loaded:
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
    files = _chain(_find(name_or_path, Path()), str(name_or_path))
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
    scenario, misfits = _build(tree)
    if scenario is not None:
        changed = _changed(scenario, before, given)
        unfit += idle.faults(scenario, [setting.path for setting in changed])
        scenario = _headed(scenario, changed)
    placed = [
        *((COMMAND_LINE, fault) for fault in unfit),
        *((_place(stack, given, fault.path), fault) for fault in misfits),
        *series.faults(stack, given, tree),
        *_unsourced(stack, misfits),
    ]
    if scenario is None or placed:
        raise Problems(_in_file_order(stack, placed))
    loaded = _loaded(scenario, stack, given)
    late = [(_place(stack, given, f.path), f) for f in _late(loaded)]
    if late:
        raise Problems(_in_file_order(stack, late))
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
    places = {str(old): str(new) for new, old in enumerate(kept)}
    origins = {}
    for path, origin in loaded.origins.items():
        first, _, rest = path.partition(".")
        number, _, key = rest.partition(".")
        if first != "targets":
            origins[path] = origin
        elif number in places:
            origins[f"targets.{places[number]}.{key}"] = origin
    targets = tuple(scenario.targets[k] for k in kept)
    tree = {**loaded.tree, "targets": [loaded.tree["targets"][k] for k in kept]}
    return replace(
        loaded,
        scenario=scenario.model_copy(update={"targets": targets}),
        origins=origins,
        tree=tree,
    )


def load_population(name_or_path: str | Path, base: Path = Path()) -> Population:
    """Read the opening position of every trust.

    Parameters
    ----------
    name_or_path
        A packaged population's name, or a table of comma-separated values.
    base
        Where a relative path starts: the folder of the scenario file.
    """
    name = str(name_or_path)
    if name in synthetic.PACKAGED:
        return synthetic.packaged(name)
    hint = nearest(name, synthetic.PACKAGED, "packaged populations")
    text = reading.text_of(base / name, name, PopulationError, hint=hint)
    return population_csv.from_csv_text(text, (base / name).name)


def population_of(loaded: Loaded) -> Population:
    """Read the opening positions that a scenario names, and see that they can be run.

    Raises
    ------
    SimulatorError
        Where there is no such population, or all that is implausible or does not go
        together.
    """
    population = load_population(loaded.scenario.population, loaded.folder)
    problems = [
        ScenarioError(
            f"{_layer_of(loaded, fault.path)}: {dotted(fault.path)}",
            fault.problem,
            fault.remedy,
        )
        for fault in (
            *precedent.faults(loaded.scenario),
            *fitting.faults(loaded.scenario, population),
        )
    ]
    if problems:
        raise Problems(problems)
    return population


def read_text(path: str | Path) -> str:
    """Read a table as text, such as a list of trusts to build a population from."""
    return reading.text_of(Path(path), str(path), PopulationError)


def shipped() -> dict[str, str]:
    """Give the packaged scenarios: title by name."""
    titles = {}
    for name, path in _packaged().items():
        text = _text(path, name)
        titles[name] = str(toml_text.read(text, path.name)["title"])
    return titles


def starter(name: str) -> str:
    """Give the text of a short commented scenario to begin from."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ScenarioError("name", f"{quote(name)} is not a name", NAME_REMEDY)
    text = resources.files("simulator").joinpath("starter.toml").read_text("utf-8")
    return text.replace(STARTER_NAME, f'name = "{name}"')


def resolved_toml(loaded: Loaded) -> str:
    """Write a scenario out in full: every value, its source and the layer that set it.

    Read as a scenario, the text gives an equal one.
    """
    marks = {
        path: toml_text.Mark(source=origin.key or origin.source, note=_note(origin))
        for path, origin in loaded.origins.items()
    }
    return toml_text.write(loaded.tree, marks)


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema of a scenario file, for editors.

    A key may be left out where a lower layer sets it, so that hardly any is required.
    """
    schema = Scenario.model_json_schema()
    schema["properties"] = {
        EXTENDS: {
            "type": "string",
            "description": "A packaged scenario or the path of a file; what is not "
            "said here is taken from there.",
        },
        **schema["properties"],
    }
    for name, table in [("Scenario", schema), *schema["$defs"].items()]:
        if name not in WRITTEN_WHOLE:
            table.pop("required", None)
        for part in table["properties"].values():
            if "propertyNames" in part:  # names of the analyst's own, and a source
                part["properties"] = {SOURCE: SOURCE_SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "Scenario",
        "description": "One set of assumptions to simulate.",
    }


# --- files --------------------------------------------------------------------------


def _packaged() -> dict[str, Path]:
    """Give the packaged scenarios by name: in the wheel, or in a checkout."""
    inside = Path(str(resources.files("simulator").joinpath("scenarios")))
    folder = inside if inside.is_dir() else inside.parent.parent / "scenarios"
    found = {path.stem: path for path in folder.glob(f"*{SUFFIX}")}
    return dict(sorted(found.items()))


def is_run_file(name_or_path: str | Path) -> bool:
    """Tell a run file, by its content or its ending, from a scenario's name or file."""
    packaged = str(name_or_path) in _packaged()
    return not packaged and places.is_run_file(name_or_path)


def _find(name_or_path: str | Path, folder: Path) -> Path:
    """Give the file of a packaged scenario, or of a path that starts at a folder."""
    packaged = _packaged().get(str(name_or_path))
    return packaged or folder / name_or_path


def _chain(path: Path, place: str, above: tuple[Path, ...] = ()) -> list[Layer]:
    """Read a file and all that it extends, from low to high.

    Parameters
    ----------
    path
        The file.
    place
        Where it is asked for, for messages.
    above
        The files that extend it, directly or not.
    """
    hint = nearest(path.name.removesuffix(SUFFIX), _packaged(), "packaged scenarios")
    text = _text(path, place, hint)
    found = path.resolve()
    if found in above:
        circle = [part.name for part in (*above[above.index(found) :], found)]
        problem = f"goes round in a circle: {' > '.join(circle)}"
        raise ScenarioError(place, problem, "leave out one `extends`")
    alike = any(found.name == other.name for other in above)
    name = f"{found.parent.name}/{path.name}" if alike else path.name
    tables = toml_text.read(text, name)
    layer = Layer(name=name, tables=tables, text=text, folder=path.parent)
    if EXTENDS not in tables:
        return [layer]
    parent, where = tables[EXTENDS], f"{name}: {EXTENDS}"
    if not isinstance(parent, str) or not parent:
        remedy = "name a packaged scenario or a file"
        raise ScenarioError(where, f"must be text, got {say(parent)}", remedy)
    below = _find(parent, path.parent)
    return [*_chain(below, f"{where}: {parent}", (*above, found)), layer]


def _text(path: Path, place: str, hint: str = "") -> str:
    """Read a scenario file."""
    return reading.text_of(path, place, ScenarioError, hint=hint, most=reading.SCENARIO)


# --- from tables to a scenario ------------------------------------------------------


def _changed(
    scenario: Scenario, before: Mapping[str, Any], given: Sequence[Setting]
) -> list[Setting]:
    """Find the settings that do not set a value to what it was."""
    old = _build(before)[0] if given else None
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


def _build(tree: Mapping[str, Any]) -> tuple[Scenario | None, list[Fault]]:
    """Make the value, or list all that is wrong with the tables."""
    try:
        return Scenario.model_validate(tree), []
    except ValidationError as refused:
        found = [
            _fault(error, tree)
            for error in refused.errors(include_url=False, include_context=True)
        ]
    seen = {fault.path for fault in found}
    found += [fault for fault in Scenario.faults(tree) if fault.path not in seen]
    intended = {
        (*fault.path[:-1], fault.meant)
        for fault in found
        if fault.kind == UNKNOWN and fault.meant
    }
    return None, [
        fault
        for fault in found
        if not (fault.kind == MISSING and {fault.path, (EXTENDS,)} & intended)
    ]


def _fault(error: ErrorDetails, tree: Mapping[str, Any]) -> Fault:
    """Put one of pydantic's errors in the words of the file."""
    *above, _ = path = [str(part) for part in error["loc"]]
    known = [*(keys.known(Scenario, above) or ()), SOURCE]
    fault = translate(error, known if above else [*known, EXTENDS])
    named = len(path) > 1 and keys.known(Scenario, path[:-2]) is keys.OPEN
    if fault.kind == MISSING and named:
        others = set(layers.look_up(tree, tuple(path[:-2]))) - {path[-2]}
        if asked := meant(path[-2], sorted(others)):
            return fault._replace(remedy=f"{fault.remedy}, or {asked}")
    return fault


def _unsourced(
    stack: Sequence[Layer], misfits: Iterable[Fault]
) -> Iterator[tuple[str, Fault]]:
    """Yield the numbers without a source, but for those that should not be there."""
    unknown = [f.path for f in misfits if f.kind in (UNKNOWN, MISPLACED)]
    for layer in stack:
        if layer.name == layers.BUILT_IN:
            continue
        for fault in sources.faults(layer.tables):
            if not any(fault.path[: len(path)] == path for path in unknown):
                yield layer.name, fault


def _place(stack: Sequence[Layer], given: Sequence[Setting], path: KeyPath) -> str:
    """Name the layer that a problem is in."""
    if any(layers.overlap(setting.path, path) for setting in given):
        return COMMAND_LINE
    layer = layers.setter(stack, path)
    return layer.name if layer else stack[-1].name


def _in_file_order(
    stack: Sequence[Layer], placed: Iterable[tuple[str, Fault]]
) -> list[ScenarioError]:
    """Sort problems by layer and line, and make errors of them."""
    order = {layer.name: index for index, layer in enumerate(stack)}
    lines = {
        layer.name: {path: number for number, path in toml_text.key_lines(layer.text)}
        for layer in stack
    }

    def position(item: tuple[str, Fault]) -> tuple[int, float]:
        name, fault = item
        known = lines.get(name, {})
        line = next((known[p] for p in layers.upwards(fault.path) if p in known), 0)
        return order.get(name, len(stack)), line

    return [
        ScenarioError(f"{name}: {dotted(fault.path)}", fault.problem, fault.remedy)
        for name, fault in sorted(placed, key=position)
    ]


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


def _layer_of(loaded: Loaded, path: KeyPath) -> str:
    """Name the layer that sets a value, or the highest of a table's."""
    inside = [
        origin.layer
        for key, origin in loaded.origins.items()
        if layers.overlap(tuple(key.split(".")), path)
    ]
    order = [name for name, _ in loaded.text]
    return max(inside, key=lambda name: order.index(name) if name in order else -1)


def _note(origin: Origin) -> str:
    return f"{origin.layer}, grade {origin.grade}" if origin.grade else origin.layer
