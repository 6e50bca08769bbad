"""Every estimator through the model file, a pickle and a deep copy: the same answers and the same fitted attributes."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from ironlearn import _saved
from ironlearn._base import NativeEstimator
from ironlearn._members import Savable
from ironlearn._transformer import NativeTransformer
from scipy.sparse import issparse
from sklearn.base import is_regressor
from sklearn.datasets import load_iris
from sklearn.utils import get_tags
from test_estimator_checks import instances, our_classes

ANSWERS = ("predict", "predict_proba", "decision_function", "transform", "score_samples")
# What a file does not hold, because it describes the fit's data or the run and not the model.
OF_THE_FIT = {
    "KMeans": {"labels_"},
    "MultiTaskElasticNet": {"eps_"},
    "MultiTaskLasso": {"eps_"},
}
# scikit-learn's instance for tests holds an estimator of its own, which no file of ours can hold.
BY_DEFAULT = {"RANSACRegressor"}
CLASSES = [
    c for c in our_classes() if issubclass(c, NativeEstimator | Savable) and not issubclass(c, NativeTransformer)
]
WAYS = {
    "file": lambda model: _saved.loads(_saved.dumps(model)),
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "deepcopy": copy.deepcopy,
}


def fitted(cls):
    estimator = cls() if cls.__name__ in BY_DEFAULT else next(iter(instances(cls)))[0]
    X, y = load_iris(return_X_y=True)
    X, y = X[30:130] + 0.1, y[30:130]
    if not get_tags(estimator).input_tags.two_d_array:
        X = X[:, :1]
    if "random_state" in estimator.get_params():
        estimator.set_params(random_state=0)
    if not get_tags(estimator).target_tags.single_output:
        y = np.column_stack([y, 2.0 - y])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, y + 1.0 if is_regressor(estimator) else y), X


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
@pytest.mark.parametrize("way", WAYS)
def test_an_estimator_comes_back(cls, way):
    model, X = fitted(cls)
    again = WAYS[way](model)
    assert type(again) is cls
    for name in ANSWERS:
        if hasattr(model, name):
            wanted, found = getattr(model, name)(X), getattr(again, name)(X)
            if issparse(wanted):
                wanted, found = wanted.toarray(), found.toarray()
            np.testing.assert_array_equal(found, wanted)
    left_out = OF_THE_FIT.get(cls.__name__, set()) if way == "file" else set()
    for name, wanted in vars(model).items():
        if not name.endswith("_") or name.startswith("_") or name in left_out | {"report_"}:
            continue
        assert hasattr(again, name), f"{name} is lost"
        found = getattr(again, name)
        assert type(found) is type(wanted) and np.shape(found) == np.shape(wanted), name
        if isinstance(wanted, np.ndarray | float | int | np.generic):
            np.testing.assert_array_equal(found, wanted, err_msg=name)
