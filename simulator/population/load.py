"""Populations by their packaged name, or from a table that somebody names."""

from pathlib import Path

from simulator.errors import PopulationError
from simulator.files import reading
from simulator.messages import nearest
from simulator.population import synthetic, table
from simulator.population.model import Population
from simulator.types import Place


def load_population(name_or_path: Place, base: Path = Path()) -> Population:
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
    return table.from_csv_text(text, (base / name).name)


def read_text(path: Place) -> str:
    """Read a table as text, such as a list of trusts to build a population from."""
    return reading.text_of(Path(path), str(path), PopulationError)
