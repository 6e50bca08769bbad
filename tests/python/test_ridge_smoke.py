"""The narrow way once through: fit, predict, pickle, interrupt-free threads."""

import pickle

import numpy as np
from ironlearn import config_context
from ironlearn.linear_model import Ridge
from sklearn.linear_model import Ridge as Reference


def data(n=500, p=20):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=p) + rng.normal(size=n) + 3


def test_ridge_agrees_with_scikit_learn():
    X, y = data()
    ours, theirs = Ridge(alpha=2.0).fit(X, y), Reference(alpha=2.0).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-10)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-10)


def test_the_same_bits_at_any_thread_count():
    X, y = data(20_000)
    fits = []
    for n_threads in (1, 2, 3):
        with config_context(n_threads=n_threads):
            fits.append(Ridge().fit(X, y).coef_)
    assert (fits[0] == fits[1]).all() and (fits[0] == fits[2]).all()


def test_a_pickle_predicts_the_same_bits():
    X, y = data()
    model = Ridge().fit(X, y)
    assert (pickle.loads(pickle.dumps(model)).predict(X) == model.predict(X)).all()


def test_an_assigned_coefficient_takes_effect():
    X, y = data()
    model = Ridge().fit(X, y)
    model.coef_ = np.zeros(20)
    assert (model.predict(X) == model.intercept_).all()
