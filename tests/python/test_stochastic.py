"""Stochastic gradients against scikit-learn: the same random_state makes the same steps."""

from __future__ import annotations

import copy
import pickle
import warnings

import ironlearn
import ironlearn.linear_model as ours
import numpy as np
import pytest
import sklearn.linear_model as theirs
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler

pytestmark = [
    pytest.mark.filterwarnings("ignore:Class PassiveAggressive:FutureWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

SCHEDULES = ["constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"]


def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), y


def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(X), (y - y.mean()) / y.std()


def same(name, X, y, atol=1e-9, fit=None, **params):
    """Fits both and compares everything that a user sees."""
    # scikit-learn learns in the very array that it is given.
    a = getattr(theirs, name)(**params).fit(X, y, **copy.deepcopy(fit or {}))
    b = getattr(ours, name)(**params).fit(X, y, **(fit or {}))
    scale = np.abs(a.coef_).max()
    np.testing.assert_allclose(b.coef_, a.coef_, rtol=0, atol=atol * scale)
    assert b.coef_.shape == a.coef_.shape and b.coef_.dtype == a.coef_.dtype
    offset = "offset_" if name == "SGDOneClassSVM" else "intercept_"
    np.testing.assert_allclose(getattr(b, offset), getattr(a, offset), rtol=0, atol=atol * max(scale, 1))
    assert (b.n_iter_, b.t_) == (a.n_iter_, a.t_)
    return b


@pytest.mark.parametrize("data", [cancer, digits])
@pytest.mark.parametrize("loss", ["hinge", "log_loss", "perceptron"])
def test_classifier_makes_scikit_learns_steps(loss, data):
    same("SGDClassifier", *data(), atol=1e-6, loss=loss, alpha=1e-3, random_state=3, max_iter=30)


@pytest.mark.parametrize(
    "loss", ["modified_huber", "squared_hinge", "squared_error", "huber", "squared_epsilon_insensitive"]
)
def test_other_losses_for_classes(loss):
    # Short steps: with the default ones these losses overshoot, and rounding decides where to.
    X, y = cancer()
    same("SGDClassifier", X, y, loss=loss, learning_rate="constant", eta0=1e-3, random_state=0)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet", None])
def test_penalties(penalty):
    X, y = cancer()
    dense = same("SGDClassifier", X, y, penalty=penalty, alpha=1e-2, random_state=3)
    # scikit-learn's objective of sparse rows has another norm, so passes are fixed there.
    same("SGDClassifier", sparse.csr_matrix(X), y, penalty=penalty, alpha=1e-2, random_state=3, tol=None, max_iter=9)
    if penalty == "l1":
        assert np.any(dense.coef_ == 0) and sparse.issparse(dense.sparsify().coef_)
        np.testing.assert_array_equal(dense.predict(X), dense.densify().predict(X))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules(schedule):
    X, y = cancer()
    same("SGDClassifier", X, y, learning_rate=schedule, eta0=0.1, random_state=1)
    X, y = diabetes()
    params = {"loss": "epsilon_insensitive"} if schedule.startswith("pa") else {"alpha": 0.1}
    same("SGDRegressor", X, y, learning_rate=schedule, random_state=1, **params)


@pytest.mark.parametrize("average", [True, 50, 10**7])
def test_means_of_the_coefficients(average):
    same("SGDClassifier", *digits(), average=average, random_state=1)
    same("SGDRegressor", *diabetes(), average=average, random_state=1)
    same("SGDOneClassSVM", cancer()[0], None, average=average, random_state=1)


@pytest.mark.parametrize("loss", ["squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"])
def test_regressor_makes_scikit_learns_steps(loss):
    X, y = diabetes()
    weights = np.linspace(0.1, 2, len(y))
    same("SGDRegressor", X, y, loss=loss, epsilon=0.2, random_state=2, fit={"sample_weight": weights})
    same("SGDRegressor", X.astype(np.float32), y, atol=1e-4, loss=loss, epsilon=0.2, random_state=2, max_iter=20)


def test_class_weights_and_no_shuffling():
    X, y = cancer()
    same("SGDClassifier", X, y, class_weight="balanced", random_state=1)
    same("SGDClassifier", X, y, class_weight={0: 2.0, 1: 0.5}, shuffle=False, random_state=1)
    same("Perceptron", *digits())
    for loss in ["hinge", "squared_hinge"]:
        same("PassiveAggressiveClassifier", X, y, loss=loss, random_state=0)
    for loss in ["epsilon_insensitive", "squared_epsilon_insensitive"]:
        same("PassiveAggressiveRegressor", *diabetes(), loss=loss, random_state=0)


def test_early_stopping_without_a_penalty():
    # With one, scikit-learn scores coefficients that are still to be scaled.
    params = {"early_stopping": True, "penalty": None, "learning_rate": "constant", "random_state": 1}
    same("SGDClassifier", *cancer(), **params)
    same("SGDClassifier", *digits(), **params)
    same("SGDRegressor", *diabetes(), **params)


@pytest.mark.parametrize("name", ["SGDClassifier", "Perceptron", "PassiveAggressiveClassifier"])
def test_partial_fit_goes_on_through_a_pickle(name, tmp_path):
    X, y = digits()
    params = {"random_state": 0}
    a, b = getattr(theirs, name)(**params), getattr(ours, name)(**params)
    for part in np.array_split(np.arange(len(y)), 6):
        a.partial_fit(X[part], y[part], classes=np.unique(y))
        b.partial_fit(X[part], y[part], classes=np.unique(y))
        b = pickle.loads(pickle.dumps(b))
    np.testing.assert_allclose(b.coef_, a.coef_, rtol=0, atol=1e-9 * np.abs(a.coef_).max())
    assert b.t_ == a.t_ == len(y) + 1
    ironlearn.save(b, tmp_path / "model")
    again = ironlearn.load(tmp_path / "model")
    again.partial_fit(X, y)
    b.partial_fit(X, y)
    np.testing.assert_array_equal(again.coef_, b.coef_)


def test_partial_fit_with_means_counts_on():
    """The mean over all steps so far, whatever the number of calls."""
    X, y = diabetes()
    whole = ours.SGDRegressor(average=True, max_iter=3, tol=None, shuffle=False).fit(X, y)
    parts = ours.SGDRegressor(average=True, shuffle=False)
    for _ in range(3):
        parts.partial_fit(X, y)
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-10)


