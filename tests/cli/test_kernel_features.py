"""A pipeline of a kernel's features and a linear machine is one file for Python and the shell."""

import ironlearn
import numpy as np
import pandas as pd
import pytest
from ironlearn.kernel_approximation import Nystroem, RBFSampler
from ironlearn.pipeline import Pipeline
from ironlearn.svm import LinearSVC, LinearSVR
from sklearn.pipeline import make_pipeline


@pytest.mark.parametrize("first", [Nystroem(n_components=25, random_state=0), RBFSampler(random_state=0)])
def test_a_pipeline_is_one_file(shell, first):
    X = np.random.default_rng(0).uniform(0.1, 1.0, size=(60, 4))
    distance = np.linalg.norm(X - 0.5, axis=1)
    pd.DataFrame(X, columns=list("abcd")).to_csv(shell.folder / "rows.csv", index=False)
    for last, y in (
        (LinearSVC(C=10.0, random_state=0), np.where(distance > 0.5, "far", "near")),
        (LinearSVR(C=10.0, random_state=0), distance),
    ):
        for whole in (make_pipeline(first, last), Pipeline([("features", first), ("machine", last)])):
            expected = whole.fit(X, y).predict(X)
            assert whole.score(X, y) > 0.7
            ironlearn.save(whole, shell.folder / "model")
            again = ironlearn.load(shell.folder / "model")
            np.testing.assert_array_equal(again.predict(X), expected)
            shell("predict", "model", "rows.csv", "--out", "told.csv", "--quiet")
            told = pd.read_csv(shell.folder / "told.csv").iloc[:, 0].to_numpy()
            np.testing.assert_array_equal(told, expected)
