"""The page of the package's public names, from their docstrings: docs/api.md."""

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import simulator

WIDTH: Final = 88
HEAD: Final = """\
# In Python

```python
import simulator as sim

run = sim.run("long-term-plan", draws=2000)
run["sector_probability"].sel(outcome="measured")
```

What the command line answers, Python can ask too. These are all names of the package
that are meant to be used; whatever else is in it may change tomorrow. Results are
xarray datasets and trees whose variables carry unit and meaning as attributes;
[results-file.md](results-file.md) lists those of a run. What is wrong with an input is
raised as a `SimulatorError`, which names the place, the problem and a remedy.

<!-- Written from the docstrings by `make pages`. -->
"""
ASKED, GIVEN, RAISED = "What can be asked", "What is given", "What is raised"
DRAWN, OTHER = "What can be drawn", "Constants"
SECTION: Final = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.M)
PLAIN: Final = (int, float, str, tuple, type(None))
LISTS: Final = {"Parameters", "Attributes", "Returns", "Yields", "Raises", "Warns"}


def markdown() -> str:
    """Write the page."""
    order = (ASKED, DRAWN, GIVEN, RAISED, OTHER)
    groups: dict[str, list[str]] = {title: [] for title in order}
    for name in simulator.__all__:
        thing = getattr(simulator, name)
        groups[group_of(thing)].append(entry(name, thing))
    parts = ((f"## {title}\n", *entries) for title, entries in groups.items())
    return "\n".join(itertools.chain([HEAD], *parts))


def group_of(thing: Any) -> str:
    """Say under which heading a name belongs."""
    if inspect.isclass(thing):
        return RAISED if issubclass(thing, Exception) else GIVEN
    if inspect.ismodule(thing):
        return DRAWN
    return ASKED if inspect.isfunction(thing) else OTHER


def entry(name: str, thing: Any) -> str:
    """Explain one public name; of a module, the names in it too."""
    if inspect.ismodule(thing):
        names = {f"{name}.{each}": getattr(thing, each) for each in thing.__all__}
        return "\n".join([explained(thing) + "\n", *map(entry, names, names.values())])
    if inspect.isfunction(thing):
        parts = [fenced(signature(name, thing)), explained(thing)]
    elif inspect.isclass(thing):
        parts = [explained(thing), *members(thing)]
    else:
        parts = [f"A constant of type `{type(thing).__name__}`."]
    return "\n\n".join([f"### `{name}`", *filter(None, parts)]) + "\n"


def signature(name: str, function: Callable[..., Any]) -> str:
    """Write how a function is called, with types as its source has them."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    result = f" -> {ast.unparse(tree.returns)}" if tree.returns else ""
    given = list(arguments(tree.args, inspect.signature(function).parameters))
    line = f"sim.{name}({', '.join(given)}){result}"
    if len(line) <= WIDTH:
        return line
    lines = "".join(f"    {each},\n" for each in given)
    return f"sim.{name}(\n{lines}){result}"


def arguments(
    tree: ast.arguments, known: Mapping[str, inspect.Parameter]
) -> Iterator[str]:
    """Yield each argument with its type and default."""
    types = {
        each.arg: f"{star}{ast.unparse(each)}"
        for star, group in (
            ("", [*tree.posonlyargs, *tree.args, *tree.kwonlyargs]),
            ("*", filter(None, [tree.vararg])),
            ("**", filter(None, [tree.kwarg])),
        )
        for each in group
    }
    starred = tree.vararg is not None
    for name, parameter in known.items():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        if parameter.default is parameter.empty:
            yield types[name]
        elif isinstance(parameter.default, PLAIN):
            yield f"{types[name]} = {parameter.default!r}"
        else:
            yield f"{types[name]} = ..."


def members(thing: type) -> Iterator[str]:
    """Name what a class offers beside what its docstring lists."""
    fields = inspect.get_annotations(thing)
    if fields and not SECTION.search(inspect.getdoc(thing) or ""):
        yield "Holds " + ", ".join(f"`{name}`" for name in fields) + "."
    lines = [
        f"- `{name}`: {inspect.getdoc(member).partition(chr(10))[0]}"
        for name, member in vars(thing).items()
        if not name.startswith("_")
        if inspect.isfunction(member) or isinstance(member, property)
        if inspect.getdoc(member)
    ]
    if lines:
        yield "\n".join(lines)


def explained(thing: Any) -> str:
    """Turn a numpydoc docstring into Markdown."""
    text, *sections = SECTION.split(f"{inspect.getdoc(thing) or ''}\n")
    parts = [plain(text)]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        words = items(body) if title in LISTS else plain(body)
        parts.append(f"**{title}**\n\n{words}")
    return "\n\n".join(filter(None, parts))


def plain(text: str) -> str:
    """Keep paragraphs as they are, and fence examples."""
    blocks = re.split(r"\n\s*\n", re.sub(r" *# doctest:.*", "", text.strip()))
    return "\n\n".join(
        fenced(block, "pycon") if block.startswith(">>>") else block for block in blocks
    )


def items(body: str) -> str:
    """Turn names with indented words into a list."""
    rows: list[str] = []
    for line in body.strip("\n").splitlines():
        if line and not line.startswith(" "):
            rows.append(f"- `{line}`:")
        elif line.strip() and rows:
            rows[-1] += f" {line.strip()}"
    return "\n".join(row.removesuffix(":") for row in rows)


def fenced(code: str, language: str = "py") -> str:
    """Put code into a block; what a reader can run as it stands is `python`."""
    return f"```{language}\n{code}\n```"
