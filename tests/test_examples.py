"""The examples run, with and without matplotlib, and show what they say."""

import ast
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

matplotlib.use("Agg")

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))

#: Tests run in parallel, and threads of BLAS in each of them would wait for one another.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def tuning_pays(example):
    search, X_test, y_test = example["search"], example["X_test"], example["y_test"]
    scores, columns = example["scores"], example["columns"]

    def means(name):
        values = np.array(columns[name])
        return [scores[values == value].mean() for value in set(columns[name])]

    assert np.ptp(means("mlp__learning_rate_init")) == max(np.ptp(means(name)) for name in columns)
    assert search.score(X_test, y_test) > example["defaults"].score(X_test, y_test)


def robust_losses_win(example):
    errors = example["errors"].mean(axis=2)
    squared, absolute, huber = errors.T
    assert errors[0].max() < 1.1 * errors[0].min()
    assert np.all(squared[1:] > 2 * squared[0])
    assert np.all(squared[1:] > 2 * np.maximum(absolute, huber)[1:])
    assert absolute.argmax() == len(absolute) - 1
    assert absolute[-1] < huber[-1]


def cross_entropy_is_faster(example):
    curves, epochs = example["curves"], example["epochs_to_goal"]
    for rate in example["RATES"]:
        assert epochs(curves["log_loss", rate][1]) <= epochs(curves["squared_error", rate][1])
    fastest = {loss: epochs(curves[loss, rate][1]) for loss, rate in example["best_rates"].items()}
    assert 2 * fastest["log_loss"] < fastest["squared_error"]


def own_loss_wins(example):
    names, costs = example["names"], example["costs"]
    order = np.argsort(costs)
    assert {names[place][1] for place in order[:2]} == {
        "Asymmetric(weight=4.0)",
        "FunctionLoss(value=cost, gradient=None)",
    }
    np.testing.assert_allclose(costs[order[0]], costs[order[1]], rtol=1e-2)
    best, usual = (
        example["mean_cost"](example["y_test"], predicted)
        for predicted in example["predictions"].values()
    )
    assert best < usual


def stacks_give_the_same(example):
    assert example["difference"] < 1e-6
    assert example["at_once"].best_params_ == example["one_by_one"].best_params_
    assert example["committee"].score >= example["at_once"].best_score_
    assert min(example["held_out"].values()) > 0.96


def falling_rates_win(example):
    scores, losses = example["scores"], example["losses"]
    assert np.argmax(example["final_scores"]) == example["rates"].index(example["found"])
    ends = {name: (losses[name][:, -1].mean(), scores[name][:, -1].mean()) for name in scores}
    for name in ("cosine", "one_cycle"):
        assert ends[name][0] < 0.9 * ends["constant"][0]
        assert ends[name][1] > ends["constant"][1] + 0.003


def bands_follow_the_noise(example):
    covered, widths, parts = (example[name] for name in ("covered", "widths", "parts"))
    shares = {
        name: {part: inside[rows].mean() for part, rows in parts.items()}
        for name, inside in covered.items()
    }
    assert all(0.77 <= share["all"] <= 0.83 for share in shares.values())
    constant = shares.pop("constant width")
    assert constant["left"] > 0.95
    assert constant["right"] < 0.65
    for name, share in shares.items():
        assert all(0.76 <= value <= 0.84 for value in share.values())
        assert widths[name][parts["left"]].mean() < 0.5 * widths["constant width"].mean()
        assert widths[name].mean() < 1.05 * widths["constant width"].mean()


def each_remedy_helps(example):
    held_out = example["held_out"]
    for remedy in ("dropout", "alpha", "early stopping"):
        assert np.all(held_out[remedy] > held_out["none"] + 0.02)
    assert [finding.kind for finding in example["report"].findings] == ["overfitting"]


def sigmoids_train_with_each_change(example):
    accuracies, ratios = example["accuracies"], example["ratios"]
    assert accuracies["none"].max() < 0.2
    assert max(ratios["none"]) < 1e-6
    for change in set(accuracies) - {"none"}:
        assert accuracies[change].min() > 0.9
        assert min(ratios[change]) > 1e-3
    assert example["report"].findings[0].kind == "vanishing_gradients"


