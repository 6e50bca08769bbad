"""KMeans beside scikit-learn's: the same starts lead to the same centres."""

import pickle
import threading

import ironlearn
import numpy as np
import pytest
import scipy.sparse as sp
from ironlearn.cluster import KMeans, k_means, kmeans_plusplus
from sklearn import cluster as reference
from sklearn.datasets import make_blobs


def data(n=600, p=7, dtype=np.float64, seed=0):
    return np.random.RandomState(seed).uniform(size=(n, p)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("container", [np.asarray, np.asfortranarray, sp.csr_matrix, sp.csc_array])
def test_same_starts_lead_to_the_same_result(dtype, weighted, container):
    X = data(dtype=dtype)
    X[X < 0.3] = 0
    weight = data(600, 1, seed=1).ravel() + 0.1 if weighted else None
    for k in (1, 2, 9, 40):
        for tol in (1e-4, 0.0):
            ours = KMeans(k, init=X[:k], tol=tol).fit(container(X), sample_weight=weight)
            theirs = reference.KMeans(k, init=X[:k], tol=tol, n_init=1).fit(container(X), sample_weight=weight)
            rtol = 1e-9 if dtype == np.float64 else 1e-4
            np.testing.assert_array_equal(ours.labels_, theirs.labels_)
            np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=rtol, atol=rtol)
            assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=rtol)
            assert ours.n_iter_ == theirs.n_iter_
            assert ours.cluster_centers_.dtype == dtype and ours.labels_.dtype == np.int32
            np.testing.assert_array_equal(ours.predict(container(X)), ours.labels_)
            np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-4, atol=1e-4)
            assert ours.transform(X).dtype == dtype
            assert ours.score(X, sample_weight=weight) == pytest.approx(theirs.score(X, sample_weight=weight), rel=rtol)


def test_one_row_is_what_it_is_in_a_batch():
    X = data(400, 11)
    model = KMeans(30, random_state=0).fit(X)
    labels = model.predict(X)
    assert [model.predict(X[i : i + 1])[0] for i in range(400)] == labels.tolist()
    assert [model.predict(X[i : i + 9])[0] for i in range(390)] == labels[:390].tolist()
    # Rows half-way between two centres: the first of the two, in any company.
    model.cluster_centers_ = np.arange(20.0).reshape(-1, 1)
    model.n_features_in_ = 1
    middles = np.arange(0.5, 19, 1).reshape(-1, 1)
    np.testing.assert_array_equal(model.predict(middles), np.arange(19))
    assert [model.predict(m.reshape(1, 1))[0] for m in middles] == list(range(19))


def test_threads_change_nothing():
    X = data(5000, 9, np.float32)
    results = []
    for n in (1, 2, 3):
        with ironlearn.config_context(n_threads=n):
            results.append(KMeans(25, random_state=5).fit(X))
    for other in results[1:]:
        np.testing.assert_array_equal(results[0].cluster_centers_, other.cluster_centers_)
        np.testing.assert_array_equal(results[0].labels_, other.labels_)
        assert results[0].inertia_ == other.inertia_


def test_assigned_centers_take_effect():
    X = data()
    model = KMeans(3, random_state=0).fit(X)
    model.cluster_centers_ = model.cluster_centers_[::-1].copy()
    np.testing.assert_array_equal(model.predict(X), 2 - model.labels_)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(X), 2 - model.labels_)


def test_starts():
    X, _ = make_blobs(500, 4, centers=6, random_state=0)
    best = reference.KMeans(6, n_init=20, random_state=0).fit(X).inertia_
    for init in ("k-means++", "random", lambda X, k, random_state: X[random_state.permutation(len(X))[:k]]):
        found = KMeans(6, init=init, n_init=10, random_state=0).fit(X).inertia_
        assert found == pytest.approx(best, rel=1e-6)
    first = KMeans(6, random_state=1).fit(X)
    np.testing.assert_array_equal(first.labels_, KMeans(6, random_state=1).fit(X).labels_)
    seen = []

    def init(X, k, random_state):
        seen.append(X.copy())
        return X[:k]

    KMeans(3, init=init, n_init=2).fit(X)
    assert len(seen) == 2 and np.array_equal(seen[0], X)
    centers, rows = kmeans_plusplus(X.astype(np.float32), 6, random_state=0)
    np.testing.assert_array_equal(X.astype(np.float32)[rows], centers)
    found = k_means(X, 6, random_state=0, return_n_iter=True)
    assert found[3] >= 1 and found[2] > 0


def test_potential_of_plus_plus_is_like_scikit_learns():
    X = data(2000, 6)

    def potential(centers):
        return np.min(((X[:, None] - centers) ** 2).sum(2), axis=1).sum()

    ours = np.mean([potential(kmeans_plusplus(X, 20, random_state=i)[0]) for i in range(10)])
    theirs = np.mean([potential(reference.kmeans_plusplus(X, 20, random_state=i)[0]) for i in range(10)])
    assert ours < 1.03 * theirs


def test_bad_input():
    X = data(20, 2)
    for value, words in ((np.nan, "Input X contains NaN"), (np.inf, "Input X contains infinity")):
        broken = X.copy()
        broken[3, 1] = value
        with pytest.raises(ValueError, match=words):
            KMeans(2).fit(broken)
        with pytest.raises(ValueError, match=words):
            KMeans(2).fit(X).predict(broken)
    with pytest.raises(ValueError, match="Negative values"):
        KMeans(2).fit(X, sample_weight=-np.ones(20))
    with pytest.raises(ValueError, match="is expecting 2 features"):
        KMeans(2).fit(X).predict(X[:, :1])
    with pytest.warns(RuntimeWarning, match="Using 'lloyd' instead"):
        KMeans(1, algorithm="elkan").fit(X)
    read_only = X[::2, ::-1]
    read_only.flags.writeable = False
    assert KMeans(2, random_state=0).fit(read_only).predict(read_only).shape == (10,)


def test_verbose(capsys):
    KMeans(3, verbose=1, random_state=0).fit(data())
    out = capsys.readouterr().out
    assert "Initialization complete" in out and "Iteration 0, inertia" in out and "Converged at iteration" in out


def test_ctrl_c_ends_a_fit():
    import _thread
    import time

    X = data(150_000, 50)
    timer = threading.Timer(0.3, _thread.interrupt_main)
    began = time.perf_counter()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        KMeans(200, init="random", n_init=20, tol=0, random_state=0).fit(X)
    assert time.perf_counter() - began < 1.3
