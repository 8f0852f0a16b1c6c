"""The sheet "Answer" as LibreOffice prints it: one page, with the numbers of the file.

LibreOffice is a system package (`libreoffice-calc`); without it these are skipped.
"""

import re
import shutil
import subprocess

import pytest
import tiny

import simulator as sim
from simulator.exports.answer_sheet import sheet

SOFFICE = shutil.which("soffice")
PDFTOTEXT = shutil.which("pdftotext")
pytestmark = pytest.mark.skipif(
    SOFFICE is None or PDFTOTEXT is None, reason="needs soffice and pdftotext"
)
DRAWS = 200
FIRST_TWO = (
    'pdf:calc_pdf_Export:{"PageRange":{"type":"string","value":"1-2"}}'  # is quicker
)
COUNT = re.compile(r"(?<![\w.,])[\d.]+%?(?![\w.,%])")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    place = tmp_path_factory.mktemp("printed")
    scenario = sim.load_scenario(tiny.write(place))
    sim.run(scenario, draws=DRAWS, seed=7, output=place / "run.h5").close()
    sim.export(place / "run.h5", place / "run.xlsx", to="xlsx", tables=["summaries"])
    return sim.open(place / "run.h5"), place


@pytest.fixture(scope="module")
def pages(run):
    """The words of the first two printed pages, line by line."""
    _, place = run
    profile = f"-env:UserInstallation={(place / 'profile').as_uri()}"
    words = [SOFFICE, "--headless", profile, "--convert-to", FIRST_TWO]
    words += ["--outdir", str(place), str(place / "run.xlsx")]
    subprocess.run(words, check=True, capture_output=True, timeout=240)
    done = subprocess.run(
        [PDFTOTEXT, "-layout", str(place / "run.pdf"), "-"],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    return done.stdout.split("\f")


def test_all_of_the_answer_is_on_the_first_page(run, pages):
    of = sheet(run[0])
    first, second = (" ".join(page.split()) for page in pages[:2])
    for text in (of.title, *of.lines, of.notes[-1], of.meanings[0]):
        assert " ".join(text.split()) in first
    assert of.title not in second
    assert of.notes[-1] not in second


def test_its_numbers_are_those_of_the_file(run, pages):
    root = run[0].to_dataset()
    lines = [line.strip() for line in pages[0].splitlines()]
    of = sheet(run[0])
    assert len(of.rows) == root.sizes["target"]
    for name, rate, _, *numbers in of.rows:
        (line,) = (one for one in lines if re.match(rf"{re.escape(name)}\s{{2,}}", one))
        found = COUNT.findall(line.removeprefix(name))
        shares, counts = numbers[:-3], numbers[-3:]
        expected = [rate, *(share for share in shares if share is not None)]
        assert len(found) == len(expected) + len(counts)
        for word, share in zip(found, expected, strict=False):
            places = len(word.partition(".")[2].rstrip("%"))
            assert word.endswith("%")
            assert float(word[:-1]) == pytest.approx(
                100 * share, abs=0.51 * 10**-places
            )
        assert [float(word) for word in found[-3:]] == pytest.approx(counts, abs=0.5)
