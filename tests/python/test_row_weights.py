"""sample_weight, in every linear model that takes it: zeros are rows left out, whole numbers are repetition, and
negative ones do what scikit-learn's class does. Dense and CSR."""

import inspect
import warnings

import numpy as np
import pytest
from ironlearn import linear_model as ours
from scipy import sparse
from sklearn import linear_model as reference
from sklearn.base import is_classifier
from sklearn.model_selection import PredefinedSplit

NAMES = [
    name
    for name in ours.__all__
    if inspect.isclass(getattr(ours, name)) and "sample_weight" in inspect.signature(getattr(ours, name).fit).parameters
]
PARAMS = {
    "BayesianRidge": {"tol": 1e-10, "max_iter": 2000},
    "ElasticNet": {"alpha": 0.05, "tol": 1e-12},
    "ElasticNetCV": {"tol": 1e-10, "alphas": 5, "max_iter": 10_000},
    "GammaRegressor": {"alpha": 0.1, "tol": 1e-10},
    "HuberRegressor": {"tol": 1e-10, "max_iter": 1000},
    "Lasso": {"alpha": 0.05, "tol": 1e-12},
    "LassoCV": {"tol": 1e-10, "alphas": 5, "max_iter": 10_000},
    "LogisticRegression": {"tol": 1e-10, "max_iter": 1000},
    "LogisticRegressionCV": {"tol": 1e-10, "max_iter": 1000, "Cs": [0.1, 1.0], "l1_ratios": (0,)}
    | {"use_legacy_attributes": False, "scoring": "neg_log_loss"},
    "PoissonRegressor": {"alpha": 0.1, "tol": 1e-10},
    "QuantileRegressor": {"alpha": 0.02},
    "RidgeCV": {"alphas": [0.1, 1.0, 10.0]},
    "RidgeClassifierCV": {"alphas": [0.1, 1.0, 10.0]},
    "TweedieRegressor": {"alpha": 0.1, "tol": 1e-10},
}
# One pass of steps over rows in a drawn order is another one where rows are fewer or more: no weight makes up for it.
STEPS = {"SGDClassifier", "SGDRegressor", "SGDOneClassSVM", "Perceptron"}
STEPS |= {"PassiveAggressiveClassifier", "PassiveAggressiveRegressor"}
# Subsets are drawn among all rows, also those of weight 0, as in scikit-learn.
DRAWN = {"RANSACRegressor"}
EXACT = [name for name in NAMES if name not in STEPS | DRAWN]
# Leave-one-out has a row left out for each row: repetition is another criterion, of which the penalty may differ.
ONE_OUT = {"RidgeCV", "RidgeClassifierCV"}
FOLDED = [name for name in EXACT if name.endswith("CV") and name not in ONE_OUT]


# Classes whose scikit-learn's counterparts compute on with square roots of the weights (NaN in the least squares of
# dense X; coordinate descent then stops after all its sweeps where it began) or with a problem without a minimum:
# ours refuse.
REFUSED = {"HuberRegressor", "QuantileRegressor", "Ridge", "RidgeCV", "RidgeClassifier", "RidgeClassifierCV"}
REFUSED |= {
    f"{multi}{name}{cv}" for multi in ("", "MultiTask") for name in ("ElasticNet", "Lasso") for cv in ("", "CV")
}


def made(name, module=ours, **params):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        estimator = getattr(module, name)(**PARAMS.get(name, {}) | params)
    return estimator.set_params(random_state=0) if "random_state" in estimator.get_params() else estimator


def table(name, n=90, p=4):
    random = np.random.default_rng(3)
    X = random.normal(size=(n, p)) * (random.uniform(size=(n, p)) < 0.7)
    z = X @ [1.0, -2.0, 0.5, 0.0] + 0.5 * random.normal(size=n)
    y = np.digitize(z, [0.0]) if is_classifier(made(name)) else np.exp(z / 2)
    if name.startswith("MultiTask"):
        y = np.column_stack([y, X[:, 1] - z])
    return X, y, random.integers(0, 4, size=n)


def folds(name, X, part):
    """The same folds of the rows, however often they stand there."""
    return {"cv": PredefinedSplit(part)} if name in FOLDED else {}


def same(found, wanted, tol):
    for attribute in ("coef_", "intercept_", "alpha_", "C_", "offset_", "scale_"):
        if hasattr(wanted, attribute):
            a, b = (np.asarray(getattr(e, attribute), dtype=float) for e in (found, wanted))
            np.testing.assert_allclose(a, b, rtol=tol, atol=tol, err_msg=attribute)


def fit(name, X, y, weights=None, container=np.asarray, **params):
    estimator = made(name, **params)
    if container is not np.asarray and not estimator.__sklearn_tags__().input_tags.sparse:
        # Nothing of ours may be missing: scikit-learn's class takes none either.
        assert not getattr(reference, name)().__sklearn_tags__().input_tags.sparse
        pytest.skip("takes no sparse X, nor does scikit-learn's class")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return estimator.fit(container(X), y, sample_weight=weights)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("name", EXACT)
def test_a_weight_of_zero_is_a_row_left_out(name, container):
    X, y, times = table(name)
    kept, part = times > 0, np.arange(len(X)) % 3
    w = np.where(kept, 0.5 + times, 0.0)
    found = fit(name, X, y, w, container, **folds(name, X, part))
    wanted = fit(name, X[kept], y[kept], w[kept], container, **folds(name, X, part[kept]))
    same(found, wanted, 1e-6)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("name", [name for name in EXACT if name not in ONE_OUT])
def test_a_whole_weight_is_a_row_repeated(name, container):
    X, y, times = table(name)
    part = np.arange(len(X)) % 3
    found = fit(name, X, y, times.astype(float), container, **folds(name, X, part))
    rows = np.repeat(np.arange(len(X)), times)
    wanted = fit(name, X[rows], y[rows], None, container, **folds(name, X, part[rows]))
    same(found, wanted, 1e-6)


def outcome(module, name, X, y, w):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = made(name, module)
        try:
            return estimator.fit(X, y, sample_weight=w), None
        except Exception as error:
            return None, error


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("name", NAMES)
def test_a_negative_weight_does_what_it_does_in_scikit_learn(name, container):
    X, y, _ = table(name)
    w = np.ones(len(X))
    w[:5] = -0.25
    (found, error), (wanted, fails) = (outcome(module, name, container(X), y, w) for module in (ours, reference))
    if name in REFUSED:
        assert type(error) is ValueError
        assert "Negative values in data passed to `sample_weight`" in str(error)
        return
    assert type(error) is type(fails), (error, fails)
    if fails is not None:
        assert "negative" in str(error).lower() or "negative" not in str(fails).lower(), error
    elif name not in STEPS | DRAWN:
        same(found, wanted, 1e-3)
