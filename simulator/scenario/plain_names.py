"""What a number of a scenario is called, for people who do not write scenarios."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Final

from simulator.scenario import toml as toml_text

FILE: Final = "plain_names.toml"
OWN: Final = "NAME"  # stands for a name of the analyst's own


def plain_name(key: str, targets: Sequence[str] = ()) -> str:
    """Give the name of a key, to be read without its scenario.

    Parameters
    ----------
    key
        Dotted path, such as `delivery.real_share`.
    targets
        Names of the scenario's targets in order, for keys such as `targets.0.rate`,
        which otherwise go by their number from 1.

    Returns
    -------
    name
        The key itself where this version has no such key: an older run file may.

    Examples
    --------
    >>> plain_name("delivery.real_share")
    'share of reported savings that is real'
    >>> plain_name("programmes.agency_cap.realisation")
    'agency cap: share of its savings realised'
    """
    if key in names():
        return names()[key]
    for pattern, name in names().items():
        before, _, after = pattern.partition(f".{OWN}.")
        if after and key.startswith(f"{before}.") and key.endswith(f".{after}"):
            own = key.removeprefix(f"{before}.").removesuffix(f".{after}")
            return name.format(_called(before, own, targets))
    return key


def _called(table: str, own: str, targets: Sequence[str]) -> str:
    if table != "targets":
        return own.replace("_", " ")
    number = int(own)
    return targets[number] if number < len(targets) else str(number + 1)


@cache
def names() -> Mapping[str, str]:
    """Give all names by dotted key, `NAME` in it for a name of the analyst's own."""
    text = resources.files("simulator.scenario").joinpath(FILE).read_text("utf-8")
    return dict(_flat(toml_text.read(text, FILE), ""))


def _flat(table: Mapping[str, object], above: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", str(value)
