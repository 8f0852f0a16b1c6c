"""Sections of a page as Markdown, for a repository and for whoever edits it."""

import html
from collections.abc import Iterator, Sequence

from simulator.page.parts import Commands, Part, Points, Section, Table, Words


def markdown(title: str, sections: Sequence[Section]) -> str:
    """Write sections of words, points, commands and tables; texts are only texts."""
    lines = [f"# {_text(title)}"]
    for section in sections:
        lines += ["", f"## {_text(section.title)}"]
        for part in section.parts:
            lines += ["", *_part(part)]
    return "\n".join(lines) + "\n"


def _part(part: Part) -> Iterator[str]:
    match part:
        case Words():
            yield f"**{_text(part.text)}**" if part.strong else _text(part.text)
        case Points():
            yield from (f"- {_text(item)}" for item in part.items)
        case Commands():
            yield from (f"    {line}" for line in part.lines)
        case Table():
            yield _text(part.caption)
            yield ""
            yield from _table(part)
        case _:
            raise NotImplementedError(f"{part.kind} has no Markdown")


def _table(part: Table) -> Iterator[str]:
    yield f"| {' | '.join(_text(name) for name in part.columns)} |"
    yield f"|{'---|' * len(part.columns)}"
    keys = part.keys or ("",) * len(part.rows)
    for row, key in zip(part.rows, keys, strict=True):
        first, *rest = (_text(cell) for cell in row)
        cells = [f"{first} (`{_code(key)}`)" if key else first, *rest]
        yield f"| {' | '.join(cells)} |"


def _text(text: str) -> str:
    """Keep names in a run file from being read as tags, cells or links."""
    found = html.escape(" ".join(text.split()), quote=False)
    for letter in "\\|*_[]`":
        found = found.replace(letter, f"\\{letter}")
    return found


def _code(text: str) -> str:
    return " ".join(text.split()).replace("`", "'").replace("|", "\\|")
