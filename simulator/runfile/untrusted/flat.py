"""Look through a sweep's file: a handful of plain tables, all of which are read."""

from math import prod
from pathlib import Path
from typing import Final

import h5py

from simulator.errors import RunFileError
from simulator.runfile.untrusted import inspection, storage
from simulator.runfile.untrusted.refusing import reading, refuse

MARK: Final = inspection.OF_SWEEP.decode()
NUMBERS: Final = (h5py.h5t.INTEGER, h5py.h5t.FLOAT)


def sweep(path: Path) -> None:
    """Refuse a file that is not a sound file of a sweep, in this process.

    Nothing is packed, nothing stands elsewhere, and no more is claimed than the file
    could hold; so what is left is small, and is read here as it will be read.

    Raises
    ------
    RunFileError
        Where it is not a sweep's file, or is damaged.
    """
    with reading(str(path)), inspection.opened(path) as file:
        if MARK not in file.attrs:
            raise RunFileError(
                str(path),
                "is not a file of a sweep",
                "give one that simulator sweep wrote, or two runs to compare",
            )
        size = path.stat().st_size
        claimed = 0
        for name, kind in inspection.links(file["/"].id, str(path)):
            where = f"{path}:/{name}"
            if kind != h5py.h5l.TYPE_HARD:
                raise refuse(where, "is a link")
            thing = h5py.h5o.open(file.id, name.encode())
            if not isinstance(thing, h5py.h5d.DatasetID):
                raise refuse(where, "is no plain table")
            claimed += _claim(h5py.Dataset(thing), where)
        if claimed > size:
            raise refuse(str(path), f"claims {claimed:,} bytes and has {size:,}")
        for thing in (file, *file.values()):
            dict(thing.attrs)
        for dataset in file.values():
            dataset[...]


def _claim(dataset: h5py.Dataset, where: str) -> int:
    """Give how many bytes a table claims; refuse one that is not laid out plainly."""
    settings = dataset.id.get_create_plist()
    plain = settings.get_layout() == h5py.h5d.CONTIGUOUS
    if not plain or settings.get_external_count():
        raise refuse(where, "is not laid out as in the file of a sweep")
    kind = dataset.id.get_type()
    if not storage.is_text(kind) and kind.get_class() not in NUMBERS:
        raise refuse(where, "holds neither text nor numbers")
    return int(prod(dataset.shape) * kind.get_size())
