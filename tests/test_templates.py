"""The script for R and the template for Quarto, beside the notebooks, run too."""

import ast
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import tiny

import simulator as sim

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
DRAWS = 200
CELL = re.compile(r"^```\{python\}\n(.*?)^```$", re.M | re.DOTALL)
HOST = re.compile(r"https?://|\bcran\b|\bpypi\b", re.I)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("templates")
    given = tiny.tables()
    asked = {"2%": (0.02, "reported"), "1%": (0.01, "cash_releasing")}
    asked["3%"] = 0.03, "recurrent"
    given["targets"] = [
        {"name": name, "rate": rate, "basis": basis, "source": "made up"}
        for name, (rate, basis) in asked.items()
    ]
    scenario = sim.load_scenario(tiny.write(place, given))
    sim.run(scenario, draws=DRAWS, seed=7, output=place / "run.h5").close()
    return place


@pytest.mark.parametrize("name", ["curve.R", "paper.qmd"])
def test_it_is_listed_and_names_no_host(name):
    assert f"]({name})" in (FOLDER / "README.md").read_text(encoding="utf-8")
    assert not HOST.search((FOLDER / name).read_text(encoding="utf-8"))


def test_r_draws_the_chances_of_the_file(folder):
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed: make readers")
    words = ["Rscript", "--vanilla", str(FOLDER / "curve.R"), "run.h5", "curve.pdf"]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False
    )
    if "there is no package called" in done.stderr:
        pytest.skip("R has no ncdf4: make readers")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (folder / "curve.pdf").read_bytes().startswith(b"%PDF")
    header, *lines = done.stdout.splitlines()
    assert header.split() == ["target", "asked", "chance", "low", "high"]
    rows = [line.split() for line in lines]
    assert [row[0] for row in rows] == ["1%", "2%", "3%"]
    root = sim.open(folder / "run.h5").to_dataset()
    for name, *numbers in rows:
        basis = str(root["basis"].sel(target=name).values)
        outcome = {"reported": "any_means"}.get(basis, basis)
        one = root.sel(target=name, outcome=outcome)
        ends = [
            100 * float(one[f"sector_probability{e}"]) for e in ("", "_low", "_high")
        ]
        assert [float(word) for word in numbers[1:]] == pytest.approx(ends, abs=0.06)


def test_r_refuses_what_it_is_not_given(folder):
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed: make readers")
    words = ["Rscript", "--vanilla", str(FOLDER / "curve.R"), "run.h5"]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0


def shown(folder, monkeypatch):
    """Run the cells of the template as Quarto does, and keep what each ends with."""
    monkeypatch.chdir(folder)
    kept = []
    scope: dict[str, object] = {}
    text = (FOLDER / "paper.qmd").read_text(encoding="utf-8")
    for cell in CELL.findall(text):
        *most, last = ast.parse(cell.replace("long-term-plan.h5", "run.h5")).body
        exec(compile(ast.Module(most, []), "<cell>", "exec"), scope)
        if isinstance(last, ast.Expr):
            kept.append(
                eval(compile(ast.Expression(last.value), "<cell>", "eval"), scope)
            )
        else:
            exec(compile(ast.Module([last], []), "<cell>", "exec"), scope)
    return kept


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_the_cells_of_the_quarto_template_run(folder, monkeypatch):
    kept = shown(folder, monkeypatch)
    heads = (FOLDER / "paper.qmd").read_text(encoding="utf-8").count("\n## ")
    assert len(kept) == heads + 1  # the summary before the first heading
    summary, look, savings, fan, source = kept
    assert "To achieve " in summary.data
    assert "<svg" in look._repr_html_()
    assert savings.to_dict()["title"]["text"]
    assert fan.to_dict()["title"]["text"]
    assert f"{DRAWS} draws, seed 7" in source.data
    assert os.fspath(folder) not in source.data


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("quarto") is None, reason="quarto is not installed")
def test_quarto_renders_the_template(folder):
    shutil.copy(FOLDER / "paper.qmd", folder)
    words = ["quarto", "render", "paper.qmd", "-P", "file:run.h5"]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "To achieve" in (folder / "paper.html").read_text(encoding="utf-8")
