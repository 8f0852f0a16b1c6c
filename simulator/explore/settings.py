"""What is asked on the page: changes to a scenario, targets, trusts.

It is read from the fields of a form, or from a link, and written as a link, as a
command and as a scenario file. No key that names a file is taken: a link may come from
anybody.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from simulator.answers.groups.estimate import Chosen
from simulator.errors import Problems, ScenarioError
from simulator.messages import dotted, quote
from simulator.scenario import layers
from simulator.scenario import toml as toml_text
from simulator.scenario.kinds import LONGEST_NAME, LONGEST_TITLE, NAME, NAME_REMEDY
from simulator.scenario.layers import Setting
from simulator.scenario.load import Loaded, load_scenario, with_targets
from simulator.types import Place

Pairs = Sequence[tuple[str, str]]

SET: Final = "set."  # before the key path of a field that changes it
FILES: Final = ("beliefs", "population")  # keys that name files
MOST_TARGETS: Final = 12
MOST_PAIRS: Final = 300
PERCENT: Final = re.compile(r"([-+]?\d+(?:\.\d+)?)\s*%")
PLANS: Final = ("", "gap", "tariff")


@dataclass(frozen=True)
class Asked:
    """What is asked; words as they were typed."""

    changes: tuple[tuple[str, str], ...] = ()
    """Key path and value, in the order of the paths."""
    shown: tuple[str, ...] = ()
    """Keys that have a field because they were searched for."""
    targets: tuple[str, ...] = ()
    """Names of targets of the scenario; none: those chosen by the page."""
    rates: str = ""
    """Further rates, with commas."""
    plans: str = ""
    """What plans follow, if not as each target says."""
    about: str = ""
    """The target that the pictures are of."""
    group: str = ""
    """Whose chance: empty for the sector, else `type:NAME` or `system:NAME`."""
    pinned: str | None = None
    """Changes to compare with, as a link has them; None where nothing is pinned."""

    @property
    def chosen(self) -> Chosen | None:
        """The group of trusts whose chance is asked for; None for the sector."""
        by, _, name = self.group.partition(":")
        return Chosen(by, (name,)) if name else None

    def with_changes(self, pinned: str) -> "Asked":
        """Ask the same with the changes that are pinned."""
        try:
            pairs = parse_qsl(pinned, keep_blank_values=True, max_num_fields=MOST_PAIRS)
        except ValueError:
            problem = f"{quote(pinned)} is no list of settings"
            raise ScenarioError("pinned", problem, "pin again") from None
        other = read(pairs)
        return replace(self, changes=other.changes, pinned=None)


def read(pairs: Pairs) -> Asked:
    """Read what is asked from the fields of a form or a link.

    Raises
    ------
    ScenarioError
        Where a field names a file, or says what there is not.
    """
    one = {name: value.strip() for name, value in pairs}
    changes = {}
    for name, value in one.items():
        if name.startswith(SET) and value:
            changes[_allowed(name.removeprefix(SET))] = value
    if (plans := one.get("plans", "")) not in PLANS:
        raise ScenarioError(
            "plans", f"{quote(plans)} is not known", "give gap or tariff"
        )
    return Asked(
        changes=tuple(sorted(changes.items())),
        shown=tuple(dict.fromkeys(v for n, v in pairs if n == "shown" and v)),
        targets=tuple(dict.fromkeys(v for n, v in pairs if n == "target" and v)),
        rates=one.get("rates", ""),
        plans=plans,
        about=one.get("about", ""),
        group=one.get("group", ""),
        pinned=one.get("pinned"),
    )


def _allowed(key: str) -> str:
    if key.partition(".")[0] in FILES:
        remedy = "name it where the simulator is started: it reads a file"
        raise ScenarioError(key, "is not taken from a page or a link", remedy)
    if key.startswith("targets"):
        raise ScenarioError(key, "is chosen above", "use the fields for targets")
    return key


def written(text: str) -> str:
    """Write a value as TOML has it: 1.2% is 0.012, in a list too.

    >>> written("1.2%"), written("[2.9%, 2.4%]"), written("0.5")
    ('0.012', '[0.029, 0.024]', '0.5')
    """
    return PERCENT.sub(lambda found: f"{Decimal(found[1]) / 100:f}", text)


def percent(value: float) -> str:
    """Write a fraction in percent, with the digits that it has.

    >>> percent(0.011), percent(0.0345), percent(-0.005)
    ('1.1%', '3.45%', '-0.5%')
    """
    return f"{(Decimal(repr(value)) * 100).normalize():f}%"


def load(place: Place, asked: Asked, base: Loaded) -> Loaded:
    """Load the scenario with what is changed, and with the targets that are asked.

    Raises
    ------
    SimulatorError
        All that is wrong, by key.
    """
    settings = [f"{key}={written(value)}" for key, value in asked.changes]
    own = _targets(asked, base)
    if own is not None:
        settings.append(f"targets={toml_text.value(own)}")
    try:
        loaded = load_scenario(place, settings)
    except Problems as error:
        # There is no command line here.
        prefix = f"{layers.COMMAND_LINE}: "
        raise Problems(
            [
                ScenarioError(one.place.removeprefix(prefix), one.problem, one.remedy)
                for one in error.problems
            ]
        ) from error
    return loaded if own is not None else with_targets(loaded, asked.targets)


def _targets(asked: Asked, base: Loaded) -> list[dict[str, Any]] | None:
    """Write out the targets, where they are not some of the scenario as they stand."""
    rates = [part.strip() for part in asked.rates.split(",") if part.strip()]
    if not 0 < len(asked.targets) + len(rates) <= MOST_TARGETS:
        remedy = f"ask for 1 to {MOST_TARGETS}"
        raise ScenarioError("targets", f"{len(asked.targets) + len(rates)}", remedy)
    if not (rates or asked.plans):
        return None
    known = {target["name"]: target for target in base.tree["targets"]}
    found = [dict(known[name]) for name in asked.targets if name in known]
    basis = (found or base.tree["targets"])[0]["basis"]
    for rate in rates:
        value = _rate(rate)
        found.append({"name": percent(value), "rate": value, "basis": basis})
    if asked.plans:
        found = [{**target, "plan_follows": asked.plans} for target in found]
    return found


def _rate(text: str) -> float:
    try:
        return float(written(text))
    except ValueError:
        problem = f"{quote(text)} is not a rate"
        raise ScenarioError("further rates", problem, "write 1.3%, 1.5%") from None


# --- to take away ---------------------------------------------------------------------


def query(asked: Asked) -> str:
    """Write what is asked as a link has it after its question mark."""
    pairs = [(f"{SET}{key}", value) for key, value in asked.changes]
    pairs += [("target", name) for name in asked.targets]
    pairs += [
        (name, getattr(asked, name))
        for name in ("rates", "plans", "about", "group")
        if getattr(asked, name)
    ]
    if asked.pinned is not None:
        pairs.append(("pinned", asked.pinned))
    return urlencode(pairs)


def pin(asked: Asked) -> str:
    """Write the changes alone, to compare with them later."""
    return urlencode([(f"{SET}{key}", value) for key, value in asked.changes])


def command(place: Place, asked: Asked, base: Loaded) -> str:
    """Write the command that runs what is asked."""
    words = ["simulator", "run", str(place)]
    for key, value in asked.changes:
        words += ["--set", f"{key}={written(value)}"]
    own = _targets(asked, base)
    if own is not None:
        words += ["--set", f"targets={toml_text.value(own)}"]
    return shlex.join(words)


def to_be_sourced(asked: Asked, base: Loaded) -> list[str]:
    """Name what a scenario file needs a source of: changed numbers, further rates."""
    keys = [key for key, value in asked.changes if layers.is_number(_value(key, value))]
    return keys + ["targets"] * (_targets(asked, base) is not None)


def scenario_file(
    place: Place, asked: Asked, base: Loaded, name: str, sources: Mapping[str, str]
) -> str:
    """Write a scenario file that extends the scenario; each number has its source.

    Parameters
    ----------
    place
        The scenario that is explored.
    asked, base
        What is asked, and the scenario without any change.
    name
        Of the new scenario.
    sources
        By key path, and of `targets`.

    Raises
    ------
    ScenarioError
        Where a source is missing.
    """
    for key in to_be_sourced(asked, base):
        if not sources.get(key, "").strip():
            remedy = "say where the number comes from"
            raise ScenarioError(f"source of {key}", "is missing", remedy)
    tail = ", as explored"
    tables: dict[str, Any] = {
        "name": name,
        "title": base.scenario.title[: LONGEST_TITLE - len(tail)] + tail,
        "extends": str(place),
    }
    marks = {key: toml_text.Mark() for key in tables}
    for key, text in asked.changes:
        *above, last = key.split(".")
        node = tables
        for part in above:
            node = node.setdefault(part, {})
        node[last] = _value(key, text)
        marks[key] = toml_text.Mark(source=sources.get(key, "").strip())
    own = _targets(asked, base)
    if own is not None:
        tables["targets"] = own
        given = sources["targets"].strip()
        for path, value in layers.leaves(own, ("targets",)):
            source = given if layers.is_number(value) else ""
            marks[dotted(path)] = toml_text.Mark(source=source)
    return toml_text.write(tables, marks)


def checked_name(name: str) -> str:
    """See that a scenario can have a name, and a file too."""
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ScenarioError("name", f"{quote(name)} is not a name", NAME_REMEDY)
    return name


def _value(key: str, text: str) -> Any:
    setting = layers.read_setting(f"{key}={written(text)}")
    if not isinstance(setting, Setting):
        raise ScenarioError(key, setting.problem, setting.remedy)
    return setting.value


def names_of(pairs: Iterable[tuple[str, str]], prefix: str) -> dict[str, str]:
    """Take the fields whose names begin with a word, without that word."""
    return {n.removeprefix(prefix): v for n, v in pairs if n.startswith(prefix)}
