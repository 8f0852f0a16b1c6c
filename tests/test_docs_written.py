"""Pages that are written from the code are what the code says today."""

import tomllib
from pathlib import Path

import processes
import pytest

from benchmarks import api_page, pages
from simulator.scenario import keys, reference, write
from simulator.scenario.model import Scenario

ROOT = Path(__file__).resolve().parent.parent
SCENARIO_FILE = (ROOT / "docs" / "scenario-file.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", list(pages.WRITTEN))
def test_a_page_says_what_the_code_says(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert text == pages.WRITTEN[name](), f"run python -m benchmarks.pages {name}"


def test_the_command_prints_the_page_of_the_scenario_file(tmp_path: Path) -> None:
    done = processes.python("-m", "simulator", "schema", "--markdown", folder=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == SCENARIO_FILE


def paths(model: type, above: str = "") -> list[str]:
    """List every key by its path, names of the analyst's own as NAME."""
    found = []
    for name, (bare, _) in keys.held(model).items():
        table = reference.table_in(bare)
        if table is None:
            found.append(f"{above}{name}")
        else:
            own = ".NAME" if "Mapping" in str(bare) else ""
            found += paths(table, f"{above}{name}{own}.")
    return found


def rows() -> dict[str, list[str]]:
    """Read the tables of the page: cells by the path of the key."""
    found, table = {}, ""
    for line in SCENARIO_FILE.partition("## The keys")[2].splitlines():
        if line.startswith("#"):
            table = f"{line.strip('#[]` ')}."
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and "." not in cells[0]:
            found[table + cells[0].strip("` ")] = cells
    return found


def test_every_key_has_a_row_with_a_meaning() -> None:
    found = rows()
    assert sorted(found) == sorted(paths(Scenario))
    assert not [path for path, cells in found.items() if len(cells[5]) < 5]


def test_every_number_has_a_unit_and_every_built_in_number_a_source() -> None:
    for path, (_, holds, unit, value, grade, _, source) in rows().items():
        if holds.startswith(("number", "whole number", "list, one a year")):
            assert unit, path
        if grade:
            assert source, path
        assert value.startswith(("`", "has to be set", "none")), path


def test_the_first_example_of_the_page_is_a_scenario() -> None:
    text = SCENARIO_FILE.split("```toml\n")[1].split("```")[0]
    assert text.startswith("# A scenario")
    tables = tomllib.loads(text)
    assert {"name", "extends", "targets"} <= tables.keys()


def test_editors_are_told_what_every_key_means() -> None:
    schema = write.json_schema()
    tables = {"Scenario": schema, **schema["$defs"]}
    unsaid = [
        f"{table}.{key}"
        for table, parts in tables.items()
        for key, part in parts["properties"].items()
        if not part.get("description") and not described(part, schema)
    ]
    assert unsaid == []
    said = schema["$defs"]["Shock"]["properties"]["sd"]["description"]
    assert said in rows()["prices.pay_shock.sd"]


def described(part: dict[str, object], schema: dict[str, dict[str, object]]) -> bool:
    """Say whether the table that a key refers to is described."""
    name = str(part.get("$ref", "")).rpartition("/")[2]
    return bool(name) and bool(schema["$defs"][name].get("description"))


# --- the page of the package's names ----------------------------------------------


def example(first: int, *, second: str = "a", third: object = print) -> float:
    """Add what is given.

    More of it.

    Parameters
    ----------
    first
        A number
        of two lines.
    second, third
        Others.

    Returns
    -------
    sum
        Of both.

    Examples
    --------
    >>> example(1)  # doctest: +SKIP
    2.0
    """
    return float(first)


def test_a_docstring_becomes_markdown() -> None:
    assert api_page.explained(example) == (
        "Add what is given.\n\nMore of it.\n\n"
        "**Parameters**\n\n- `first`: A number of two lines.\n"
        "- `second, third`: Others.\n\n"
        "**Returns**\n\n- `sum`: Of both.\n\n"
        "**Examples**\n\n```pycon\n>>> example(1)\n2.0\n```"
    )


def test_a_signature_has_its_types_and_plain_defaults() -> None:
    assert api_page.signature("example", example) == (
        "sim.example(first: int, *, second: str = 'a', third: object = ...) -> float"
    )
