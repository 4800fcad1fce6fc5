"""Exported C, compiled and called."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

COMPILER = shutil.which("cc")
FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O0", "-shared", "-fPIC"]
TYPES = {"float": np.float32, "double": np.float64, "int": np.intc}

needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler named cc")


def compiled(source: str, folder: Path) -> ctypes.CDLL:
    """Return a library made of source code, which has to compile without a warning."""
    file, library = folder / "models.c", folder / "models.so"
    file.write_text(source, encoding="ascii")
    command = [COMPILER, *FLAGS, "-o", str(library), str(file), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:2000]
    return ctypes.CDLL(str(library))


def predicted(
    library: ctypes.CDLL, source: str, name: str, method: str, rows: np.ndarray, shape: Any
) -> np.ndarray:
    """Return what a function gives for rows, as its declaration in the source says."""
    (line,) = [
        line for line in source.splitlines() if f" {name}_{method}(" in line and line[-1] == ";"
    ]
    real = TYPES[line.split("const ")[1].split()[0]]
    rows = np.ascontiguousarray(rows, dtype=real)
    function = getattr(library, f"{name}_{method}")
    function.restype = ctypes.c_int
    if line.startswith("int "):
        return np.array([function(ctypes.c_void_p(row.ctypes.data)) for row in rows])
    out = np.zeros(shape, TYPES[line.split(", ")[1].split()[0]])
    for row, place in zip(rows, out.reshape(len(rows), -1), strict=True):
        function(ctypes.c_void_p(row.ctypes.data), ctypes.c_void_p(place.ctypes.data))
    return out
