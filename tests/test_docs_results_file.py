"""The page on the run file names every variable that can stand in one."""

from pathlib import Path

import pytest

from simulator import schema

PAGE = Path(__file__).resolve().parent.parent / "docs" / "results-file.md"


@pytest.mark.parametrize("variable", schema.VARIABLES.values(), ids=lambda v: v.path)
def test_the_page_describes_every_variable(variable: schema.Variable) -> None:
    cells = (
        f"`{variable.name}`",
        ", ".join(variable.dims),
        variable.dtype,
        variable.unit,
        variable.meaning,
    )
    assert f"| {' | '.join(cells)} |" in PAGE.read_text(encoding="utf-8")
