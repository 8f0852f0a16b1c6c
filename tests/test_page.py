"""The page of a run: self-contained, its numbers the file's, its texts only texts."""

import base64
import hashlib
import json
import re
import sys
from html.parser import HTMLParser

import processes
import pytest
import tiny
from click.testing import CliRunner
from test_plots import EVIL, tables

import simulator as sim
from simulator.answers.headline.beside import cell, has_both
from simulator.answers.headline.estimate import GIVEN, headline
from simulator.answers.text import chance
from simulator.cli import main
from simulator.errors import RunFileError
from simulator.page import pictures, verbal, writing

DRAWS = 60
TITLE = "Tyds & <b>bold</b>"
BOTH = ["quick", pytest.param("whole", marks=pytest.mark.slow)]
EMPTY = {"meta", "link", "input", "img", "br"}


class Page(HTMLParser):
    """What a page holds: its tables by id, its texts, and all that it asks for."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.asked, self.ids, self.open = {}, [], [], []
        self.texts = {"h1": [], "h2": [], "p": [], "li": [], "pre": [], "script": []}
        self.rows = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.asked += [
            v for k, v in attrs if k in ("src", "href", "xlink:href", "data")
        ]
        if tag not in EMPTY:
            self.open.append(tag)
        if tag == "table":
            self.rows = self.tables[found["id"]] = []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "table" in self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data.replace("\n", " ")
        for tag in self.open:
            if tag in self.texts:
                self.texts[tag][-1] += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("page")
    given = tables()
    given["title"] = TITLE
    names = tiny.POPULATION.replace("North Acute", "<script>alert(2)</script>")
    tiny.write(place, given)
    (place / "tiny.csv").write_text(names, encoding="utf-8")
    few = sim.load_scenario(place / "tiny.toml", settings=tiny.FEW_CAUSES)
    sim.run(few, draws=DRAWS, seed=7, output=place / "run.h5").close()
    more = [*tiny.FEW_CAUSES, "delivery.real_share=0.9"]
    other = sim.load_scenario(place / "tiny.toml", settings=more)
    sim.run(other, draws=DRAWS, seed=7, output=place / "more.h5").close()
    return place


@pytest.fixture(scope="module")
def quick(folder):
    place = folder / "quick.html"
    sim.report(folder / "run.h5", place, target="1%", quick=True)
    return place.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(folder):
    """A page with all that is simulated, of few draws, and a comparison."""
    place = folder / "whole.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "DRAWS_WHY", 4)
        patch.setattr(writing, "DRAWS_BELIEFS", 256)
        patch.setattr(writing, "DRAWS_PAST", 50)
        counted = []
        files = [folder / "run.h5", folder / "more.h5"]
        sim.report(files, place, target="1%", on_progress=counted.append)
        plan = writing.plan(files, place, "1%", force=True)
        assert sum(counted) == plan.simulated
    return place.read_text(encoding="utf-8")


# --- self-contained, and only texts ---------------------------------------------------


@pytest.mark.parametrize("which", BOTH)
def test_it_asks_for_nothing(which, request):
    text = request.getfixturevalue(which)
    page = Page(text)
    assert all(link.startswith("#") for link in page.asked)
    assert {link[1:] for link in page.asked} <= set(page.ids)
    assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/)", text)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("which", BOTH)
def test_its_one_script_is_the_one_that_the_policy_allows(which, request):
    text = request.getfixturevalue(which)
    (script,) = Page(text).texts["script"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in text


@pytest.mark.parametrize("which", BOTH)
def test_names_in_a_run_file_are_texts_on_the_page(which, request):
    text = request.getfixturevalue(which)
    page = Page(text)
    assert page.texts["h1"][0].startswith(TITLE)
    assert "<script>alert" not in text
    assert "<b>bold" not in text
    targets = [row[0] for row in page.tables["targets"]]
    assert EVIL in targets
    names = [row[0] for row in page.tables["every-trust"]]
    assert "<script>alert(2)</script>" in names


@pytest.mark.parametrize("which", BOTH)
def test_no_two_things_have_one_id(which, request):
    ids = Page(request.getfixturevalue(which)).ids
    assert len(ids) == len(set(ids))


# --- its numbers ----------------------------------------------------------------------


def test_the_chances_of_its_targets_are_those_of_the_file(folder, quick):
    answer = headline(sim.open(folder / "run.h5"))
    _, *rows = Page(quick).tables["targets"]
    assert {row[0] for row in rows} == {str(name) for name in answer["target"].values}
    columns = ["sector", "balance", "sustained", "median_trust"]
    for row in rows:
        found = answer.sel(target=row[0])
        said = [chance(found, f"{name}_probability") for name in columns]
        given = [cell(answer, row[0], "sector", GIVEN)] if has_both(answer) else []
        assert row[4 : 8 + len(given)] == [said[0], *given, *said[1:]]


def test_the_chances_of_its_trusts_are_those_of_the_file(folder, quick):
    root = sim.open(folder / "run.h5").to_dataset()
    _, *rows = Page(quick).tables["every-trust"]
    assert len(rows) == root.sizes["trust"]
    for row in rows:
        one = root.sel(target="1%", trust=row[1], outcome="recurrent")
        ends = {f"chance{e}": one[f"probability{e}"] for e in ("", "_low", "_high")}
        assert row[-1] == chance(ends, "chance")


def test_its_answer_says_the_chance_in_words_and_numbers(folder, quick):
    row = headline(sim.open(folder / "run.h5")).sel(target="1%")
    word = verbal.likely(float(row["sector_probability"]))
    said = chance(row, "sector_probability").removesuffix(")")
    answer = next(text for text in Page(quick).texts["p"] if text.startswith("To ach"))
    assert answer.startswith(f"To achieve 1% a year is {word}: {said}")
    assert f"{DRAWS} draws" in answer


@pytest.mark.parametrize(
    ("chances", "word"),
    [
        ((0.0, 0.01), "exceptionally unlikely"),
        ((0.011, 0.1), "very unlikely"),
        ((0.34, 0.66), "about as likely as not"),
        ((0.991, 1.0), "virtually certain"),
    ],
)
def test_a_word_means_the_same_everywhere(chances, word):
    assert {verbal.likely(chance) for chance in chances} == {word}


# --- its sections ---------------------------------------------------------------------


def test_a_quick_page_says_what_it_leaves_out(folder, quick):
    page = Page(quick)
    assert "What this page leaves out" in page.texts["h2"]
    assert f"simulator why {folder / 'run.h5'} --target '1%'" in page.texts["pre"][0]
    assert "why-delivered-numbers" not in page.tables


@pytest.mark.slow
def test_a_whole_page_answers_in_the_order_of_the_questions(whole):
    page = Page(whole)
    assert page.texts["h2"][:3] == [
        "The question",
        "What is not in the number",
        "The answer",
    ]
    rest = ["Why it is missed", "What it hangs on", "Compared with other runs"]
    places = [page.texts["h2"].index(title) for title in rest]
    assert places == sorted(places)
    assert "Would it have told you so?" in page.texts["h2"]
    assert "What this page leaves out" not in page.texts["h2"]
    assert len(page.tables["hindcast-numbers"]) > 40
    assert page.tables["why-delivered-numbers"][-1][0] == "delivered"


@pytest.mark.slow
def test_every_graded_assumption_is_listed_once_the_weakest_first(whole):
    tables_ = Page(whole).tables
    rows = [*tables_["graded"][1:], *tables_["more-graded"][1:]]
    assert len({row[0] for row in rows}) == len(rows)
    # The uncertain ones say how likely their values are.
    words = ("likely", "deviation", "in eight cases")
    unmoved = [
        row for row in rows if not row[4] and not any(word in row[1] for word in words)
    ]
    grades = [row[2] for row in unmoved]
    assert grades == sorted(grades, reverse=True)


def test_a_picture_is_one_image_with_a_text():
    drawn = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="5" '
        'viewBox="0 0 9 5"><g role="graphics-object" aria-roledescription="group">'
        '<path role="graphics-symbol" aria-label="1%: 62%"/></g></svg>'
    )
    found = pictures.inline(drawn, 'chances, "1%" & more')
    assert 'role="img" aria-label="chances, &quot;1%&quot; &amp; more"' in found
    assert 'data-said="1%: 62%"' in found
    assert "graphics-" not in found
    assert " width=" not in found


# --- as a command ---------------------------------------------------------------------


def test_a_page_is_not_replaced_unasked(folder, quick):
    with pytest.raises(RunFileError, match="is there already"):
        sim.report(folder / "run.h5", folder / "quick.html", quick=True)
    with pytest.raises(RunFileError):
        sim.report(folder / "run.h5", folder / "run.h5", quick=True, force=True)


def test_runs_of_other_trusts_are_not_compared(folder, tmp_path):
    tiny.write(tmp_path, tables())
    place = tmp_path / "other.h5"
    sim.run(tmp_path / "tiny.toml", draws=DRAWS, seed=8, output=place).close()
    words = ["report", str(folder / "run.h5"), str(place), "-o", str(tmp_path / "p")]
    done = CliRunner().invoke(main, [*words, "--quick"])
    assert done.exit_code == 1
    assert "have different seeds" in done.stderr
    assert not (tmp_path / "p").exists()


def test_as_a_process_in_a_pipe(folder):
    words = "report", "run.h5", "--quick", "-o", "piped.html", "--json"
    done = processes.python("-m", "simulator.cli", *words, folder=folder)
    assert processes.fault(done) == ""
    found = json.loads(done.stdout)
    assert found["bytes"] == (folder / "piped.html").stat().st_size < 3_000_000
    assert found["simulated_draws"] == 0


def test_without_the_extra_the_command_says_what_to_install(folder):
    script = (
        "import sys; sys.modules['jinja2'] = None; sys.argv = ['simulator', 'report', "
        "'run.h5', '-o', 'none.html']; from simulator.cli import main; main()"
    )
    done = processes.start(sys.executable, "-c", script, folder=folder)
    assert done.returncode == 1
    assert done.stderr == (
        "report: needs jinja2, which is not installed; "
        'pip install "nhs-efficiency-simulator[report]"\n'
    )


# --- in a notebook --------------------------------------------------------------------


def test_a_look_is_the_answer_with_its_picture(folder):
    run = sim.open(folder / "run.h5")
    found = sim.look(run, EVIL)
    shown = found._repr_html_()
    assert "<script>" not in shown
    assert shown.count("<svg") == 1
    assert shown.count("<p>") == len(found.sentences)
    first = f"To achieve {EVIL} a year is "
    assert repr(found).splitlines()[1].startswith(first)
