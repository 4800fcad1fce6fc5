"""What fits tell of their course: a bar in a terminal, lines elsewhere, nothing at all."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sknn_actloss import MLPClassifier, MLPRegressor, TabularClassifier
from sknn_actloss.model_selection import StackedGridSearchCV
from sknn_actloss.training import progress

rich_console = pytest.importorskip("rich.console")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, Y = load_iris(return_X_y=True)
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}


@pytest.fixture
def terminal(monkeypatch):
    """Return what is written to a terminal."""
    written = io.StringIO()
    console = rich_console.Console(file=written, force_terminal=True, width=160)
    monkeypatch.setattr(progress, "_console", lambda: console)
    return written


def text_of(terminal):
    """Return what is written, without the codes that move the cursor and set colours."""
    return re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", terminal.getvalue())


def last_line(terminal):
    return text_of(terminal).strip().splitlines()[-1]


@pytest.mark.parametrize("verbose", [True, 1])
def test_a_bar_in_a_terminal(terminal, capsys, verbose):
    model = MLPClassifier(**SMALL, verbose=verbose).fit(X, Y)
    assert "Epochs" in last_line(terminal)
    assert "5/5" in last_line(terminal)
    assert f"loss {model.loss_:.4g}" in last_line(terminal)
    assert "Iteration" not in terminal.getvalue() + capsys.readouterr().out


def test_validation_is_told(terminal):
    model = MLPClassifier(**SMALL, early_stopping=True, verbose=True).fit(X, Y)
    assert f"validation score {model.validation_scores_[-1]:.4g}" in last_line(terminal)
    MLPClassifier(**SMALL, monitor="loss", early_stopping=True, verbose=True).fit(X, Y)
    assert "validation loss" in last_line(terminal)
    assert "validation score" not in last_line(terminal)


def test_what_happens_is_told_above_the_bar(terminal):
    model = MLPClassifier(**SMALL | {"max_iter": 50}, tol=10, n_iter_no_change=2, verbose=1)
    model.fit(X, Y)
    text = " ".join(text_of(terminal).split())
    assert "did not improve more than tol=10.000000 for 2 consecutive epochs. Stopping." in text
    assert f"{model.n_iter_}/50" in last_line(terminal)


def test_committees_and_lbfgs(terminal):
    model = MLPRegressor(**SMALL, n_members=3, verbose=1).fit(X, Y)
    assert f"loss {model.loss_:.4g}" in last_line(terminal)
    MLPRegressor(**SMALL, solver="lbfgs", verbose=1).fit(X, Y)
    assert "Iterations" in last_line(terminal)
    assert "5/5" in last_line(terminal)


def test_tables(terminal, capsys):
    network = MLPClassifier(**SMALL)
    TabularClassifier(network=network, verbose=1).fit(X, Y)
    assert "5/5" in last_line(terminal)
    TabularClassifier(network=network, verbose=2).fit(X, Y)
    assert "Iteration 5, loss = " in capsys.readouterr().out


def test_searches(terminal, capsys):
    grid = {"alpha": [0.1, 1.0], "hidden_layer_sizes": [(4,), (5,)]}
    search = StackedGridSearchCV(MLPClassifier(**SMALL), grid, cv=2, verbose=1).fit(X, Y)
    assert "Stacks" in last_line(terminal)
    assert "4/4" in last_line(terminal)
    assert f"best mean test score {search.best_score_:.4f}" in last_line(terminal)
    assert "[stack" not in capsys.readouterr().out
    search.set_params(verbose=2).fit(X, Y)
    assert capsys.readouterr().out.count("[stack") == 4


def test_lines_where_they_are_asked_for(terminal, capsys):
    MLPClassifier(**SMALL, verbose=2).fit(X, Y)
    assert "Iteration 5, loss = " in capsys.readouterr().out
    assert terminal.getvalue() == ""


def test_single_epochs_are_lines(terminal, capsys):
    MLPClassifier(**SMALL, verbose=1).partial_fit(X, Y, classes=np.unique(Y))
    assert capsys.readouterr().out.startswith("Iteration 1, loss = ")
    assert terminal.getvalue() == ""


def test_lines_without_a_terminal(capsys):
    MLPClassifier(**SMALL, verbose=1).fit(X, Y)
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_silence(terminal, capsys):
    for kind in (MLPClassifier, MLPRegressor):
        kind(**SMALL).fit(X, Y)
    TabularClassifier(network=MLPClassifier(**SMALL)).fit(X, Y)
    StackedGridSearchCV(MLPClassifier(**SMALL), {"alpha": [0.1]}, cv=2).fit(X, Y)
    assert terminal.getvalue() + "".join(capsys.readouterr()) == ""


def test_callbacks_may_have_a_bar_of_their_own(terminal, capsys):
    callback = pytest.importorskip("sklearn.callback", reason="needs scikit-learn 1.9")
    model = MLPClassifier(**SMALL, verbose=1).set_callbacks(callback.ProgressBar())
    model.fit(X, Y)
    assert "Iteration 5, loss = " in capsys.readouterr().out
    assert terminal.getvalue() == ""


def test_a_fit_that_fails_leaves_room_for_the_next_bar(terminal):
    model = MLPRegressor(**SMALL, solver="sgd", learning_rate_init=1e200, batch_size=10, verbose=1)
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        model.fit(X, Y)
    model.set_params(learning_rate_init=0.001).fit(X, Y)
    assert "5/5" in last_line(terminal)
