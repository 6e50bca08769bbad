"""Nystroem and RBFSampler: the kernels that they stand for, scikit-learn's shapes and types, files, pipelines."""

import pickle

import ironlearn
import numpy as np
import pytest
import scipy.sparse as sp
from ironlearn.kernel_approximation import Nystroem, RBFSampler
from sklearn import kernel_approximation as reference
from sklearn.metrics.pairwise import pairwise_kernels, rbf_kernel

RNG = np.random.default_rng(0)
X = RNG.uniform(0.1, 1.0, size=(60, 4))
KERNELS = ["linear", "poly", "polynomial", "rbf", "sigmoid", "laplacian", "cosine", "chi2", "additive_chi2"]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.csc_matrix, np.asfortranarray])
def test_with_all_rows_products_are_the_kernel(kernel, form):
    if sp.issparse(form(X)) and "chi2" in kernel:
        with pytest.raises(TypeError, match="dense"):
            Nystroem(kernel, n_components=60).fit(form(X))
        return
    model = Nystroem(kernel, n_components=60, random_state=0).fit(form(X))
    Z = model.transform(form(X))
    K = pairwise_kernels(X, metric=kernel)
    if kernel in ("sigmoid", "additive_chi2"):
        # Not positive definite: singular values stand for eigenvalues, as in scikit-learn.
        order = model.component_indices_
        U, S, V = np.linalg.svd(K[np.ix_(order, order)])
        expected = K[:, order] @ (U / np.sqrt(np.maximum(S, 1e-12)) @ V).T
        np.testing.assert_allclose(Z @ Z.T, expected @ expected.T, atol=1e-5)
    else:
        np.testing.assert_allclose(Z @ Z.T, K, atol=1e-5)


@pytest.mark.parametrize("kernel", ["rbf", "poly", "laplacian"])
def test_features_are_scikit_learns_for_the_same_components(kernel):
    given = {"rbf": {"gamma": 0.7}, "poly": {"degree": 2, "coef0": 0.5}, "laplacian": {}}[kernel]
    ours = Nystroem(kernel, n_components=12, random_state=3, **given).fit(X)
    np.testing.assert_array_equal(ours.components_, X[ours.component_indices_])
    assert len(set(ours.component_indices_)) == 12
    theirs = reference.Nystroem(kernel, n_components=12, random_state=3, **given).fit(X)
    K = pairwise_kernels(ours.components_, metric=kernel, filter_params=True, **theirs._get_kernel_params())
    U, S, V = np.linalg.svd(K)
    theirs.components_, theirs.normalization_ = ours.components_, U / np.sqrt(S) @ V
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-8)
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


def test_kernel_params_and_what_is_refused():
    by_name = Nystroem("poly", degree=2, gamma=0.3, coef0=2.0, random_state=0, n_components=9).fit_transform(X)
    by_params = Nystroem(
        "poly", kernel_params={"degree": 2, "gamma": 0.3, "coef0": 2.0}, random_state=0, n_components=9
    ).fit_transform(X)
    np.testing.assert_array_equal(by_name, by_params)
    for kernel in (lambda a, b: a @ b, "precomputed"):
        for name in ("gamma", "degree", "coef0"):
            with pytest.raises(ValueError, match="Don't pass gamma, coef0 or degree"):
                Nystroem(kernel, n_components=5, **{name: 2}).fit(X[:, :4] if callable(kernel) else rbf_kernel(X))
    with pytest.warns(UserWarning, match="n_components > n_samples"):
        assert Nystroem(n_components=100).fit_transform(X).shape == (60, 60)


def test_callable_and_precomputed_kernels_give_the_named_ones():
    def rbf(a, b, gamma=0.5):
        return np.exp(-gamma * np.sum((a - b) ** 2))

    named = Nystroem("rbf", gamma=0.5, n_components=10, random_state=2)
    expected = named.fit_transform(X)
    called = Nystroem(rbf, kernel_params={"gamma": 0.5}, n_components=10, random_state=2)
    np.testing.assert_allclose(called.fit_transform(X), expected, atol=1e-8)
    given = Nystroem("precomputed", n_components=10, random_state=2)
    np.testing.assert_allclose(given.fit_transform(rbf_kernel(X, gamma=0.5)), expected, atol=1e-8)
    assert given.components_.shape == (10, 60)
    with pytest.raises(TypeError, match="rbf.*cannot be saved"):
        ironlearn.save(called, "nowhere")


def test_random_waves_make_the_kernel():
    model = RBFSampler(gamma=0.5, n_components=20_000, random_state=1)
    Z = model.fit_transform(X)
    # The mean of 20,000 products with a variance below 1: five standard deviations.
    np.testing.assert_allclose(Z @ Z.T, rbf_kernel(X, gamma=0.5), atol=0.04)
    projection = np.sqrt(2 / 20_000) * np.cos(X @ model.random_weights_ + model.random_offset_)
    np.testing.assert_allclose(Z, projection, atol=1e-14)
    theirs = reference.RBFSampler(gamma=0.5, n_components=20_000, random_state=1)
    np.testing.assert_allclose(theirs.fit_transform(X), Z, atol=1e-13)
    assert 0 <= model.random_offset_.min() and model.random_offset_.max() <= 2 * np.pi
    assert model.random_weights_.std() == pytest.approx(1.0, abs=0.02)
    np.testing.assert_allclose(model.transform(sp.csr_array(X)), Z, atol=1e-14)
    names = model.get_feature_names_out()
    assert names[7] == "rbfsampler7" and len(names) == 20_000


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_the_scale_of_waves(form):
    model = RBFSampler(gamma="scale", n_components=50_000, random_state=1).fit(form(X))
    gamma = 1 / (4 * X.var())
    assert model.random_weights_.var() == pytest.approx(2 * gamma, rel=0.02)
    assert np.isfinite(RBFSampler(gamma="scale").fit_transform(np.ones((5, 2)))).all()


@pytest.mark.parametrize("make", [RBFSampler, Nystroem])
def test_types_are_kept(make):
    model = make(n_components=20, random_state=0)
    wide, narrow = model.fit_transform(X), model.fit_transform(X.astype(np.float32))
    assert wide.dtype == np.float64 and narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, wide, atol=5e-3)
    assert model.transform(X).dtype == np.float64


@pytest.mark.parametrize("make", [RBFSampler, Nystroem])
def test_files_pickles_threads_and_seeds(make, tmp_path):
    model = make(n_components=20, random_state=4).fit(X)
    Z = model.transform(X)
    ironlearn.save(model, tmp_path / "model")
    for again in (ironlearn.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again.transform(X), Z)
    np.testing.assert_array_equal(make(n_components=20, random_state=4).fit_transform(X), Z)
    assert (make(n_components=20, random_state=5).fit_transform(X) != Z).any()
    for threads in (1, 2):
        with ironlearn.config_context(n_threads=threads):
            np.testing.assert_array_equal(model.transform(X), Z)
    # A row does not depend on the others.
    np.testing.assert_array_equal(model.transform(X[7:8]), Z[7:8])


def test_assigned_attributes_take_effect():
    waves = RBFSampler(n_components=5, random_state=0).fit(X)
    waves.random_offset_ = np.zeros(5)
    np.testing.assert_allclose(waves.transform(X), np.sqrt(2 / 5) * np.cos(X @ waves.random_weights_), atol=1e-14)
    features = Nystroem(n_components=5, random_state=0).fit(X)
    features.normalization_ = np.eye(5)
    np.testing.assert_allclose(features.transform(X), rbf_kernel(X, features.components_, gamma=0.25), atol=1e-12)
