"""Finished parts of a run, each with its receipt, whatever process or machine made it.

A part is written under a temporary name that carries host and process, put on the disk
and given its own name, which ends in its hash: so two processes that compute the same
draws do not meet. It is finished when its receipt stands beside it, which says what
draws it holds, what its bytes hash to and what its numbers follow from. None is ever
changed again. A folder takes parts in any order, and looks at each before it does.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import h5py

from simulator.errors import RunFileError
from simulator.files import whole
from simulator.files.whole import sync
from simulator.runfile import digests

MANIFEST: Final = "manifest.json"
TOKEN: Final = "token"  # in the manifest: which folder this is, on every machine
PART: Final = r"draws-\d{12}-[0-9a-f]{16}\.(h5|json)"  # a part or its receipt
_HASHED: Final = 16  # letters of a part's hash that its name ends in

Write = Callable[[Path], None]


@dataclass(frozen=True)
class Receipt:
    """What is said of consecutive draws that are finished.

    Attributes
    ----------
    file
        Name of the part, within its folder.
    first_draw, draws
        Number of the first draw, and how many there are.
    sha256
        Of the file's bytes.
    made_from
        All that the numbers follow from: digests of the inputs, versions, and what was
        asked.
    """

    file: str
    first_draw: int
    draws: int
    sha256: str
    made_from: Mapping[str, str]

    @property
    def stop(self) -> int:
        """Give the draw after the last."""
        return self.first_draw + self.draws

    @property
    def name(self) -> str:
        """Name the receipt's own file."""
        return str(Path(self.file).with_suffix(".json"))


class FinishedParts:
    """The finished parts of one run in a folder, in the order of their draws.

    Parameters
    ----------
    path
        The folder.
    made_from
        What the run's numbers follow from; every part has to be made from the same.
    """

    def __init__(self, path: Path, made_from: Mapping[str, str]) -> None:
        self.path = path
        self.made_from = dict(made_from)
        self.parts: list[Receipt] = []

    def files(self, stop: int | None = None) -> list[Path]:
        """List the parts in order; those beyond a `stop` are left out."""
        parts = self.parts if stop is None else self.up_to(stop)
        return [self.path / part.file for part in parts]

    def up_to(self, stop: int) -> list[Receipt]:
        """List the parts that hold no draw from `stop` on."""
        return [part for part in self.parts if part.stop <= stop]

    def missing(self, draws: range) -> list[range]:
        """List which of some draws no part holds."""
        found, done = [], draws.start
        for part in self.parts:
            if part.stop <= done or part.first_draw >= draws.stop:
                continue
            if part.first_draw > done:
                found.append(range(done, part.first_draw))
            done = part.stop
        return found if done >= draws.stop else [*found, range(done, draws.stop)]

    def adopt(self, receipt: Receipt) -> None:
        """Take a finished part, in any order; draws that are there are not taken twice.

        Raises
        ------
        RunFileError
            Where the part was made from something else, was changed since, or does
            not agree with what is there.
        """
        check_same(self.path / receipt.file, receipt.made_from, self.made_from)
        for known in self.parts:
            if (known.first_draw, known.draws) == (receipt.first_draw, receipt.draws):
                self._check_equal(known, receipt)
                return
            if known.first_draw < receipt.stop and receipt.first_draw < known.stop:
                raise RunFileError(
                    str(self.path / receipt.file),
                    f"holds draws that {known.file} holds too",
                    "delete one of them; divide a run in one way",
                )
        self._check_whole(receipt)
        self.parts.append(receipt)
        self.parts.sort(key=lambda part: part.first_draw)

    def _check_whole(self, receipt: Receipt) -> None:
        file = self.path / receipt.file
        if not file.is_file() or file_digest(file) != receipt.sha256:
            raise RunFileError(
                str(file),
                "is missing or was changed after it was finished",
                "compute it again, or begin anew with --force",
            )

    def _check_equal(self, known: Receipt, other: Receipt) -> None:
        """Refuse two parts of the same draws with other numbers: one is wrong."""
        if known.sha256 == other.sha256:
            return
        self._check_whole(other)
        said = (_payload(self.path / part.file) for part in (known, other))
        if len(set(said)) > 1:
            raise RunFileError(
                str(self.path / other.file),
                f"holds other numbers than {known.file} of the same draws",
                "one of the machines that made them miscounts: compute both again",
            )


