"""Which files may import which, read from the source."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest

import sknn_actloss

PACKAGE = "sknn_actloss"
ROOT = Path(sknn_actloss.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
FLOORS = [
    {
        "_calls",
        "_component",
        "_config",
        "_docs",
        "_interval",
        "_names",
        "_numeric",
        "_pickling",
        "_probes",
        "_site",
        "_sklearn",
        "_suggestion",
        "_version",
    },
    {"kernels"},
    {
        "activations",
        "averaging",
        "committee",
        "dropout",
        "feature_scale",
        "initializers",
        "losses",
        "monitor",
        "normalization",
        "schedules",
        "solvers",
    },
    {"core"},
    {"training"},
    {"persistence"},
    {"estimators"},
    {"model_selection", "inspection", "tabular", "tracking"},
    {"export", "trust"},
]
LEVEL = {part: level for level, parts in enumerate(FLOORS) for part in parts}
HOMES_OF_PRIVATE_NAMES = {
    "_sklearn.py": {"sklearn"},
    "_numeric.py": {"numpy"},
    "export/_onnx_types.py": {"skl2onnx"},
}
OPTIONAL = {"matplotlib", "mlflow", "numba", "onnx", "pandas", "polars", "rich", "skl2onnx"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join((PACKAGE, *(part for part in parts if part != "__init__")))


def shown(path: Path, root: Path = ROOT) -> str:
    return path.relative_to(root).as_posix()


def part_of(module: str) -> str:
    """Return the part of the package that a module belongs to, ``""`` for the package itself."""
    return f"{module}.".split(".")[1]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


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
    return [name for node in ast.walk(parsed(path)) for name in names(node, path)]


def imports_at_once(path: Path) -> list[str]:
    """Return what is imported along with the module: all but the bodies of functions."""
    found, pending = [], [parsed(path)]
    while pending:
        node = pending.pop()
        found.extend(names(node, path))
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))
    return found


def file_of(module: str, root: Path) -> Path | None:
    """Return the file of a module of the package, None where there is no such module."""
    stem = root.parent.joinpath(*module.split("."))
    return next((at for at in (stem / "__init__.py", stem.with_suffix(".py")) if at.exists()), None)


def definition(file: Path, name: str, root: Path) -> Path:
    """Return the file that defines a name which the ``__init__`` of a package may only pass on."""
    if file.name != "__init__.py":
        return file
    for source in imports(file):
        module, _, passed_on = source.rpartition(".")
        origin = file_of(module, root)
        if passed_on == name and origin not in (None, file):
            return definition(origin, name, root)
    return file


def files_run(name: str, path: Path, root: Path) -> set[Path]:
    """Return the files of the package that the import of a full name by ``path`` runs.

    Those are the module itself, the file where the name is defined, and the ``__init__`` of every
    package on the way that ``path`` is not inside of.
    """
    parts = name.split(".")
    ways = [".".join(parts[: end + 1]) for end in range(len(parts))]
    files = [file for way in ways if parts[0] == root.name and (file := file_of(way, root))]
    if not files:
        return set()
    entered = {file for file in files[:-1] if file.parent not in path.parents}
    if len(files) == len(parts):
        return {files[-1], *entered}
    return {files[-1], definition(files[-1], parts[len(files)], root), *entered}


def circle_through(start: Path, uses: dict[Path, set[Path]]) -> list[Path]:
    """Return the shortest way from a file along its imports back to itself, empty without one."""
    ways, seen = [[start]], set()
    for way in ways:
        for file in sorted(uses[way[-1]] - seen):
            if file == start:
                return [*way, start]
            seen.add(file)
            ways.append([*way, file])
    return []


def circles(root: Path) -> list[str]:
    """Return all circles of imports, each with its files in order."""
    files = sorted(root.rglob("*.py"))
    uses = {
        path: set().union(*(files_run(name, path, root) for name in imports(path))) - {path}
        for path in files
    }
    found: dict[frozenset[Path], list[Path]] = {}
    for path in files:
        circle = circle_through(path, uses)
        found.setdefault(frozenset(circle), circle)
    return sorted(" -> ".join(shown(file, root) for file in way) for way in found.values() if way)


def is_private(name: str) -> bool:
    return any(part.startswith("_") and part != "__version__" for part in name.split("."))


def test_every_part_of_the_package_has_a_floor():
    parts = {part_of(module_name(path)) for path in FILES} - {""}
    assert parts <= set(LEVEL)


def from_a_higher_floor(path: Path) -> list[str]:
    """Return what a file imports from its own floor or above, its own part left out."""
    own = part_of(module_name(path))
    if not own:
        return []
    parts = {name: part_of(name) for name in imports(path) if name.split(".")[0] == PACKAGE}
    on_the_ground = {own, *(FLOORS[0] if LEVEL[own] == 0 else ())}
    return [
        name
        for name, part in parts.items()
        if part not in on_the_ground and LEVEL.get(part, len(FLOORS)) >= LEVEL[own]
    ]


def test_imports_come_from_lower_floors():
    found = {shown(path): from_a_higher_floor(path) for path in FILES}
    assert {path: names for path, names in found.items() if names} == {}


def test_no_file_imports_in_a_circle():
    assert circles(ROOT) == []


def roots(names: Iterable[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def test_functions_import_optional_packages_only():
    late = {path: set(imports(path)) - set(imports_at_once(path)) for path in FILES}
    found = {shown(path) for path, names in late.items() if not roots(names) <= OPTIONAL}
    assert found == set()


def test_private_names_of_another_package_are_in_one_file():
    ours = {PACKAGE, "__future__"}
    private = {shown(path): roots(filter(is_private, imports(path))) - ours for path in FILES}
    assert {name: found for name, found in private.items() if found} == HOMES_OF_PRIVATE_NAMES


def test_optional_packages_are_imported_where_they_are_used():
    at_once = {shown(path): roots(imports_at_once(path)) & OPTIONAL for path in FILES}
    # Nothing but the choice of kernels imports the compiled ones, and that late.
    assert {name: found for name, found in at_once.items() if found} == {
        "kernels/_compile.py": {"numba"},
        "kernels/_programs.py": {"numba"},
    }


def test_import_does_without_the_optional_packages():
    missing = dict.fromkeys(sorted(OPTIONAL))
    code = f"import sys; sys.modules.update({missing}); import {PACKAGE}"
    settings = {name: "" for name in os.environ if name.startswith("SKNN_ACTLOSS_")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | settings, capture_output=True, text=True
    )
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


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ({"a": "import p.b", "b": "import p.c", "c": ""}, []),
        (
            {"a": "import p.b", "b": "from p.c import d", "c": "from p import a"},
            ["a.py -> b.py -> c.py -> a.py"],
        ),
        (
            {"a": "from p import b", "b": "if TYPE_CHECKING:\n    from p.a import c"},
            ["a.py -> b.py -> a.py"],
        ),
        ({"a": "import p.b", "b": "def f():\n    import p.a"}, ["a.py -> b.py -> a.py"]),
        ({"__init__": "from p.a import f", "a": "from p.b import f", "b": ""}, []),
        (
            {"__init__": "from p.a import f", "a": "from p import f"},
            ["__init__.py -> a.py -> __init__.py"],
        ),
        ({"a": "from p.q import f", "q/__init__": "from p.q.b import f", "q/b": ""}, []),
        (
            {"a": "from p.q import f", "q/__init__": "from p.q.b import f", "q/b": "import p.a"},
            ["a.py -> q/b.py -> a.py", "q/__init__.py -> q/b.py -> a.py -> q/__init__.py"],
        ),
        (
            {"a": "import p.q.c", "q/__init__": "import p.q.b", "q/b": "import p.a", "q/c": ""},
            ["a.py -> q/__init__.py -> q/b.py -> a.py"],
        ),
        ({"a": "import os, other.a", "b": "from p.a import missing"}, []),
    ],
    ids=[
        "none",
        "of three",
        "for types only",
        "within a function",
        "passed on",
        "from the package that a file is in",
        "passed on by another package",
        "through a name passed on",
        "through a package on the way",
        "other packages",
    ],
)
def test_circles_are_found(tmp_path, sources, expected):
    for stem, source in {"__init__": "", **sources}.items():
        path = tmp_path / "p" / f"{stem}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    assert circles(tmp_path / "p") == expected
