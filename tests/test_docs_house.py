"""What docs/architecture.md and other pages name is there: files, functions, rooms."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_architecture import FLOORS

ROOT = Path(__file__).resolve().parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS)
HOUSE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
# `drivers/layout.py: plan`, or a file or folder alone, in simulator/ or above it.
NAMED = re.compile(r"`((?:[\w-]+/)+(?:[\w-]+\.(?:py|toml))?|\w+\.py)(?:: ([\w.]+))?`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[\w-]+)?\)")
WALK = re.compile(r"^### .*? \(([\d,]+) → ([\d,]+)\)\n(.*?)(?=^#)", re.M | re.DOTALL)


def names_in(path: Path) -> set[str]:
    """List what a file defines at its top, and the methods of its classes."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (each for each in node.body if isinstance(each, ast.FunctionDef))
            found |= {f"{node.name}.{each.name}" for each in inner}
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {each.id for each in targets if isinstance(each, ast.Name)}
    return found


def missing(text: str) -> Iterator[str]:
    """Say which files, folders and names of a page are not there."""
    for where, name in NAMED.findall(text):
        places = [folder / where for folder in (ROOT / "simulator", ROOT)]
        place = next((each for each in places if each.exists()), None)
        if place is None and "/" not in where and not name:
            continue  # `simulate.py` of each answer
        if place is None:
            yield f"{where} is not there"
        elif name and name not in names_in(place):
            yield f"{where} has no {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_file_and_function_that_a_page_names_is_there(page: Path) -> None:
    assert list(missing(page.read_text(encoding="utf-8"))) == []


def test_what_is_not_there_is_found() -> None:
    text = (
        "`drivers/layout.py: plan`, `kernel/`, `outcomes.py`, `drivers/lay.py`, "
        "`drivers/layout.py: plans`, `sampling/stream.py: Stream.words`, "
        "`sampling/stream.py: Stream.verbs`"
    )
    assert list(missing(text)) == [
        "drivers/lay.py is not there",
        "drivers/layout.py has no plans",
        "sampling/stream.py has no Stream.verbs",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_that_is_linked_is_there(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_table_of_rooms_is_the_one_that_is_enforced() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \|$", HOUSE, re.M)
    assert {room: int(floor) for floor, room, _ in rows} == FLOORS
    assert [int(floor) for floor, *_ in rows] == sorted(FLOORS.values())


def test_each_of_six_walks_is_shorter_than_it_was() -> None:
    walks = WALK.findall(HOUSE)
    assert len(walks) == 6
    for before, after, steps in walks:
        files = {where for where, _ in NAMED.findall(steps)}
        lines = sum(
            len((ROOT / "simulator" / where).read_text("utf-8").splitlines())
            for where in files
        )
        most = int(before.replace(",", ""))
        assert lines < most, steps
        assert int(after.replace(",", "")) < most


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    linked = set(LINK.findall(index))
    assert {page.name for page in DOCS} - {"index.md"} <= linked
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "docs/index.md" in LINK.findall(readme)
