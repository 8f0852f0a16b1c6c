"""The notebooks run from top to bottom, are kept stripped, and are all listed."""

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def read(place):
    return nbformat.read(place, as_version=4)


def test_every_notebook_is_listed():
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert NOTEBOOKS
    assert all(f"]({place.name})" in listed for place in NOTEBOOKS)
    assert listed.count(".ipynb)") == len(NOTEBOOKS)


@pytest.mark.parametrize("place", NOTEBOOKS, ids=lambda place: place.stem)
def test_a_notebook_is_kept_without_its_outputs(place):
    for cell in read(place).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("place", NOTEBOOKS, ids=lambda place: place.stem)
def test_a_notebook_runs(place, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    book = read(place)
    where = {"metadata": {"path": tmp_path}}
    NotebookClient(book, timeout=300, resources=where).execute()
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert [one.text for one in outputs if one.get("name") == "stderr"] == []
    kinds = {kind for one in outputs for kind in one.get("data", {})}
    assert kinds & {"text/html", "application/vnd.vegalite.v6+json"}