def test_warm_start_and_given_coefficients():
    X, y = cancer()
    same("SGDClassifier", X, y, random_state=0, fit={"coef_init": np.ones((1, X.shape[1])), "intercept_init": [0.5]})
    a = theirs.SGDClassifier(warm_start=True, random_state=0).fit(X, y).fit(X, y)
    b = ours.SGDClassifier(warm_start=True, random_state=0).fit(X, y).fit(X, y)
    np.testing.assert_allclose(b.coef_, a.coef_, rtol=1e-9)
    with pytest.raises(ValueError, match="does not match dataset"):
        ours.SGDClassifier().fit(X, y, coef_init=np.zeros((1, 3)))


def test_zero_weights_leave_no_trace():
    X, y = digits()
    weights = np.where(np.arange(len(y)) % 4 == 0, 0.0, 1.5)
    kept = weights > 0
    a = ours.SGDClassifier(random_state=0).fit(X, y, sample_weight=weights)
    b = ours.SGDClassifier(random_state=0).fit(X[kept], y[kept], sample_weight=weights[kept])
    np.testing.assert_array_equal(a.coef_, b.coef_)
    with pytest.raises(ValueError, match="at least one non-zero"):
        ours.SGDClassifier().fit(X, y, sample_weight=np.zeros(len(y)))


def test_hard_input():
    X, y = cancer()
    with pytest.raises(ValueError, match="NaN"):
        ours.SGDClassifier().fit(np.where(np.arange(X.size).reshape(X.shape) == 99, np.nan, X), y)
    with pytest.raises(ValueError, match="greater than one"):
        ours.SGDClassifier().fit(X, np.zeros(len(y)))
    with pytest.raises(ValueError, match="under-/overflow"):
        ours.SGDRegressor(learning_rate="constant", eta0=1e300).fit(X * 1e6, y)
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration"):
        ours.SGDClassifier(max_iter=2).fit(X, y)
    with pytest.warns(FutureWarning, match="power_t"):
        ours.SGDClassifier(power_t=-1.0).fit(X, y)
    with pytest.warns(FutureWarning, match="deprecated in version 1.8"):
        ours.PassiveAggressiveClassifier()
    with pytest.raises(AttributeError, match="predict_proba"):
        ours.SGDClassifier().fit(X, y).predict_proba(X)


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
def test_probabilities(loss):
    X, y = digits()
    params = {"loss": loss, "learning_rate": "constant", "eta0": 1e-2, "random_state": 0, "max_iter": 20}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a, b = theirs.SGDClassifier(**params).fit(X, y), ours.SGDClassifier(**params).fit(X, y)
    np.testing.assert_allclose(b.predict_proba(X), a.predict_proba(X), atol=1e-8)
