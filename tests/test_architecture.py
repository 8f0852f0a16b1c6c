"""The house stands: every module has a floor, and every import points down."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
FACE = "simulator"

# A new file of the package gets its floor here first.
FLOORS = {
    "errors": 0,  # everything may import it
    "types": 0,
    "version": 0,
    "outcomes": 0,
    "messages": 0,
    "schema": 1,
    "kernel": 1,
    "evidence": 1,
    "files": 2,
    "statistics": 2,
    "population": 3,
    "scenario": 4,
    "runfile": 4,
    "sampling": 5,
    "drivers": 6,
    "engine": 7,
    "running": 8,
    "answers": 9,
    "exports": 10,
    "plots": 10,
    "page": 11,
    "face": 11,
    "explore": 12,
    "assurance": 12,
    "cli": 13,
    "__main__": 14,
}
FACE_FLOOR = 15

# What folders of `answers` may import of each other; all else is one answer's own.
SHARED_ANSWERS = {"headline", "text", "measures", "believed", "layout"}
# What an `estimate` of an answer does without: it knows arrays only.
NOT_OF_ARRAYS = ("rich", f"{FACE}.drivers", f"{FACE}.engine")

LONGEST_FILE = {"simulator": 400, "tests": 700}  # lines
LONGEST_FUNCTION = 80  # lines, of a function in simulator/
BLOCK_LOOP = "simulator/kernel/block.py: carry_batch"  # one compiled loop, on purpose


class Module(NamedTuple):
    """One file of the package."""

    name: str
    path: Path
    is_package: bool

    @property
    def parent(self) -> str:
        """The package that a relative import starts from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]


class Import(NamedTuple):
    """One import of ours: who, where, of what."""

    importer: Module
    line: int
    target: str


def read_modules(package: Path) -> dict[str, Module]:
    modules = {}
    for path in sorted(package.rglob("*.py")):
        parts = list(path.relative_to(package.parent).with_suffix("").parts)
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        modules[name] = Module(name, path, is_package)
    return modules


def is_ours(name: str) -> bool:
    return name == FACE or name.startswith(f"{FACE}.")


def nodes_of(module: Module) -> Iterator[ast.stmt | ast.expr | ast.alias]:
    """Everything in a file that stands on a line."""
    for node in ast.walk(ast.parse(module.path.read_bytes(), str(module.path))):
        if isinstance(node, ast.stmt | ast.expr | ast.alias):
            yield node