def dead_units_are_found_and_cured(example):
    accuracies, dead = example["accuracies"], example["dead"]
    ill, *cures = accuracies
    assert example["report"].findings[0].kind == "dead_units"
    assert dead[ill][1] > 0.5
    for cure in cures:
        assert accuracies[cure].min() > accuracies[ill].max() + 0.2
        assert dead[cure][1] < 0.5


def tables_as_they_come_are_learned(example):
    errors, inside = example["errors"], example["inside"]
    assert errors["TabularRegressor"] < 0.85 * errors["HistGradientBoosting"]
    model = example["model"]
    assert abs(model.oof_score_ - model.score(example["X_new"], example["y_new"])) < 0.03
    assert 0.88 < inside.mean() < 0.96


def exports_agree(example):
    assert example["network"].score(example["X_test"], example["y_test"]) > 0.95
    assert set(example["differences"]) >= {"Python"}
    assert max(example["differences"].values()) < 1e-5


def explanations_find_the_truth(example):
    importances, truth = example["importances"], np.abs(example["truth"]).mean(axis=0)
    np.testing.assert_allclose(importances[:3], truth[:3], atol=15)
    assert importances[3] < 20
    assert example["gap"] < 0.01 * np.abs(example["distance"]).max()
    assert example["errors"].max() < 25
    assert abs(np.median(example["slopes"][:, 0]) - 10) < 1
    assert np.isnan(example["slopes"][:, 1]).all()


CLAIMS = {
    "plot_explanations": explanations_find_the_truth,
    "plot_export": exports_agree,
    "plot_tune_activation_loss_rate": tuning_pays,
    "plot_losses_with_outliers": robust_losses_win,
    "plot_prediction_intervals": bands_follow_the_noise,
    "plot_mse_or_cross_entropy": cross_entropy_is_faster,
    "plot_search_grid_at_once": stacks_give_the_same,
    "plot_custom_loss": own_loss_wins,
    "plot_learning_rate": falling_rates_win,
    "plot_overfitting_remedies": each_remedy_helps,
    "plot_vanishing_gradients": sigmoids_train_with_each_change,
    "plot_dead_units": dead_units_are_found_and_cured,
    "plot_mixed_table": tables_as_they_come_are_learned,
}


def test_each_example_has_a_claim():
    assert {path.stem for path in EXAMPLES} == set(CLAIMS)


def calculation_and_figure(path):
    """Return the code that runs without matplotlib, and that of the figure, which is the end."""
    tree = ast.parse(path.read_text())
    *calculation, figure = tree.body
    assert ast.unparse(figure.test) == "plt is not None"
    names = [node for part in calculation for node in ast.walk(part) if isinstance(node, ast.Name)]
    assert [name.id for name in names].count("plt") == 1, "more than `plt = None`"
    assert "    import matplotlib.pyplot as plt\n" in path.read_text()
    parts = (ast.Module(body, []) for body in (calculation, [figure]))
    return [compile(part, str(path), "exec") for part in parts]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_shows_what_it_says_without_matplotlib_and_draws_with_it(
    path, monkeypatch, tmp_path, capfd
):
    calculation, figure = calculation_and_figure(path)
    example = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", example)
    monkeypatch.setenv("DISPLAY", "")
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as without:
        for name in ("matplotlib", "matplotlib.pyplot"):
            without.setitem(sys.modules, name, None)
        exec(calculation, vars(example))
        assert example.plt is None
        shown, errors = capfd.readouterr()
        assert shown
        CLAIMS[path.stem](vars(example))
    example.plt = plt
    exec(figure, vars(example))
    assert plt.get_fignums()
    plt.close("all")
    assert errors + capfd.readouterr().err == ""
    assert list(tmp_path.iterdir()) == []


def test_runs_as_a_script(tmp_path):
    """Its own classes go to other processes, which import no ``__main__`` of tests."""
    path = EXAMPLES[0].with_name("plot_custom_loss.py")
    env = {**os.environ, **ONE_THREAD, "MPLBACKEND": "Agg", "DISPLAY": ""}
    command = [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", str(path)]
    result = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout
    assert result.stderr == ""
    assert list(tmp_path.iterdir()) == []
