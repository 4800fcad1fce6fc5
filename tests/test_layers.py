"""Which files may import which, read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sknn_actloss

PACKAGE = "sknn_actloss"
ROOT = Path(sknn_actloss.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
FLOORS = [
    {"_calls", "_component", "_docs", "_interval", "_numeric", "_probes", "_sklearn", "_version"},
    {
        "activations",
        "averaging",
        "feature_scale",
        "initializers",
        "losses",
        "normalization",
        "schedules",
        "solvers",
    },
    {"core"},
    {"training"},
    {"estimators"},
    {"model_selection", "inspection", "export"},
]
LEVEL = {part: level for level, parts in enumerate(FLOORS) for part in parts}
HOMES_OF_PRIVATE_NAMES = {"_sklearn.py": {"sklearn"}, "_numeric.py": {"numpy"}}
OPTIONAL = {"matplotlib", "pandas", "polars", "rich"}
every_file = pytest.mark.parametrize(
    "path", FILES, ids=[path.relative_to(ROOT).as_posix() for path in FILES]
)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join((PACKAGE, *(part for part in parts if part != "__init__")))


def part_of(module: str) -> str:
    """Return the part of the package that a module belongs to, ``""`` for the package itself."""
    return f"{module}.".split(".")[1]


def names(node: ast.AST, path: Path) -> list[str]:
    """Return the full names that an import statement brings in."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    source = node.module or ""
    if node.level:
        package = path.relative_to(ROOT.parent).parent.parts
        base = package[: len(package) - node.level + 1]
        source = ".".join((*base, *([source] if source else [])))
    return [f"{source}.{alias.name}" for alias in node.names]


def imports(path: Path) -> list[str]:
    return [name for node in ast.walk(ast.parse(path.read_text())) for name in names(node, path)]


def imports_at_once(path: Path) -> list[str]:
    """Return what is imported along with the module: all but the bodies of functions."""
    found, pending = [], [ast.parse(path.read_text())]
    while pending:
        node = pending.pop()
        found.extend(names(node, path))
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))
    return found


def is_private(name: str) -> bool:
    return any(part.startswith("_") and part != "__version__" for part in name.split("."))


def test_every_part_of_the_package_has_a_floor():
    parts = {part_of(module_name(path)) for path in FILES} - {""}
    assert parts <= set(LEVEL)


@every_file
def test_imports_come_from_lower_floors(path):
    own = part_of(module_name(path))
    if not own:
        return
    for name in imports(path):
        if name.split(".")[0] != PACKAGE:
            continue
        part = part_of(name)
        below = LEVEL.get(part, len(FLOORS)) < LEVEL[own]
        ground = LEVEL[own] == LEVEL.get(part) == 0
        assert part == own or below or ground, f"{own} imports {name}"


def test_the_ground_floor_has_no_cycle():
    uses = {
        path.stem: {part_of(name) for name in imports(path) if name.startswith(PACKAGE + ".")}
        for path in FILES
        if path.stem in FLOORS[0] and path.parent == ROOT
    }
    assert set(uses) == FLOORS[0]
    while uses:
        free = {part for part, used in uses.items() if not used & set(uses)}
        assert free, f"a cycle among {sorted(uses)}"
        uses = {part: used for part, used in uses.items() if part not in free}


@every_file
def test_private_names_of_another_package_are_in_one_file(path):
    others = [name for name in imports(path) if name.split(".")[0] not in (PACKAGE, "__future__")]
    private = {name.split(".")[0] for name in others if is_private(name)}
    assert private == HOMES_OF_PRIVATE_NAMES.get(path.name, set())


@every_file
def test_optional_packages_are_imported_where_they_are_used(path):
    assert not {name.split(".")[0] for name in imports_at_once(path)} & OPTIONAL


def test_import_does_without_the_optional_packages():
    missing = dict.fromkeys(sorted(OPTIONAL))
    code = f"import sys; sys.modules.update({missing}); import {PACKAGE}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b as c", ["a.b"]),
        ("from a import b, _c", ["a.b", "a._c"]),
        ("from . import b", ["sknn_actloss.core.b"]),
        ("from .b import c", ["sknn_actloss.core.b.c"]),
        ("from ..losses import d", ["sknn_actloss.losses.d"]),
    ],
)
def test_names_of_import_statements(source, expected):
    (node,) = ast.parse(source).body
    assert names(node, ROOT / "core" / "network.py") == expected


def test_functions_import_late_and_conditions_at_once(tmp_path):
    path = tmp_path / "module.py"
    path.write_text(
        "try:\n    import a\nexcept ImportError:\n    pass\n"
        "def f():\n    import b\n"
        "class C:\n    import c\n    def g(self):\n        import d\n"
    )
    assert sorted(imports_at_once(path)) == ["a", "c"]
    assert sorted(imports(path)) == ["a", "b", "c", "d"]
