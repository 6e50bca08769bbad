"""KernelRidge against scikit-learn."""

import pickle
import warnings

import ironlearn
import numpy as np
import pytest
import scipy.sparse as sp
from ironlearn.kernel_ridge import KernelRidge
from sklearn.datasets import load_diabetes
from sklearn.kernel_ridge import KernelRidge as Theirs
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import MinMaxScaler

X, Y = load_diabetes(return_X_y=True)
X = MinMaxScaler().fit_transform(X)
TRAIN, TEST = slice(0, 300), slice(300, None)
KERNELS = ["linear", "poly", "polynomial", "rbf", "sigmoid", "laplacian", "cosine", "chi2", "additive_chi2"]


def near(model, theirs, test=X[TEST]):
    expected = theirs.predict(test)
    np.testing.assert_allclose(model.predict(test), expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("gamma", [None, 0.3])
def test_every_kernel(kernel, gamma):
    # scikit-learn cannot take gamma=None with chi2; ours is its own default there.
    other = 1.0 if kernel == "chi2" and gamma is None else gamma
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = KernelRidge(alpha=0.5, kernel=kernel, gamma=gamma).fit(X[TRAIN], Y[TRAIN])
        near(model, Theirs(alpha=0.5, kernel=kernel, gamma=other).fit(X[TRAIN], Y[TRAIN]))


@pytest.mark.parametrize("kernel", ["linear", "poly", "rbf", "sigmoid", "laplacian", "cosine"])
@pytest.mark.parametrize("form", [sp.csr_array, sp.csc_matrix])
def test_sparse(kernel, form):
    x = np.where(X > 0.5, X, 0)
    model = KernelRidge(kernel=kernel).fit(form(x[TRAIN]), Y[TRAIN])
    theirs = Theirs(kernel=kernel).fit(x[TRAIN], Y[TRAIN])
    near(model, theirs, x[TEST])
    np.testing.assert_allclose(model.predict(form(x[TEST])), model.predict(x[TEST]), rtol=1e-9)
    dense = KernelRidge(kernel=kernel).fit(x[TRAIN], Y[TRAIN])
    np.testing.assert_allclose(dense.predict(form(x[TEST])), dense.predict(x[TEST]), rtol=1e-9)


def test_weights_targets_and_penalties():
    rng = np.random.default_rng(0)
    y, w = np.column_stack([Y, Y**2 / 100]), rng.integers(0, 3, 300).astype(float)
    for alpha in (1.0, [0.5, 3.0]):
        params = {"alpha": alpha, "kernel": "rbf"}
        model = KernelRidge(**params).fit(X[TRAIN], y[TRAIN], sample_weight=w)
        near(model, Theirs(**params).fit(X[TRAIN], y[TRAIN], sample_weight=w))
        assert model.dual_coef_.shape == (300, 2)
    near(KernelRidge().fit(X, Y, sample_weight=2.0), Theirs().fit(X, Y, sample_weight=2.0))
    with pytest.raises(ValueError, match="penalties"):
        KernelRidge(alpha=[1.0, 2.0, 3.0]).fit(X, y)


def test_precomputed_and_callable():
    K = rbf_kernel(X[TRAIN])
    expected = KernelRidge(kernel="rbf").fit(X[TRAIN], Y[TRAIN]).predict(X[TEST])
    model = KernelRidge(kernel="precomputed").fit(K, Y[TRAIN])
    np.testing.assert_allclose(model.predict(rbf_kernel(X[TEST], X[TRAIN])), expected, rtol=1e-8)
    assert model.__sklearn_tags__().input_tags.pairwise
    again = ironlearn._saved.loads(ironlearn._saved.dumps(model))
    np.testing.assert_array_equal(again.predict(K), model.predict(K))
    with pytest.raises(ValueError, match="Precomputed"):
        KernelRidge(kernel="precomputed").fit(K[:, :-1], Y[TRAIN])

    model = KernelRidge(kernel=product, kernel_params={"power": 2}).fit(X[:40], Y[:40])
    theirs = Theirs(kernel=product, kernel_params={"power": 2}).fit(X[:40], Y[:40])
    near(model, theirs)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    with pytest.raises(TypeError, match="product"):
        ironlearn._saved.dumps(model)


def product(x, y, power):
    return (x @ y) ** power


def test_singular_and_files(tmp_path):
    with pytest.warns(UserWarning, match="Singular matrix in solving dual problem"):
        model = KernelRidge(alpha=0).fit(X, Y)
    coef = np.linalg.lstsq(X, Y, rcond=None)[0]
    np.testing.assert_allclose(model.predict(X), X @ coef, rtol=1e-6)
    for rows in (X, X.astype(np.float32), sp.csr_array(X)):
        model = KernelRidge(kernel="laplacian").fit(rows, Y)
        ironlearn.save(model, tmp_path / "model")
        again = ironlearn.load(tmp_path / "model")
        np.testing.assert_array_equal(again.predict(rows), model.predict(rows))
        assert again.X_fit_.dtype == model.X_fit_.dtype
        model.dual_coef_ = 2 * model.dual_coef_
        np.testing.assert_allclose(model.predict(rows), 2 * again.predict(rows), rtol=1e-12)


def test_bad_input():
    with pytest.raises(ValueError, match="negative"):
        KernelRidge(kernel="chi2").fit(X - 0.5, Y)
    with pytest.raises(TypeError):
        KernelRidge(kernel="chi2").fit(sp.csr_array(X), Y)
    with pytest.raises(ValueError):
        KernelRidge(kernel="cosines").fit(X, Y)


def test_searches():
    search = GridSearchCV(KernelRidge(kernel="rbf"), {"alpha": [0.1, 1.0], "gamma": [0.1, 1.0]}).fit(X, Y)
    theirs = GridSearchCV(Theirs(kernel="rbf"), {"alpha": [0.1, 1.0], "gamma": [0.1, 1.0]}).fit(X, Y)
    assert search.best_params_ == theirs.best_params_
    assert search.best_score_ == pytest.approx(theirs.best_score_)
    K = rbf_kernel(X)
    assert cross_val_score(KernelRidge(kernel="precomputed"), K, Y).mean() == pytest.approx(
        cross_val_score(Theirs(kernel="precomputed"), K, Y).mean()
    )
