"""Theil-Sen and RANSAC against scikit-learn: the same subsets, coefficients and rows, on real data with outliers."""

import threading
import time
import warnings

import ironlearn
import numpy as np
import pytest
import scipy.sparse as sp
from ironlearn.linear_model import LinearRegression, RANSACRegressor, Ridge, TheilSenRegressor
from sklearn import linear_model as theirs
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning


def spoilt(n_columns=4, share=10):
    """Rows of the diabetes data, of which every ``share``-th has a target that is far off."""
    X, y = load_diabetes(return_X_y=True)
    X, y = 20 * X[:, 2 : 2 + n_columns], y / 50
    y[::share] += 40
    return X, y


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("params", [{}, {"n_subsamples": 20}, {"max_subpopulation": 300, "tol": 1e-8}])
def test_theil_sen_draws_and_finds_what_scikit_learn_does(fit_intercept, params):
    X, y = spoilt()
    params = {"random_state": 3, "max_subpopulation": 2000, "fit_intercept": fit_intercept, **params}
    ours, reference = TheilSenRegressor(**params).fit(X, y), theirs.TheilSenRegressor(**params).fit(X, y)
    np.testing.assert_allclose(ours.coef_, reference.coef_, rtol=1e-7)
    np.testing.assert_allclose(ours.intercept_, reference.intercept_, rtol=1e-7)
    np.testing.assert_allclose(ours.predict(X), reference.predict(X), rtol=1e-7, atol=1e-9)
    assert (ours.n_iter_, ours.n_subpopulation_) == (reference.n_iter_, reference.n_subpopulation_)
    assert ours.breakdown_ == pytest.approx(reference.breakdown_, rel=1e-14)


def test_theil_sen_leaves_the_random_state_where_scikit_learn_does():
    X, y = spoilt()
    states = np.random.RandomState(5), np.random.RandomState(5)
    TheilSenRegressor(random_state=states[0], max_subpopulation=50).fit(X, y)
    theirs.TheilSenRegressor(random_state=states[1], max_subpopulation=50).fit(X, y)
    assert states[0].randint(2**31) == states[1].randint(2**31)


def test_theil_sen_where_all_subsets_are_few_and_where_columns_depend():
    X, y = spoilt(2)
    # What a singular subset gives is rounding, which differs by processor: here no three rows depend on each other.
    X, y = X[:30] + np.random.default_rng(3).normal(size=(30, 2)) / 100, y[:30]
    ours, reference = TheilSenRegressor().fit(X, y), theirs.TheilSenRegressor().fit(X, y)
    assert ours.n_subpopulation_ == reference.n_subpopulation_ == 4060
    np.testing.assert_allclose(ours.coef_, reference.coef_, rtol=1e-7)
    twice = np.column_stack([X, X[:, 0], np.ones(30)])
    params = {"max_subpopulation": 500, "random_state": 0}
    ours, reference = (c(**params).fit(twice, y) for c in (TheilSenRegressor, theirs.TheilSenRegressor))
    np.testing.assert_allclose(ours.predict(twice), reference.predict(twice), atol=1e-2 * np.ptp(y))
    wide = np.random.default_rng(0).normal(size=(8, 20))
    np.testing.assert_allclose(TheilSenRegressor().fit(wide, y[:8]).predict(wide), y[:8])


def test_theil_sen_with_any_number_of_threads_and_kind_of_x():
    X, y = spoilt()
    one = TheilSenRegressor(random_state=0, n_jobs=1).fit(X, y)
    three = TheilSenRegressor(random_state=0, n_jobs=3).fit(np.asfortranarray(X), y)
    np.testing.assert_array_equal(one.coef_, three.coef_)
    narrow = TheilSenRegressor(random_state=0).fit(X.astype(np.float32), y)
    np.testing.assert_allclose(narrow.coef_, one.coef_, atol=1e-3)
    with pytest.warns(ConvergenceWarning, match="Maximum number of iterations 2"):
        TheilSenRegressor(max_iter=2, tol=0, random_state=0).fit(X, y)


def test_theil_sen_tells(capsys):
    X, y = spoilt()
    TheilSenRegressor(random_state=0, verbose=True, max_subpopulation=10).fit(X, y)
    assert "Number of subpopulations: 10" in capsys.readouterr().out


RANSAC = [
    {},
    {"min_samples": 10, "loss": "squared_error", "residual_threshold": 3.0},
    {"min_samples": 0.008, "stop_probability": 0.999, "max_trials": np.inf},
    {"min_samples": 1.0, "max_skips": 5},
    {"stop_n_inliers": 200},
    {"stop_score": 0.2},
]