def imported_names(node: ast.AST, importer: Module) -> Iterator[tuple[str, str | None]]:
    """Each (module, name taken from it) of one statement, ours or not."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, None
    elif isinstance(node, ast.ImportFrom):
        origin = node.module or ""
        if node.level:
            up = importer.parent.split(".")
            base = up[: len(up) - node.level + 1]
            origin = ".".join([*base, origin] if origin else base)
        for alias in node.names:
            yield origin, alias.name
    elif isinstance(node, ast.Call) and called(node) in {"import_module", "__import__"}:
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value, None


def called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def read_imports(modules: dict[str, Module]) -> list[Import]:
    """Every import of ours, those inside functions too."""
    found = []
    for importer in modules.values():
        for node in nodes_of(importer):
            for origin, name in imported_names(node, importer):
                inner = f"{origin}.{name}"
                target = inner if name and inner in modules else origin
                if is_ours(target):
                    found.append(Import(importer, node.lineno, target))
    return found


def place_of(module: str) -> str:
    """The file or folder of the package in which a module stands."""
    return module.split(".")[1] if "." in module else ""


def floor_of(module: str) -> int | None:
    return FACE_FLOOR if module == FACE else FLOORS.get(place_of(module))


def shown(module: Module, line: int, package: Path) -> str:
    return f"{module.path.relative_to(package.parent).as_posix()}:{line}"


def homeless(modules: dict[str, Module], package: Path) -> Iterator[str]:
    for module in modules.values():
        if floor_of(module.name) is None:
            yield (
                f"{shown(module, 1, package)}: has no floor; "
                "give it one in tests/test_architecture.py"
            )


def upward(imports: list[Import], package: Path) -> Iterator[str]:
    for importer, line, target in imports:
        here, there = floor_of(importer.name), floor_of(target)
        where = shown(importer, line, package)
        if target == FACE:
            yield f"{where}: imports the face '{FACE}'; import the module itself"
        elif there is None:
            yield f"{where}: imports '{target}', which has no floor"
        elif importer.name != FACE and place_of(importer.name) == place_of(target):
            continue
        elif here is not None and there >= here:
            yield f"{where}: imports '{target}' (floor {there}) from floor {here}"


def circles(imports: list[Import], package: Path) -> Iterator[str]:
    """Every import that closes a circle; only siblings in one folder can."""
    targets: dict[str, set[str]] = {}
    for importer, _, target in imports:
        targets.setdefault(importer.name, set()).add(target)
    for importer, line, target in imports:
        seen, waiting = set(), [target]
        while waiting:
            module = waiting.pop()
            if module not in seen:
                seen.add(module)
                waiting.extend(targets.get(module, ()))
        if importer.name in seen:
            yield (
                f"{shown(importer, line, package)}: imports '{target}', "
                f"which leads back to '{importer.name}'"
            )


def answer_of(module: str) -> str:
    """The folder or file of `answers` in which a module stands, if it does."""
    parts = module.split(".")
    return parts[2] if len(parts) > 2 and parts[1] == "answers" else ""


def between_answers(imports: list[Import], package: Path) -> Iterator[str]:
    for importer, line, target in imports:
        here, there = answer_of(importer.name), answer_of(target)
        if here and there and here != there and there not in SHARED_ANSWERS:
            where = shown(importer, line, package)
            yield f"{where}: imports '{target}' of another answer than '{here}'"


def exports_of_reports(imports: list[Import], package: Path) -> Iterator[str]:
    """Every import by which a table would take its words from a screen."""
    for importer, line, target in imports:
        if place_of(importer.name) == "exports" and target.endswith("report"):
            where = shown(importer, line, package)
            yield f"{where}: exports import '{target}'; share what it means"


def estimates(modules: dict[str, Module], package: Path) -> Iterator[str]:
    """Every import by which an estimate knows of more than arrays."""
    for module in modules.values():
        if not (answer_of(module.name) and module.name.endswith(".estimate")):
            continue
        for node in nodes_of(module):
            for origin, name in imported_names(node, module):
                for banned in NOT_OF_ARRAYS:
                    if f"{origin}.{name}.".startswith(f"{banned}."):
                        where = shown(module, node.lineno, package)
                        yield f"{where}: an estimate imports '{banned}'"


def tricks(modules: dict[str, Module], package: Path) -> Iterator[str]:
    """Imports that would not be seen: for types only, or of a computed name."""
    for module in modules.values():
        for node in nodes_of(module):
            where = shown(module, node.lineno, package)
            if "TYPE_CHECKING" in {
                getattr(node, name, "") for name in ("id", "attr", "name")
            }:
                yield f"{where}: hides an import behind TYPE_CHECKING"
            if (
                isinstance(node, ast.Call)
                and called(node) in {"import_module", "__import__"}
                and module.name != FACE  # its names may be loaded when first used
                and not (node.args and isinstance(node.args[0], ast.Constant))
            ):
                yield f"{where}: imports a computed name"


def faults(package: Path) -> list[str]:
    """Every fault of a package as `file:line: what is wrong`."""
    modules = read_modules(package)
    imports = read_imports(modules)
    return [
        *homeless(modules, package),
        *upward(imports, package),
        *circles(imports, package),
        *between_answers(imports, package),
        *exports_of_reports(imports, package),
        *estimates(modules, package),
        *tricks(modules, package),
    ]


def test_every_import_points_to_a_lower_floor() -> None:
    found = faults(ROOT / FACE)
    assert not found, "\n".join(found)


def build(folder: Path, files: dict[str, str]) -> Path:
    package = folder / FACE
    for name, text in {"__init__.py": "", **files}.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return package


def test_a_sound_house_has_no_fault(tmp_path: Path) -> None:
    package = build(
        tmp_path,
        {
            "__init__.py": "from simulator.engine import run\n",
            "errors.py": "import json\n",
            "kernel/__init__.py": "from simulator.kernel.block import walk\n",
            "kernel/block.py": "from . import rng\nfrom .rng import word\n",
            "kernel/rng.py": "import numpy as np\n",
            "engine.py": "from simulator import errors, kernel\n",
            "answers/text.py": "import rich\n",
            "answers/headline/estimate.py": "import numpy\n",
            "answers/why/estimate.py": "from ..headline import estimate\n",
            "answers/why/report.py": "import rich\nfrom .. import text\n",
            "answers/why/simulate.py": "from simulator import engine\n",
            "cli.py": "def main():\n    from simulator import engine\n",
        },
    )
    assert faults(package) == []


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        (
            {
                "engine.py": "",
                "errors.py": "import os\nfrom simulator.engine import run\n",
            },
            "simulator/errors.py:2: imports 'simulator.engine' (floor 7) from floor 0",
        ),
        (
            {
                "engine.py": "",
                "schema.py": "def save():\n    from . import engine\n",
            },
            "simulator/schema.py:2: imports 'simulator.engine' (floor 7) from floor 1",
        ),
        (
            {"schema.py": "", "errors.py": "import simulator.schema\n"},
            "simulator/errors.py:1: imports 'simulator.schema' (floor 1) from floor 0",
        ),
        (
            {"engine.py": "", "kernel/a.py": "from ..engine import run\n"},
            "simulator/kernel/a.py:1: imports 'simulator.engine' (floor 7) "
            "from floor 1",
        ),
        (
            {"cli.py": "from simulator import __version__\n"},
            "simulator/cli.py:1: imports the face 'simulator'; "
            "import the module itself",
        ),
        (
            {"utilities.py": "\n"},
            "simulator/utilities.py:1: has no floor; "
            "give it one in tests/test_architecture.py",
        ),
        (
            {"kernel/a.py": "from . import b\n", "kernel/b.py": "from . import a\n"},
            "simulator/kernel/b.py:1: imports 'simulator.kernel.a', "
            "which leads back to 'simulator.kernel.b'",
        ),
        (
            {
                "answers/why/estimate.py": "",
                "answers/path/report.py": "from ..why import estimate\n",
            },
            "simulator/answers/path/report.py:1: imports "
            "'simulator.answers.why.estimate' of another answer than 'path'",
        ),
        (
            {
                "answers/why/estimate.py": "",
                "answers/headline/report.py": "import simulator.answers.why.estimate\n",
            },
            "simulator/answers/headline/report.py:1: imports "
            "'simulator.answers.why.estimate' of another answer than 'headline'",
        ),
        (
            {"answers/why/estimate.py": "def f():\n    from rich.table import Table\n"},
            "simulator/answers/why/estimate.py:2: an estimate imports 'rich'",
        ),
        (
            {
                "drivers.py": "",
                "answers/why/estimate.py": "from simulator import drivers\n",
            },
            "simulator/answers/why/estimate.py:1: an estimate imports "
            "'simulator.drivers'",
        ),
        (
            {
                "answers/why/report.py": "",
                "exports/tidy.py": "from simulator.answers.why import report\n",
            },
            "simulator/exports/tidy.py:1: exports import "
            "'simulator.answers.why.report'; share what it means",
        ),
        (
            {"schema.py": "from typing import TYPE_CHECKING\n"},
            "simulator/schema.py:1: hides an import behind TYPE_CHECKING",
        ),
        (
            {"schema.py": "import typing\n\nif typing.TYPE_CHECKING:\n    pass\n"},
            "simulator/schema.py:3: hides an import behind TYPE_CHECKING",
        ),
        (
            {"engine.py": "", "schema.py": "import_module('simulator.engine')\n"},
            "simulator/schema.py:1: imports 'simulator.engine' (floor 7) from floor 1",
        ),
        (
            {"schema.py": "import_module('simulator.' + 'runs')\n"},
            "simulator/schema.py:1: imports a computed name",
        ),
    ],
)
def test_a_planted_fault_is_found(
    tmp_path: Path, files: dict[str, str], fault: str
) -> None:
    assert fault in faults(build(tmp_path, files))


def test_the_dev_extra_and_the_dev_group_are_one_list() -> None:
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = tables["project"]["optional-dependencies"]["dev"]
    assert extra == tables["dependency-groups"]["dev"]


def lines_in(node: ast.AST) -> int:
    """Lines of a function, from `def` to its end."""
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    return (node.end_lineno or node.lineno) - node.lineno + 1


def too_long(root: Path) -> set[str]:
    """Name the files and functions that nobody can take in at one reading."""
    found = set()
    for folder, most in LONGEST_FILE.items():
        for path in sorted((root / folder).rglob("*.py")):
            name = path.relative_to(root).as_posix()
            text = path.read_text(encoding="utf-8")
            if len(text.splitlines()) > most:
                found.add(name)
            if folder != FACE:
                continue
            found |= {
                f"{name}: {node.name}"
                for node in ast.walk(ast.parse(text, name))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                if lines_in(node) > LONGEST_FUNCTION
            }
    return found - {BLOCK_LOOP}


def test_no_file_and_no_function_is_too_long() -> None:
    assert too_long(ROOT) == set(), "split these by idea"


def test_what_is_too_long_is_found(tmp_path: Path) -> None:
    body = "    pass\n"
    for name, text in {
        "simulator/short.py": "def f():\n" + 79 * body,
        "simulator/tall.py": "\n" * 401,
        "simulator/deep.py": "class A:\n    def f(self):\n" + 80 * ("    " + body),
        "tests/test_long.py": "\n" * 701,
        "tests/test_deep.py": "def f():\n" + 99 * body,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert too_long(tmp_path) == {
        "simulator/tall.py",
        "simulator/deep.py: f",
        "tests/test_long.py",
    }
