"""How a fit runs: interrupted, beside other threads, after a fork, on awkward arrays, with callbacks."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import ironlearn
import numpy as np
import pytest
from ironlearn import config_context
from ironlearn.kernel_approximation import Nystroem
from ironlearn.linear_model import Ridge
from sklearn.base import clone


def regression(n=2000, p=10, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ np.arange(p) + rng.normal(size=n)


def interrupt_after(seconds):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_ctrl_c_ends_a_fit_within_a_second():
    # The Gram matrix of this takes far longer than the timer, on any machine.
    X = np.random.default_rng(0).normal(size=(30_000, 3000)).astype(np.float32)
    y = X[:, 0].astype(float)
    interrupt_after(0.5)
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        for _ in range(100):
            Ridge().fit(X, y)
    assert time.perf_counter() - start < 1.5 + 0.5, "the fit did not end within a second of the signal"
    Ridge().fit(X[:100, :5], y[:100])  # and the next fit works


def test_other_threads_run_during_a_fit():
    X, y = regression(200_000, 60)
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.001)

    ticker = threading.Thread(target=tick)
    ticker.start()
    start = time.perf_counter()
    for _ in range(5):
        Ridge().fit(X, y)
    end = time.perf_counter()
    done.set()
    ticker.join()
    assert sum(start < t < end for t in ticks) > 10


def test_threads_may_fit_at_once():
    X, y = regression()
    expected = Ridge().fit(X, y).coef_
    found = [None] * 8

    def work(i):
        found[i] = Ridge().fit(X, y).coef_

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert all((coef == expected).all() for coef in found)


def _fit_in_child(queue, X, y):
    queue.put(Ridge().fit(X, y).coef_)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_forked_process_may_fit(method):
    X, y = regression(50_000)
    expected = Ridge().fit(X, y).coef_  # the pool exists before the fork
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    child = context.Process(target=_fit_in_child, args=(queue, X, y))
    child.start()
    try:
        assert (queue.get(timeout=60) == expected).all()
    finally:
        child.join(10)
        child.kill()


def awkward(X):
    read_only = X.copy()
    read_only.flags.writeable = False
    wide = np.zeros((2 * len(X), 3 * X.shape[1]))
    wide[::2, 1::3] = X
    raw = np.zeros(X.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(np.float64).reshape(X.shape)
    unaligned[:] = X
    yield "C", X
    yield "F", np.asfortranarray(X)
    yield "read-only", read_only
    yield "strided", wide[::2, 1::3]
    yield "reversed", X[::-1].copy()[::-1]
    yield "reversed columns", X[:, ::-1].copy()[:, ::-1]
    yield "unaligned", unaligned
    yield "big-endian", X.astype(">f8")
    yield "list", X.tolist()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_any_layout_gives_the_same_predictions(n_threads):
    X, y = regression(301, 7)
    model = Ridge().fit(X, y)
    expected = model.predict(X)
    with config_context(n_threads=n_threads):
        for name, other in awkward(X):
            assert (model.predict(other) == expected).all(), name
            np.testing.assert_allclose(clone(model).fit(other, y).coef_, model.coef_, rtol=1e-12, err_msg=name)


def test_a_row_is_predicted_the_same_in_any_batch():
    X, y = regression(5000, 37)
    model = Ridge().fit(X, y)
    whole = model.predict(X)
    assert all(model.predict(X[i : i + 1])[0] == whole[i] for i in range(0, 5000, 97))


class Counter:
    """A callback of scikit-learn's protocol that counts what it is told."""

    def __init__(self):
        self.begun = self.ended = self.set_up = self.torn_down = 0

    def setup(self, estimator, context):
        self.set_up += 1

    def teardown(self, estimator, context):
        self.torn_down += 1

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.begun += 1

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.ended += 1


def test_callbacks_hear_of_the_fit():
    X, y = regression()
    told = Counter()
    Ridge().set_callbacks(told).fit(X, y)
    assert told.set_up == told.torn_down == 1
    assert told.begun == told.ended >= 1


def test_the_report_says_what_ran_where():
    X, y = regression()
    report = Ridge().fit(X, y).report_
    assert report["converged"] and report["seconds"] > 0
    assert ("gram", "cpu") in [op[:2] for op in report["ops"]]


def test_a_device_that_is_not_there_is_an_error():
    X, y = regression()
    with config_context(device="tpu"), pytest.raises(RuntimeError, match="there is no device 'tpu'"):
        Ridge().fit(X, y)
    with config_context(device="cuda"):
        try:
            Ridge().fit(X, y)
        except RuntimeError as error:
            assert str(error).startswith("no CUDA device: ")


def test_configuration_is_checked_and_restored():
    before = ironlearn.get_config()
    with config_context(n_threads=2):
        assert ironlearn.get_config()["n_threads"] == 2
    assert ironlearn.get_config() == before
    for wrong in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="n_threads"):
            ironlearn.set_config(n_threads=wrong)
    with pytest.raises(TypeError, match="unknown configuration"):
        ironlearn.set_config(threads=2)


def hilbert(n):
    """A symmetric matrix without full rank: nothing goes by Cholesky."""
    i = np.arange(n)
    return 1.0 / (1 + i[:, None] + i[None, :])


@pytest.mark.parametrize("what", ["eigenvectors", "singular values"])
def test_ctrl_c_does_not_wait_for_a_decomposition(what):
    # Both take far longer than a second.
    if what == "eigenvectors":
        model, X = Nystroem(n_components=3000, random_state=0), np.random.default_rng(0).normal(size=(3000, 5))
    else:
        model, X = Ridge(solver="svd"), hilbert(2000)
    interrupt_after(1.0)
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        for _ in range(100):
            model.fit(X, X[:, 0])
    assert time.perf_counter() - start < 2.0 + 0.5, "the fit did not end within a second of the signal"


def test_a_process_may_end_while_a_decomposition_is_left_behind():
    """It exits as it wants to, and so does a forked child of it."""
    program = """
import os, signal, sys, threading
import numpy as np
from ironlearn.kernel_approximation import Nystroem
threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    while True:
        Nystroem(n_components=2500, random_state=0).fit(np.random.default_rng(0).normal(size=(2500, 5)))
except KeyboardInterrupt:
    child = os.fork()
    if child == 0:
        sys.exit(5)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    sys.exit(3)
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=60, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
