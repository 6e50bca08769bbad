"""sample_weight, in every linear model that takes it: zeros are rows left out, whole numbers are repetition, and
negative ones do what scikit-learn's class does. Dense and CSR."""

import importlib
import inspect
import warnings

import numpy as np
import pytest
from ironlearn import discriminant_analysis
from ironlearn import linear_model as ours
from scipy import sparse
from sklearn import linear_model as reference
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
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


# What scikit-learn 1.9.1 does where some weights are negative, found by running it: with dense X and with CSR.
# - COMPUTES: converges to a finite answer. Ours gives the same one.
# - REFUSES: a ValueError that speaks of negative weights. So does ours.
# - The others are accidents, where ours refuses with the same ValueError. Rows of dense X, in Ridge of any X, are
#   multiplied by the square root of their weight, which is NaN: then LAPACK's wrapper refuses NaN (NAN_REFUSED), or an
#   eigenvalue solver fails (LINALG), or the answer is NaN (NAN), or the descent stops after all its sweeps at
#   coefficients of 0, with a ConvergenceWarning (STOPPED). QuantileRegressor's linear programme is unbounded as soon as
#   one weight is negative: the programme has no answer, of which it then takes a part (TYPE).
COMPUTES, REFUSES, NAN_REFUSED, LINALG = "computes", "refuses", "ValueError", "LinAlgError"
NAN, STOPPED, TYPE, NO_SPARSE = "NaN", "stopped", "TypeError", "takes no sparse X"
NEGATIVE = {
    "BayesianRidge": (NAN_REFUSED, NO_SPARSE),
    "ElasticNet": (STOPPED, COMPUTES),
    "ElasticNetCV": (NAN_REFUSED, COMPUTES),
    "GammaRegressor": (COMPUTES, COMPUTES),
    "HuberRegressor": (COMPUTES, COMPUTES),
    "IsotonicRegression": (COMPUTES, NO_SPARSE),
    "KernelRidge": (NAN_REFUSED, NAN_REFUSED),
    "Lasso": (STOPPED, COMPUTES),
    "LassoCV": (NAN_REFUSED, COMPUTES),
    "LinearRegression": (REFUSES, REFUSES),
    "LogisticRegression": (COMPUTES, COMPUTES),
    "LogisticRegressionCV": (COMPUTES, COMPUTES),
    "MultiTaskElasticNet": (STOPPED, COMPUTES),
    "MultiTaskElasticNetCV": (NAN_REFUSED, COMPUTES),
    "MultiTaskLasso": (STOPPED, COMPUTES),
    "MultiTaskLassoCV": (NAN_REFUSED, COMPUTES),
    "Perceptron": (COMPUTES, COMPUTES),
    "PoissonRegressor": (COMPUTES, COMPUTES),
    "QuantileRegressor": (TYPE, TYPE),
    "RANSACRegressor": (REFUSES, REFUSES),
    "Ridge": (NAN_REFUSED, NAN),
    "RidgeCV": (LINALG, LINALG),
    "RidgeClassifier": (NAN_REFUSED, NAN),
    "RidgeClassifierCV": (LINALG, LINALG),
    "SGDClassifier": (COMPUTES, COMPUTES),
    "SGDOneClassSVM": (COMPUTES, COMPUTES),
    "SGDRegressor": (COMPUTES, COMPUTES),
    "TweedieRegressor": (COMPUTES, COMPUTES),
}
# The same by solver, where that is more than the default's: what the parameters are, then dense X and CSR. In
# scikit-learn sag turns into sparse_cg for an intercept with sparse X; liblinear leaves out rows of a negative weight.
FREE = {"fit_intercept": False}
PRECISE = {"tol": 1e-10, "max_iter": 20_000}
SOLVERS = [("Ridge", {"solver": s} | PRECISE | FREE, (COMPUTES, COMPUTES)) for s in ("sag", "saga")]
SOLVERS += [(name, {"solver": "sag"} | PRECISE, (COMPUTES, NAN)) for name in ("Ridge", "RidgeClassifier")]
SOLVERS += [("Ridge", {"solver": "saga"} | PRECISE, (COMPUTES,)), ("Ridge", {"solver": "svd"}, (LINALG,))]
SOLVERS += [("Ridge", {"solver": s} | FREE, (NAN, NAN)) for s in ("sparse_cg", "lsqr")]
SOLVERS += [("Ridge", {"solver": "cholesky"} | FREE, (NAN_REFUSED, NAN_REFUSED))]
SOLVERS += [("Ridge", {"positive": True}, (STOPPED, STOPPED))]
SOLVERS += [
    ("LogisticRegression", {"solver": s} | PRECISE, (COMPUTES, COMPUTES))
    for s in ("lbfgs", "newton-cg", "newton-cholesky", "sag", "saga", "liblinear")
]
SOLVERS += [
    ("LogisticRegression", {"solver": s, "l1_ratio": 1, "C": 0.3} | PRECISE, (COMPUTES, COMPUTES))
    for s in ("saga", "liblinear")
]
SOLVERS += [("LogisticRegression", {"solver": "liblinear", "dual": True} | PRECISE, (COMPUTES, COMPUTES))]
SOLVERS += [("HuberRegressor", {"alpha": 1.0, "epsilon": 2.0, "tol": 1e-9}, (COMPUTES, COMPUTES))]
SOLVERS += [("HuberRegressor", {"fit_intercept": False, "tol": 1e-9}, (COMPUTES, COMPUTES))]
SOLVERS += [("ElasticNet", {"alpha": 0.05, "l1_ratio": 0.3, "tol": 1e-10} | FREE, (STOPPED, COMPUTES))]
SOLVERS += [("Lasso", {"alpha": 0.05, "positive": True, "tol": 1e-10}, (STOPPED, COMPUTES))]
KINDS = {"dense": np.asarray, "csr": sparse.csr_array}
BY_CLASS = [(name, PARAMS.get(name, {}), does) for name, does in NEGATIVE.items()]
CASES = [
    (name, params, kind, what)
    for name, params, does in BY_CLASS + SOLVERS
    for kind, what in zip(KINDS, does, strict=False)
    if what != NO_SPARSE
]