def _payload(file: Path) -> str:
    with h5py.File(file, "r") as part:
        return json.dumps(digests.stated_in(part))


def check_same(place: Path, theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    """Refuse what was made from something else than a run is made from."""
    differ = [
        key for key in sorted({*theirs, *ours}) if theirs.get(key) != ours.get(key)
    ]
    if differ:
        raise RunFileError(
            str(place),
            f"holds a run that was begun otherwise: {', '.join(differ)} differ",
            "ask for what was asked then, or begin anew with --force",
        )


def made(
    folder: Path, made_from: Mapping[str, str], draws: range, write: Write
) -> Receipt:
    """Write a part into a folder, then its receipt.

    Parameters
    ----------
    folder
        Which may be shared with other processes and machines.
    made_from
        As of `Receipt`.
    draws
        Which it holds.
    write
        Writes the part at the path that it is given.
    """
    stem = f"draws-{draws.start:012d}"
    place = whole.temporary(folder / f"{stem}.h5")
    try:
        write(place)
        sync(place)
        digest = file_digest(place)
        name = f"{stem}-{digest[:_HASHED]}.h5"
        place.replace(folder / name)
    finally:
        with suppress(OSError):
            place.unlink()
    receipt = Receipt(name, draws.start, len(draws), digest, dict(made_from))
    write_json(folder / receipt.name, asdict(receipt))
    return receipt


def store(folder: Path, receipt: Receipt, content: bytes) -> None:
    """Put a part into a folder that was made elsewhere, and its receipt."""
    place = folder / receipt.file
    with whole.begun(place) as path:
        path.write_bytes(content)
        sync(path)
    write_json(folder / receipt.name, asdict(receipt))


def token_in(folder: Path) -> str:
    """Read by what a folder is known to be the same one; "" where there is none."""
    return str((of_folder(folder) or {}).get(TOKEN, ""))


def found_in(folder: Path) -> Iterator[Receipt]:
    """Read the receipts in a folder, in the order of their names."""
    for place in sorted(folder.glob("draws-*.json")):
        yield _read(place)


def _read(place: Path) -> Receipt:
    try:
        receipt = Receipt(**(read_json(place) or {}))
        # The name stands for the file's: nothing outside the folder is meant.
        is_ours = receipt.name == place.name and min(receipt.draws, 1) == 1
        dict(receipt.made_from)
    except (TypeError, ValueError):
        is_ours = False
    if not is_ours:
        raise not_ours(place, "receipt")
    return receipt


def of_folder(folder: Path) -> dict[str, Any] | None:
    """Read what the parts of a folder are made from; None where nothing says it."""
    found = read_json(folder / MANIFEST)
    if found is not None and not isinstance(found.get("made_from"), dict):
        raise not_ours(folder / MANIFEST, "manifest")
    return found


def not_ours(place: Path, what: str) -> RunFileError:
    """Say that a small file is not what its name says."""
    return RunFileError(
        str(place), f"is not a {what} of ours", "begin anew with --force"
    )


# --- files that are whole or not there ------------------------------------------------


def write_json(place: Path, content: Mapping[str, Any]) -> None:
    """Write a small file under its name when it is complete, and put it on the disk."""
    with whole.begun(place) as path:
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        sync(path)
    sync(place.parent)


def read_json(place: Path) -> dict[str, Any] | None:
    """Read a small file; None where there is none."""
    if not place.is_file():
        return None
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except ValueError as error:
        raise not_ours(place, "manifest") from error
    if not isinstance(found, dict):
        raise not_ours(place, "manifest")
    return found


def file_digest(path: Path) -> str:
    """Give the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
