"""What a fit tells of itself: progress where ``verbose`` asks for it, ``report_``, and the attributes of
scikit-learn's class."""

import inspect
import re
import warnings

import numpy as np
import pytest
from ironlearn import linear_model as ours
from scipy import sparse
from sklearn import linear_model as reference
from sklearn.base import is_classifier

NAMES = [name for name in ours.__all__ if inspect.isclass(getattr(ours, name))]
LOUD = [name for name in NAMES if "verbose" in inspect.signature(getattr(ours, name)).parameters]
PARAMS = {"LogisticRegressionCV": {"use_legacy_attributes": False, "l1_ratios": (0,), "scoring": "accuracy"}}
# A dot every tenth step at 1, as in scikit-learn, which few columns do not come to.
DOTS = {"Lars", "LassoLars"}


def fitted(module, name, **params):
    random = np.random.default_rng(0)
    X = random.normal(size=(80, 4))
    z = X @ [1.0, -2.0, 0.5, 0.0] + 0.3 * random.normal(size=80)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = getattr(module, name)(**PARAMS.get(name, {}) | params)
        y = (z > 0).astype(int) if is_classifier(estimator) else np.exp(z / 2)
        return estimator.fit(X, np.column_stack([y, z]) if name.startswith("MultiTask") else y)


@pytest.mark.parametrize("name", LOUD)
def test_verbose_prints(name, capfd):
    fitted(ours, name, verbose=0)
    assert capfd.readouterr().out == ""
    fitted(ours, name, verbose=2 if name in DOTS else 1)
    assert capfd.readouterr().out.strip(" ") != ""


@pytest.mark.parametrize("name", NAMES)
def test_a_report(name):
    report = fitted(ours, name).report_
    assert set(report) == {"solver", "iterations", "converged", "warnings", "seconds", "ops"}
    assert report["seconds"] > 0 and isinstance(report["ops"], list)


@pytest.mark.parametrize("name", NAMES)
def test_every_fitted_attribute_of_scikit_learn_is_there(name):
    wanted = {a for a in vars(fitted(reference, name)) if re.fullmatch(r"[a-zA-Z]\w*_", a)}
    found = fitted(ours, name)
    assert {a for a in wanted if not hasattr(found, a)} == set()


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_the_scaled_tolerance_of_multi_task_models(fit_intercept, weighted, container):
    random = np.random.default_rng(1)
    X, Y = random.normal(size=(60, 4)), random.normal(size=(60, 2)) + 2
    w = random.uniform(0.1, 3, size=60) if weighted else None
    found, wanted = (
        m.MultiTaskElasticNet(0.1, fit_intercept=fit_intercept).fit(container(X), Y, w).eps_ for m in (ours, reference)
    )
    assert found == pytest.approx(wanted, rel=1e-10)