@pytest.mark.parametrize("params", RANSAC)
@pytest.mark.parametrize("form", ["dense", "float32", "sparse", "two targets", "weights"])
def test_ransac_finds_the_rows_that_scikit_learn_finds(params, form):
    X, y = spoilt()
    weights = {}
    if form == "float32":
        X, y = X.astype(np.float32), y.astype(np.float32)
    if form == "sparse":
        X = sp.csr_array(X)
    if form == "two targets":
        y = np.column_stack([y, y[::-1]])
    if form == "weights":
        weights = {"sample_weight": np.linspace(0.5, 2, len(y))}
    states = np.random.RandomState(1), np.random.RandomState(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = RANSACRegressor(random_state=states[0], **params).fit(X, y, **weights)
        reference = theirs.RANSACRegressor(random_state=states[1], **params).fit(X, y, **weights)
    np.testing.assert_array_equal(ours.inlier_mask_, reference.inlier_mask_)
    for name in ("n_trials_", "n_skips_no_inliers_", "n_skips_invalid_data_", "n_skips_invalid_model_"):
        assert getattr(ours, name) == getattr(reference, name), name
    rtol = {"float32": 1e-2, "sparse": 1e-4}.get(form, 1e-9)
    np.testing.assert_allclose(ours.predict(X), reference.predict(X), rtol=rtol, atol=rtol)
    assert type(ours.estimator_) is LinearRegression
    assert states[0].randint(2**31) == states[1].randint(2**31)


def test_ransac_in_the_core_and_by_calls_are_the_same():
    X, y = spoilt()
    core = RANSACRegressor(random_state=0).fit(X, y)
    calls = RANSACRegressor(random_state=0, loss=lambda a, b: np.abs(a - b), is_data_valid=lambda X, y: True).fit(X, y)
    np.testing.assert_array_equal(core.inlier_mask_, calls.inlier_mask_)
    np.testing.assert_array_equal(core.estimator_.coef_, calls.estimator_.coef_)
    assert core.n_trials_ == calls.n_trials_


def test_ransac_with_another_estimator_and_functions():
    X, y = spoilt()
    seen = []
    params = {"min_samples": 20, "random_state": 2, "is_model_valid": lambda m, X, y: seen.append(len(y)) or True}
    # Ours draws a number from `random_state` at each fit, scikit-learn's only where its solver needs one.
    ours = RANSACRegressor(theirs.Ridge(alpha=0.1), **params).fit(X, y)
    reference = theirs.RANSACRegressor(theirs.Ridge(alpha=0.1), **params).fit(X, y)
    np.testing.assert_array_equal(ours.inlier_mask_, reference.inlier_mask_)
    np.testing.assert_allclose(ours.predict(X), reference.predict(X), rtol=1e-9)
    assert set(seen) == {20}
    with pytest.raises(ValueError, match="min_samples"):
        RANSACRegressor(Ridge()).fit(X, y)
    with pytest.raises(TypeError, match="Ridge cannot be saved"):
        ironlearn.save(ours, "never.model")


def test_ransac_without_a_consensus_says_so_in_the_attributes():
    X, y = spoilt()
    model = RANSACRegressor(residual_threshold=0, min_samples=50, max_trials=7)
    with pytest.raises(ValueError, match="could not find a valid consensus set"):
        model.fit(X, y)
    assert (model.n_trials_, model.n_skips_no_inliers_) == (7, 7)
    with pytest.raises(ValueError, match="skipped more iterations than `max_skips`"):
        model.set_params(max_skips=3).fit(X, y)
    assert model.n_skips_no_inliers_ == 4
    X[5, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.fit(X, y)


def test_an_error_of_the_draws_and_an_interrupt_come_through():
    X, y = spoilt()

    class Broken(np.random.RandomState):
        def permutation(self, n):
            raise ZeroDivisionError("no draws today")

    with pytest.raises(ZeroDivisionError, match="no draws today"):
        RANSACRegressor(random_state=Broken(0), min_samples=40).fit(X, y)
    # The search runs off the main thread, which hears Ctrl-C.
    import _thread

    threading.Timer(0.3, _thread.interrupt_main).start()
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        RANSACRegressor(max_trials=np.inf, random_state=0, min_samples=200).fit(X, y)
    assert time.perf_counter() - begin < 5
