"""The page on exports says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pages
import pytest
from compiled import COMPILER, FLAGS, needs_compiler

pytest.importorskip("onnxruntime", reason="the page runs ONNX models")
pytest.importorskip("skl2onnx", reason="the page makes ONNX models")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text("utf-8")


@needs_compiler
def test_code_prints_the_output_shown(tmp_path):
    import subprocess

    namespace = pages.run(PAGE, "export.md")
    (program,) = re.findall(r"```c\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "iris.c").write_text(namespace["source"])
    (tmp_path / "main.c").write_text(program)
    flags = [flag for flag in FLAGS if flag not in ("-shared", "-fPIC")]
    command = [COMPILER, *flags, "-o", str(tmp_path / "main"), str(tmp_path / "main.c"), "-lm"]
    subprocess.run(command, check=True)
    done = subprocess.run([str(tmp_path / "main")], capture_output=True, text=True, check=True)
    X, network = namespace["X"], namespace["small"]
    expected = f"{network.predict(X[:1])[0]} {network.predict_proba(X[:1])[0, 0]:.2f}\n"
    assert done.stdout == expected