def outcome(package, name, params, X, y, w):
    """The fitted estimator or the error, and what that is called in the table."""
    where = "kernel_ridge" if name == "KernelRidge" else "isotonic" if name.startswith("Iso") else "linear_model"
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        estimator = getattr(importlib.import_module(f"{package}.{where}"), name)(**params)
        if "random_state" in estimator.get_params():
            estimator.set_params(random_state=0)
        try:
            estimator.fit(X, y, sample_weight=w)
        except Exception as error:
            speaks = isinstance(error, ValueError) and "Negative values in data" in str(error)
            return error, REFUSES if speaks else type(error).__name__
    if not np.isfinite(getattr(estimator, "coef_", 0.0)).all():
        return estimator, NAN
    stopped = any(issubclass(t.category, ConvergenceWarning) for t in told)
    return estimator, STOPPED if stopped else COMPUTES


def test_the_table_of_negative_weights_names_every_class():
    assert set(NAMES) | {"IsotonicRegression", "KernelRidge"} == set(NEGATIVE)
    for name in ("LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"):
        assert "sample_weight" not in inspect.signature(getattr(discriminant_analysis, name).fit).parameters


@pytest.mark.parametrize(("name", "params", "kind", "what"), CASES, ids=str)
def test_a_negative_weight_does_what_it_does_in_scikit_learn(name, params, kind, what):
    X, y, _ = table(name if hasattr(ours, name) else "Ridge")
    X = X[:, 0] if name == "IsotonicRegression" else KINDS[kind](X)
    w = np.ones(len(y))
    w[:5] = -0.25
    wanted, does = outcome("sklearn", name, params, X, y, w)
    assert does == what, wanted
    found, did = outcome("ironlearn", name, params, X, y, w)
    assert did == (COMPUTES if what == COMPUTES else REFUSES), found
    if did == REFUSES:
        assert type(found) is ValueError
    elif name == "IsotonicRegression":
        np.testing.assert_allclose(found.predict(X), wanted.predict(X), rtol=1e-12)
    elif name not in STEPS:
        same(found, wanted, 1e-3)


# The rows whose fit has no minimum: a column's weighted squares below 0, or a sum of weights that is not positive.
@pytest.mark.parametrize("name", [n for n, does in NEGATIVE.items() if does[1] == COMPUTES and n not in STEPS])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_many_negative_weights_end_in_an_answer_or_an_error(name, share):
    X, y, _ = table(name)
    w = np.where(np.arange(len(y)) < share * len(y), -2.0, 1.0)
    found, did = outcome("ironlearn", name, PARAMS.get(name, {}), sparse.csr_array(X), y, w)
    assert did in (COMPUTES, STOPPED) or isinstance(found, ValueError), found


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("name", ["Lasso", "ElasticNet", "MultiTaskLasso", "MultiTaskElasticNet"])
def test_without_a_minimum_the_error_says_so(name, container):
    random = np.random.default_rng(14)
    X = random.normal(size=(35, 25)) * (random.uniform(size=(35, 25)) < 0.6)
    y = X @ random.normal(size=(25, 2)) + random.normal(size=(35, 2))
    w = np.ones(35)
    w[:3] = -1.0
    about = (X - w @ X / w.sum()) * np.sqrt(np.abs(w))[:, None]
    # Sums of weighted squares are those of a convex problem no more.
    assert np.linalg.eigvalsh(about.T @ (np.sign(w)[:, None] * about)).min() < -0.1
    params = {"alpha": 1e-3, "max_iter": 10_000}
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight` .* no minimum"):
        made(name, **params).fit(container(X), y if name.startswith("Multi") else y[:, 0], sample_weight=w)
