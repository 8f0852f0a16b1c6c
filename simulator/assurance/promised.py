"""The names that are promised to users, and which of them lack a description."""

import ast
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

FACE: Final = (
    "__init__.pyi"  # says where each name lives; read, as nothing of it is used
)


def promised() -> dict[str, bool]:
    """Say of every promised name whether it is described where it lives."""
    package = resources.files("simulator")
    tree = ast.parse(package.joinpath(FACE).read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            source = _source(package, (node.module or "").split("."))
            for alias in node.names:
                found[alias.asname or alias.name] = alias.name not in source
    return found


def _source(package: Traversable, parts: list[str]) -> set[str]:
    """List the functions and classes of a module that have no description."""
    *folders, last = parts
    place = package.joinpath(*folders, f"{last}.py" if last else "__init__.py")
    return set(_bare(ast.parse(place.read_text(encoding="utf-8"))))


def _bare(tree: ast.Module) -> Iterator[str]:
    code = (ast.FunctionDef, ast.ClassDef)
    for node in (one for one in tree.body if isinstance(one, code)):
        if not ast.get_docstring(node):
            yield node.name
