"""What scikit-learn 1.9 deprecates in its linear models: ours say so too, with the same FutureWarnings.

The list below has every FutureWarning that stands in the source of ``sklearn.linear_model`` 1.9.1; a test counts them.
"""

import re
import warnings
from pathlib import Path

import ironlearn.linear_model as ours
import numpy as np
import pytest
import sklearn.linear_model as reference
from scipy import sparse

# How scikit-learn's source warns: by the class given to a call, or by the decorator of a class.
WARNS = r"\bFutureWarning,|category=FutureWarning|, FutureWarning\)|^@deprecated"
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 3))
NUMBERS = X @ [1.0, -1.0, 0.5] + 0.1 * RANDOM.normal(size=60)
LABELS = (NUMBERS > 0).astype(int)
QUIET = {"l1_ratios": (0,), "use_legacy_attributes": False, "scoring": "accuracy", "Cs": [1.0], "cv": 2}


def fitted(name, y=LABELS, x=X, **params):
    return lambda module: getattr(module, name)(**params).fit(x, y)


def logistic_cv(**params):
    return fitted("LogisticRegressionCV", **QUIET | params)


def scored(module):
    logistic_cv()(module).score(X, LABELS, np.ones(60))


CASES = {
    "penalty=l1": fitted("LogisticRegression", penalty="l1", solver="liblinear"),
    "penalty=l2": fitted("LogisticRegression", penalty="l2"),
    "penalty=elasticnet": fitted("LogisticRegression", penalty="elasticnet", solver="saga", l1_ratio=0.5, max_iter=500),
    "penalty=None": fitted("LogisticRegression", penalty=None),
    "l1_ratio=None": fitted("LogisticRegression", l1_ratio=None),
    "n_jobs=1": fitted("LogisticRegression", n_jobs=1),
    "penalty and n_jobs": fitted("LogisticRegression", penalty="l2", n_jobs=2),
    "cv by default": fitted("LogisticRegressionCV"),
    "cv, l1_ratios by default": fitted(
        "LogisticRegressionCV", **{name: value for name, value in QUIET.items() if name != "l1_ratios"}
    ),
    "cv, l1_ratios=None": logistic_cv(l1_ratios=None),
    "cv, penalty=l2": logistic_cv(penalty="l2", l1_ratios=None),
    "cv, penalty=l1": logistic_cv(penalty="l1", solver="liblinear", l1_ratios=None),
    "cv, scoring by default": fitted(
        "LogisticRegressionCV", **{name: value for name, value in QUIET.items() if name != "scoring"}
    ),
    "cv, legacy attributes by default": fitted(
        "LogisticRegressionCV", **{name: value for name, value in QUIET.items() if name != "use_legacy_attributes"}
    ),
    "cv, legacy attributes wanted": logistic_cv(use_legacy_attributes=True),
    "cv, weights of a score by position": scored,
    "passive-aggressive classifier": lambda module: module.PassiveAggressiveClassifier(),
    "passive-aggressive classifier, fitted": fitted("PassiveAggressiveClassifier"),
    "passive-aggressive regressor": lambda module: module.PassiveAggressiveRegressor(),
    "passive-aggressive regressor, fitted": fitted("PassiveAggressiveRegressor", NUMBERS),
    "power_t of a classifier": fitted("SGDClassifier", power_t=-0.5, learning_rate="constant", eta0=0.01),
    "power_t of a regressor": fitted("SGDRegressor", NUMBERS, power_t=-0.5, learning_rate="constant", eta0=0.01),
    "power_t of one class": fitted("SGDOneClassSVM", None, power_t=-0.5, learning_rate="constant", eta0=0.01),
    "enet_path, n_alphas": lambda module: module.enet_path(X, NUMBERS, n_alphas=5),
    "enet_path, alphas=None": lambda module: module.enet_path(X, NUMBERS, alphas=None),
    "lasso_path, n_alphas": lambda module: module.lasso_path(X, NUMBERS, n_alphas=5),
    "lasso_path, alphas=None": lambda module: module.lasso_path(X, NUMBERS, alphas=None),
    "svd of sparse X": fitted("RidgeCV", NUMBERS, sparse.csr_array(X), gcv_mode="svd"),
    "nothing deprecated": fitted("LogisticRegression"),
}


def warned(call, module):
    """The FutureWarnings of a call: of each the versions, the names with an equals sign and the quoted names in it."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        call(module)
    texts = [str(w.message) for w in heard if w.category is FutureWarning]
    return sorted(sorted(set(re.findall(r"\b1\.\d+|\w+=\(?[\w.]+|['`]\w+['`=]|Class \w+", text))) for text in texts)


@pytest.mark.parametrize("case", CASES)
def test_the_same_future_warnings(case):
    found, wanted = (warned(CASES[case], module) for module in (ours, reference))
    assert found == wanted
    assert bool(wanted) == (case not in ("nothing deprecated", "cv, legacy attributes wanted"))


def test_the_list_is_of_all_that_scikit_learn_deprecates():
    source = Path(reference.__file__).parent
    heard = {
        path.name: len(re.findall(WARNS, path.read_text(), re.M))
        for path in sorted(source.rglob("*.py"))
        if "tests" not in path.parts
    }
    assert {name: count for name, count in heard.items() if count} == {
        "_coordinate_descent.py": 4,
        "_logistic.py": 8,
        "_passive_aggressive.py": 2,
        "_ridge.py": 1,
        "_stochastic_gradient.py": 3,
    }
