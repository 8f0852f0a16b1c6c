"""Scenario files as tables: found by name or path, with all that they extend."""

from importlib import resources
from pathlib import Path
from typing import Final

from simulator.errors import ScenarioError
from simulator.files import reading
from simulator.messages import nearest, quote, say
from simulator.scenario import toml as toml_text
from simulator.scenario.keys import EXTENDS
from simulator.scenario.kinds import LONGEST_NAME, NAME, NAME_REMEDY
from simulator.scenario.layers import Layer
from simulator.scenario.packaged import SUFFIX, packaged
from simulator.types import Place

STARTER_NAME: Final = 'name = "my-scenario"'


def shipped() -> dict[str, str]:
    """Give the packaged scenarios: title by name."""
    titles = {}
    for name, path in packaged().items():
        text = _text(path, name)
        titles[name] = str(toml_text.read(text, path.name)["title"])
    return titles


def starter(name: str) -> str:
    """Give the text of a short commented scenario to begin from."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ScenarioError("name", f"{quote(name)} is not a name", NAME_REMEDY)
    text = resources.files("simulator").joinpath("starter.toml").read_text("utf-8")
    return text.replace(STARTER_NAME, f'name = "{name}"')


def find(name_or_path: Place, folder: Path) -> Path:
    """Give the file of a packaged scenario, or of a path that starts at a folder."""
    return packaged().get(str(name_or_path)) or folder / name_or_path


def chain(path: Path, place: str, above: tuple[Path, ...] = ()) -> list[Layer]:
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
    hint = nearest(path.name.removesuffix(SUFFIX), packaged(), "packaged scenarios")
    text = _text(path, place, hint)
    found = path.resolve()
    if found in above:
        circle = [part.name for part in (*above[above.index(found) :], found)]
        problem = f"goes round in a circle: {' > '.join(circle)}"
        raise ScenarioError(place, problem, "leave out one `extends`")
    same_name = any(found.name == other.name for other in above)
    name = f"{found.parent.name}/{path.name}" if same_name else path.name
    tables = toml_text.read(text, name)
    layer = Layer(name=name, tables=tables, text=text, folder=path.parent)
    if EXTENDS not in tables:
        return [layer]
    parent, where = tables[EXTENDS], f"{name}: {EXTENDS}"
    if not isinstance(parent, str) or not parent:
        remedy = "name a packaged scenario or a file"
        raise ScenarioError(where, f"must be text, got {say(parent)}", remedy)
    below = find(parent, path.parent)
    return [*chain(below, f"{where}: {parent}", (*above, found)), layer]


def _text(path: Path, place: str, hint: str = "") -> str:
    """Read a scenario file."""
    return reading.text_of(path, place, ScenarioError, hint=hint, most=reading.SCENARIO)
