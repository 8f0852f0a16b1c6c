"""Attributes: a few known ones on a variable, plain texts and numbers on a group."""

from collections.abc import Mapping
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from simulator.runfile.untrusted.refusing import LONGEST_NAME, clean, refuse, shown
from simulator.runfile.untrusted.storage import address_of, is_coordinate, is_number
from simulator.schema import UNIT_LABEL, Variable

MOST: Final = 500  # attributes of an object
MOST_BYTES: Final = 2**17  # of an attribute itself; long texts stand elsewhere
_NUMBERS: Final = ("i1", "i4", "i8", "f4", "f8")
_DIMENSIONS: Final = "DIMENSION_LIST"
LINES: Final = "lines"  # repeats the texts of a variable
_USERS: Final = "REFERENCE_LIST"
# A reader takes it for names of variables and looks for them.
_STEERING: Final = "coordinates"


def check_group(group: h5py.Group, where: str) -> int:
    """Refuse what is neither text nor numbers; give the number of letters."""
    letters = 0
    for name in _names(group, where):
        if name.startswith("_") or name == _STEERING or not name.isprintable():
            raise refuse(where, f"has an attribute out of place, '{shown(name)}'")
        letters += _letters(plain(group, name, where))
    return letters


def check_variable(dataset: h5py.Dataset, variable: Variable, where: str) -> int:
    """Refuse attributes that a run's variable does not have; count the letters.

    They steer how its values are read: what is a hole, a boolean, a date.
    """
    found = _names(dataset, where)
    own = ("CLASS", "NAME") if is_coordinate(variable) else (_DIMENSIONS,)
    required, optional = _required(variable), _optional(variable)
    for name in found:
        if name not in (*required, *optional, *own):
            raise refuse(where, f"has an attribute out of place, '{shown(name)}'")
    for name in (*required, *own):
        if name not in found:
            raise refuse(where, f"lacks the attribute '{name}'")
    letters = 0
    for name in found:
        if name in (*own, _USERS):
            continue
        value = plain(dataset, name, where)
        letters += _letters(value)
        wanted = required.get(name, optional.get(name))
        if name == "units" and value == variable.unit:
            continue  # as files were before they had a unit_label
        if wanted is not None and not _same(value, wanted):
            said = f"has {name} {shown(str(value))} instead of {wanted}"
            raise refuse(where, said)
    return letters


def _required(variable: Variable) -> dict[str, Any]:
    """Give the attributes by which a reader knows what a variable's values are."""
    required: dict[str, Any] = {"units": variable.units} if variable.unit else {}
    if variable.dtype == "bool":
        flags = np.array([0, 1], np.int8)
        required |= {"dtype": "bool", "flag_values": flags}
        required |= {"flag_meanings": "false true"}
    return required


def _optional(variable: Variable) -> dict[str, Any]:
    """Give the attributes that may be there, None where they may say anything."""
    optional: dict[str, Any] = {"long_name": None}
    if variable.unit != variable.units:
        optional[UNIT_LABEL] = variable.unit
    if is_coordinate(variable):
        optional[_USERS] = None
    elif variable.dtype not in ("str", "bool"):
        kind = np.dtype(variable.dtype)
        hole = np.nan if kind.kind == "f" else np.iinfo(kind).min
        optional["_FillValue"] = kind.type(hole)
    if variable.dtype == "str":
        optional[LINES] = None
    return optional


def plain(thing: h5py.Group | h5py.Dataset, name: str, where: str) -> Any:
    """Read an attribute; refuse it where it is not one text or a few numbers."""
    attribute = h5py.h5a.open(thing.id, name.encode())
    kind, space = attribute.get_type(), attribute.get_space()
    extent = space.get_simple_extent_type()
    said = f"has an attribute '{shown(name)}' that"
    if extent == h5py.h5s.NULL or len(attribute.shape) > 1:
        raise refuse(where, f"{said} is no plain list")
    if attribute.get_storage_size() > MOST_BYTES:
        raise refuse(where, f"{said} is too large")
    if kind.get_class() == h5py.h5t.STRING:
        if kind.get_cset() != h5py.h5t.CSET_UTF8 or extent != h5py.h5s.SCALAR:
            raise refuse(where, f"{said} is not one text in UTF-8")
        return clean(_read(attribute).item(), where, f"an attribute '{shown(name)}'")
    if not any(is_number(kind, number) for number in _NUMBERS):
        raise refuse(where, f"{said} is neither text nor numbers")
    return _read(attribute)[()]


def _read(attribute: h5py.h5a.AttrID) -> NDArray[Any]:
    """Read an attribute whose type and shape are sound; h5py's own way takes longer."""
    held = np.empty(attribute.shape, attribute.dtype)
    attribute.read(held)
    return held


def _letters(value: Any) -> int:
    return len(value) if isinstance(value, str) else 0


def _same(one: Any, other: Any) -> bool:
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype.kind != other.dtype.kind or one.shape != other.shape:
        return False
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))


def _names(thing: h5py.Group | h5py.Dataset, where: str) -> list[str]:
    found: list[str] = []

    def note(name: bytes, *_: object) -> int | None:
        found.append(name.decode("utf-8"))
        return 1 if len(found) > MOST else None  # which ends the walk

    h5py.h5a.iterate(thing.id, note)
    if len(found) > MOST:
        raise refuse(where, f"has more than {MOST} attributes")
    for name in found:
        if len(name) > LONGEST_NAME:
            raise refuse(where, f"has an attribute with a long name, '{shown(name)}'")
    return found


def check_scales(
    dataset: h5py.Dataset, variable: Variable, scales: Mapping[str, int], where: str
) -> None:
    """Refuse a variable whose dimensions are not those of the schema.

    Here alone HDF5 needs references, and a compound type; the place of each
    reference in the file is compared, and nothing of a compound is read.

    Parameters
    ----------
    scales
        Place of every coordinate in the file.
    """
    if is_coordinate(variable):
        _check_scale(dataset, variable, where)
        return
    attribute = h5py.h5a.open(dataset.id, _DIMENSIONS.encode())
    kind = attribute.get_type()
    if (
        kind.get_class() != h5py.h5t.VLEN
        or not kind.get_super().equal(h5py.h5t.STD_REF_OBJ)
        or attribute.shape != (len(variable.dims),)
    ):
        raise refuse(where, "names its dimensions in a way of its own")
    named = _read(attribute)
    for dim, references in zip(variable.dims, named, strict=True):
        places = [
            address_of(h5py.h5r.dereference(reference, dataset.id))
            for reference in references
        ]
        if places != [scales[dim]]:
            raise refuse(where, f"is not along '{dim}'")


def _check_scale(dataset: h5py.Dataset, variable: Variable, where: str) -> None:
    for name, wanted in ((b"CLASS", "DIMENSION_SCALE"), (b"NAME", variable.name)):
        attribute = h5py.h5a.open(dataset.id, name)
        kind = attribute.get_type()
        fixed = kind.get_class() == h5py.h5t.STRING and not kind.is_variable_str()
        if not fixed or _read(attribute) != wanted.encode():
            raise refuse(where, f"is no dimension scale '{variable.name}'")
    if h5py.h5a.exists(dataset.id, _USERS.encode()):
        kind = h5py.h5a.open(dataset.id, _USERS.encode()).get_type()
        if kind.get_class() != h5py.h5t.COMPOUND or kind.get_nmembers() != 2:
            raise refuse(where, f"has a {_USERS} of its own kind")
