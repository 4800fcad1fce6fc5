"""
A network without Python
========================

What is left of a network when it is to run where there is no Python, and how long does one
prediction take there? This one reads handwritten digits. ``to_c`` writes it as a file of C99, which
the system's compiler turns into a library, where there is one; ``to_onnx`` makes an ONNX model of
it, where skl2onnx and onnxruntime are installed. Both give the probabilities of ``predict_proba``.
"""

import ctypes
import shutil
import subprocess
import tempfile
import warnings
from pathlib import Path
from timeit import repeat

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from sknn_actloss import MLPClassifier
from sknn_actloss.export import to_c, to_onnx

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None

try:
    import onnxruntime
    import skl2onnx  # noqa: F401
except ImportError:
    onnxruntime = None

# %%
# Pixels are scaled to one by hand, so that whoever calls the network need not know a scaler.

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
network = MLPClassifier(
    (64, 32), "silu", normalization="batch", learning_rate_init=0.01, max_iter=20, random_state=0
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    network.fit(X_train, y_train)
print(f"held-out accuracy: {network.score(X_test, y_test):.3f}")

# %%
# The file of C has the weights as arrays of float, since the network was fitted to float32.

source = to_c(network, "digits")
print(
    "\n".join(line for line in source.splitlines() if line.startswith("void") and line[-1] == ";")
)


def compiled(source):
    """Return a function that gives the probabilities of one row, ``None`` without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        file, library = Path(folder, "digits.c"), Path(folder, "digits.so")
        file.write_text(source)
        command = [compiler, "-std=c99", "-O2", "-shared", "-fPIC", "-o", library, file, "-lm"]
        subprocess.run(command, check=True)
        function = ctypes.CDLL(str(library)).digits_predict_proba

    def predict(row):
        probabilities = np.empty((1, 10), np.float32)
        function(ctypes.c_void_p(row.ctypes.data), ctypes.c_void_p(probabilities.ctypes.data))
        return probabilities

    return predict


def session(model):
    """Return the same of an ONNX model, ``None`` without onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    loaded = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return lambda row: loaded.run(["probabilities"], {"X": row})[0]


WAYS = {"Python": network.predict_proba, "C": compiled(source)}
WAYS["ONNX"] = session(to_onnx(network)) if onnxruntime is not None else None
ways = {name: predict for name, predict in WAYS.items() if predict is not None}
for name in WAYS.keys() - ways.keys():
    print(f"{name} is left out, since what it needs is not installed.")

# %%
# All ways agree on the probabilities of all rows that were held out. The time of one row is mostly
# what it takes to get there and back: checks in Python, a call through ctypes, a session of ONNX.

rows = [X_test[index : index + 1] for index in range(len(X_test))]
exact = network.predict_proba(X_test)
differences, microseconds = {}, {}
for name, predict in ways.items():
    found = np.concatenate([predict(row) for row in rows])
    differences[name] = float(np.abs(found - exact).max())
    best = min(repeat(lambda: [predict(row) for row in rows], repeat=3, number=1))  # noqa: B023
    microseconds[name] = 1e6 * best / len(rows)
    shown = f"{microseconds[name]:8.1f} µs a row, probabilities differ by {differences[name]:.0e}"
    print(f"{name:<8}{shown}")

# %%
# Of the file, nearly all is weights.

print(f"file of C: {len(source) / 1e3:.0f} kB, {len(source.splitlines())} lines")

if plt is not None:
    figure, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
    bars = ax.barh(list(microseconds), list(microseconds.values()), color="tab:blue")
    ax.bar_label(bars, fmt="%.1f µs", padding=4)
    ax.set_xscale("log")
    ax.set_xlim(0.5, 4 * max(microseconds.values()))
    ax.invert_yaxis()
    ax.set_xlabel("time of one prediction in microseconds")
    ax.set_title("One row through the same network")
    plt.show()
