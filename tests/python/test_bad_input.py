"""Bad input ends in the exception that scikit-learn's class of that name raises, with a message, never in a panic."""

import importlib
import inspect
import itertools
import pkgutil
import warnings

import ironlearn
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, clone, is_classifier, is_clusterer, is_regressor
from sklearn.utils.discovery import all_estimators

THEIRS = dict(all_estimators())


def pairs():
    for info in pkgutil.iter_modules(ironlearn.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"ironlearn.{info.name}")
        for name in module.__all__:
            cls = getattr(module, name)
            theirs = THEIRS.get(name)
            if inspect.isclass(cls) and issubclass(cls, BaseEstimator) and theirs is not None:
                if name not in ("Pipeline", "ColumnTransformer", "FeatureUnion"):
                    yield pytest.param(cls, theirs, id=name)


PREDICTORS = list(pairs())


def data(n=40, p=4):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    return X, X[:, 0] + rng.normal(size=n), (X[:, 0] > 0).astype(int)


def target(estimator):
    _, numbers, classes = data()
    return classes if is_classifier(estimator) else numbers


def with_value(value):
    X, _, _ = data()
    X[3, 1] = value
    return X


X0 = data()[0]
BAD_X = {
    "NaN": with_value(np.nan),
    "infinity": with_value(np.inf),
    "beyond float32": with_value(1e300),
    "empty": np.empty((0, 4)),
    "no columns": np.empty((40, 0)),
    "one row": X0[:1],
    "one dimension": X0[:, 0],
    "three dimensions": X0[None],
    "a number": 3.0,
    "None": None,
    "text": np.array([["a", "b"]] * 40),
    "mixed objects": np.array([[1, "b"]] * 40, dtype=object),
    "objects that are numbers": X0.astype(object),
    "objects with None": np.array([[1.0, None]] * 40, dtype=object),
    "complex": X0.astype(complex),
    "ragged": [[1, 2], [3]] * 20,
    "a dict": {"a": [1, 2]},
    "too long": np.vstack([X0, X0]),
    "COO": sp.coo_array(X0),
    "sparse with NaN": sp.csr_array(with_value(np.nan)),
    "64-bit indices": sp.csr_array(X0.copy()),
    "dates": np.array([["2013-01-01"] * 4] * 40, dtype="datetime64[D]"),
    "integers": (X0 * 10).astype(int),
    "booleans": X0 > 0,
    "float16": X0.astype(np.float16),
    "longdouble": X0.astype(np.longdouble),
}
BAD_X["64-bit indices"].indices = BAD_X["64-bit indices"].indices.astype(np.int64)
BAD_X["64-bit indices"].indptr = BAD_X["64-bit indices"].indptr.astype(np.int64)


# Where we answer differently, and why. Key: class, what is done, what is given (`*`: some values of this parameter).
DIFFERENT = {
    ("DecisionTreeClassifier", "fit", "64-bit indices"): "scikit-learn's trees want 32-bit indices; ours take both",
    ("DecisionTreeClassifier", "predict", "64-bit indices"): "as above",
    ("DecisionTreeRegressor", "fit", "64-bit indices"): "as above",
    ("DecisionTreeRegressor", "predict", "64-bit indices"): "as above",
    ("DecisionTreeClassifier", "class_weight", "[]"): "an empty list has no weights for the one output; we say so",
    ("KMeans", "sample_weight", "negative"): "means with weights that cancel are none; scikit-learn computes on",
    ("OneHotEncoder", "fit", "dates"): "categories are numbers or texts; times are expanded into numbers first",
    ("OrdinalEncoder", "fit", "dates"): "as above",
    ("OneHotEncoder", "min_frequency", str(10**30)): "a count beyond 64 bits is no count",
    ("OrdinalEncoder", "min_frequency", str(10**30)): "as above",
    ("OrdinalEncoder", "encoded_missing_value", "*"): "a code is an integer or NaN; we say so before it is needed",
    ("OrdinalEncoder", "dtype", "*"): "0 and -1 are no types of numbers; scikit-learn finds out only at transform",
    ("TweedieRegressor", "sample_weight", "negative"): "rows that weigh less than nothing in all have no mean loss",
    ("RidgeCV", "alphas", "[]"): "no penalties to choose from; scikit-learn fits an alpha of None",
    ("RidgeClassifier", "alpha", "{}"): "a penalty is a number; we say so",
    ("Lars", "fit", "beyond float32"): "inner products of 1e300 overflow: the answer would be NaN; we say so",
    ("LassoLars", "fit", "beyond float32"): "as above",
    ("LassoLarsIC", "fit", "beyond float32"): "as above",
    ("LassoLarsIC", "fit", "float16"): "float16 is taken as float32, as elsewhere",
    ("LarsCV", "y", "one class"): "a constant target is predicted by its mean; scikit-learn fails inside",
    ("LassoLarsCV", "y", "one class"): "as above",
    ("TheilSenRegressor", "max_iter", "0"): "the mean of the solutions, with a warning; scikit-learn fails inside",
    ("SimpleImputer", "fill_value", "*"): "an object or a list can be neither computed with nor saved",
}

for _name in ("AdaBoost", "Bagging", "GradientBoosting"):
    for _kind, _action in itertools.product(("Classifier", "Regressor"), ("fit", "predict")):
        DIFFERENT[_name + _kind, _action, "64-bit indices"] = "scikit-learn's trees want 32-bit indices; ours take both"
for _name in ("GradientBoostingClassifier", "GradientBoostingRegressor"):
    DIFFERENT[_name, "n_iter_no_change", "*"] = "patience beyond all stages is patience; scikit-learn allocates it"

# Fit takes what the other linear models take.
for _name in (
    "PassiveAggressiveClassifier",
    "PassiveAggressiveRegressor",
    "Perceptron",
    "SGDClassifier",
    "SGDOneClassSVM",
    "SGDRegressor",
):
    DIFFERENT[_name, "fit", "64-bit indices"] = "scikit-learn's loops want 32-bit indices; ours take both"

for _name in ("LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"):
    DIFFERENT[_name, "fit", "beyond float32"] = "squares of 1e300 overflow: there is no covariance; we say so"
for _given in ("float16", "longdouble", "dates"):
    DIFFERENT["QuadraticDiscriminantAnalysis", "fit", _given] = "X is taken as floats, as by the linear one"
for _name in ("SVC", "NuSVC", "SVR", "NuSVR", "OneClassSVM"):
    DIFFERENT[_name, "sample_weight", "NaN"] = "such a weight is no weight; scikit-learn leaves the row out"
for _name in ("SVC", "SVR"):
    DIFFERENT[_name, "sample_weight", "infinity"] = "such a weight is no weight; scikit-learn runs on"
DIFFERENT["SVC", "fit", "beyond float32"] = "the variance that gamma scales by overflows; we say so, as for numbers"
DIFFERENT["QuadraticDiscriminantAnalysis", "priors", "*"] = (
    "probabilities of other classes; scikit-learn finds out later"
)

for _name in ("ElasticNet", "Lasso"):
    DIFFERENT[_name, "fit", "beyond float32"] = "inner products of 1e300 overflow: the answer would be NaN; we say so"
    DIFFERENT[_name, "predict", "sparse with NaN"] = "NaN is refused in sparse X as it is in dense X"
    DIFFERENT[_name, "sample_weight", "one negative"] = "its square root is NaN: scikit-learn stays at 0; we say so"

for _name in ("ElasticNet", "ElasticNetCV", "Lasso", "LassoCV"):
    DIFFERENT[_name, "sample_weight", "negative"] = "rows that weigh less than nothing in all have no mean loss"

for _name in ("ElasticNetCV", "LassoCV"):
    DIFFERENT[_name, "sample_weight", "huge"] = "weights whose sum overflows; we say so"
    DIFFERENT[_name, "alphas", "{}"] = "penalties are numbers: a wrong type"

DIFFERENT["BayesianRidge", "fit", "beyond float32"] = "squares of 1e300 overflow: the answer would be NaN; we say so"
DIFFERENT["QuantileRegressor", "fit", "beyond float32"] = (
    "squares of 1e300 overflow; we say so, scikit-learn fails inside"
)
DIFFERENT["QuantileRegressor", "fit", "booleans"] = "True is 1, as elsewhere; scikit-learn fails inside"
DIFFERENT["QuantileRegressor", "fit", "float16"] = "float16 is taken as float32, as elsewhere"
for _given in ("negative", "one negative"):
    DIFFERENT["QuantileRegressor", "sample_weight", _given] = "the objective has no minimum; scikit-learn fails inside"
DIFFERENT["HuberRegressor", "sample_weight", "negative"] = "rows that weigh less than nothing in all have no mean loss"
DIFFERENT["HuberRegressor", "sample_weight", "huge"] = "weights count by their ratios; scikit-learn overflows"
DIFFERENT["QuantileRegressor", "sample_weight", "huge"] = "weights count by their ratios; scikit-learn fails inside"

for _name in ("RidgeClassifier", "RidgeClassifierCV"):
    DIFFERENT[_name, "y", "objects"] = "labels that are no labels are a wrong value"

for _name in ("LogisticRegression", "LogisticRegressionCV"):
    DIFFERENT[_name, "sample_weight", "negative"] = "rows that weigh less than nothing in all have no mean loss"


for _name in ("ExtraTreeClassifier", "ExtraTreeRegressor", "IsolationForest", "RandomTreesEmbedding"):
    DIFFERENT[_name, "fit", "64-bit indices"] = "scikit-learn's trees want 32-bit indices; ours take both"
for _name in ("ExtraTreesClassifier", "ExtraTreesRegressor", "RandomForestClassifier", "RandomForestRegressor"):
    DIFFERENT[_name, "fit", "64-bit indices"] = "scikit-learn's trees want 32-bit indices; ours take both"
    DIFFERENT[_name, "predict", "64-bit indices"] = "as above"
for _name in ("ExtraTreeClassifier", "ExtraTreeRegressor"):
    DIFFERENT[_name, "predict", "64-bit indices"] = "as above"
DIFFERENT["RandomTreesEmbedding", "transform", "64-bit indices"] = "as above"
for _name in ("IsolationForest", "RandomForestClassifier", "RandomForestRegressor"):
    DIFFERENT[_name, "sample_weight", "negative"] = "rows are drawn in proportion to weights, which are not negative"
for _given in ("infinity", "beyond float32"):
    DIFFERENT["IsolationForest", "fit", _given] = "no threshold lies halfway to infinity; we say so, as other trees do"
DIFFERENT["IsolationForest", "max_features", "*"] = "-1 and 0 features are none; scikit-learn takes them for 1"
DIFFERENT["ExtraTreeClassifier", "class_weight", "[]"] = DIFFERENT["DecisionTreeClassifier", "class_weight", "[]"]
DIFFERENT["IsolationForest", "fit", "sparse with NaN"] = "missing values are for dense X, as in other trees"


for _kind in ("Classifier", "Regressor"):
    _name = "HistGradientBoosting" + _kind
    DIFFERENT[_name, "fit", "objects with None"] = "None is a missing value, as NaN is"
    DIFFERENT[_name, "sample_weight", "huge"] = "weights whose sum overflows; we say so"
    DIFFERENT[_name, "validation_fraction", str(10**30)] = (
        "more rows than X has; we say so, also where none are held out"
    )
DIFFERENT["HistGradientBoostingRegressor", "learning_rate", str(10**30)] = (
    "predictions that overflow are none; we say so"
)

# Where scikit-learn does not end: what ours does.
ENDLESS = {(name, "fit", "beyond float32"): ValueError for name in ("LinearSVC", "LinearSVR")}
ENDLESS |= {(name, "sample_weight", "tiny"): None for name in ("LinearSVC", "LinearSVR")}
ENDLESS["LinearSVC", "sample_weight", "huge"] = None
ENDLESS["NuSVR", "C", repr(10**30)] = None
ENDLESS |= {(name, "sample_weight", "huge"): None for name in ("NuSVC", "NuSVR", "OneClassSVM")}
DIFFERENT["LinearSVR", "epsilon", "*"] = "NaN and infinity are no widths; we say so, scikit-learn fits NaN or zeros"
DIFFERENT["RBFSampler", "transform", "dates"] = "dates are taken as numbers, as by the fit"
DIFFERENT["LinearSVR", "sample_weight", "negative"] = "no row is left; we say so, scikit-learn fits none"


def public(kind):
    """The class that users catch: NumPy raises private subclasses of TypeError and ValueError."""
    if kind is not None and "._" in kind.__module__ and kind.__module__.startswith("numpy"):
        return next(base for base in kind.__mro__ if "._" not in base.__module__)
    return kind


def outcome(work, *args, **kwargs):
    """The class of the exception, or None; a panic would be a BaseException of its own and fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            work(*args, **kwargs)
        except Exception as error:
            assert str(error).strip() or isinstance(error, StopIteration), f"{type(error)} without a message"
            return public(type(error))
    return None


def fit(cls, X, y, **weights):
    return clone(cls()).fit(X, y, **weights)


def compare(ours, theirs, action, given, work, *args, **kwargs):
    """Does the same with both classes and compares the exceptions."""
    found = outcome(work, ours, *args, **kwargs)
    if (ours.__name__, action, given) in ENDLESS:
        assert found is ENDLESS[ours.__name__, action, given]
        return
    expected = outcome(work, theirs, *args, **kwargs)
    if (ours.__name__, action, given) in DIFFERENT:
        assert found is not expected, "the table of differences is out of date"
        return
    if (ours.__name__, action, "*") in DIFFERENT:
        assert found is None or issubclass(found, (ValueError, TypeError))
        return
    if given in ("a dict", "text") and {found, expected} == {TypeError, ValueError}:
        # scikit-learn raises one or the other by class and method.
        return
    if given == "dates" and action in ("fit", "predict") and found is None:
        # In scikit-learn some methods take dates as numbers and some do not; ours take them everywhere.
        return
    if given == "True" and found is None:
        # True is the number 1; scikit-learn sometimes fails inside.
        return
    if action == "n_jobs" and found is None:
        # 0 and what is beyond counting mean as many threads as are allowed; scikit-learn's classes raise or not.
        return
    if found is not None and expected is not None and issubclass(found, expected):
        # Caught alike: InvalidParameterError is a ValueError and a TypeError, LinAlgError a ValueError.
        return
    inside = (OverflowError, IndexError, KeyError, AttributeError, StopIteration, np.linalg.LinAlgError)
    if found is not expected and expected in inside:
        # Something failed inside scikit-learn before its checks; ours takes the value or says what is allowed.
        assert found is None or issubclass(found, ValueError)
        return
    assert found is expected, f"{ours.__name__}, {action}, {given}: {found} where scikit-learn has {expected}"


def main_method(cls):
    estimator = cls()
    predicts = is_regressor(estimator) or is_classifier(estimator) or is_clusterer(estimator)
    return "predict" if predicts else "transform"


@pytest.mark.parametrize("ours, theirs", PREDICTORS)
@pytest.mark.parametrize("name", BAD_X)
def test_fit_raises_what_scikit_learn_raises(ours, theirs, name):
    compare(ours, theirs, "fit", name, fit, BAD_X[name], target(theirs()))


@pytest.mark.parametrize("ours, theirs", PREDICTORS)
@pytest.mark.parametrize("name", BAD_X)
def test_a_fitted_one_raises_what_scikit_learn_raises(ours, theirs, name):
    method, y = main_method(theirs), target(theirs())

    def work(cls):
        model = cls().fit(X0, y)
        getattr(model, method)(BAD_X[name])

    compare(ours, theirs, method, name, work)


BAD_Y = {
    "NaN": np.array([np.nan] * 40),
    "infinity": np.array([np.inf] + [0.0] * 39),
    "None": None,
    "short": np.zeros(39),
    "long": np.zeros(41),
    "empty": np.array([]),
    "three dimensions": np.zeros((40, 1, 1)),
    "text": np.array(["a", "b"] * 20),
    "objects": np.array([1, "b"] * 20, dtype=object),
    "one class": np.ones(40),
    "fractions": np.linspace(0, 1, 40),
    "a column": np.arange(40.0)[:, None] % 2,
    "complex": np.ones(40, complex),
    "booleans": np.arange(40) % 2 == 0,
}


@pytest.mark.parametrize("ours, theirs", PREDICTORS)
@pytest.mark.parametrize("name", BAD_Y)
def test_a_target_raises_what_scikit_learn_raises(ours, theirs, name):
    if is_clusterer(theirs()) or not (is_regressor(theirs()) or is_classifier(theirs())):
        pytest.skip("it has no target")
    compare(ours, theirs, "y", name, fit, X0, BAD_Y[name])


BAD_WEIGHTS = {
    "negative": -np.ones(40),
    "one negative": np.r_[-1.0, np.ones(39)],
    "zero": np.zeros(40),
    "NaN": np.r_[np.nan, np.ones(39)],
    "infinity": np.r_[np.inf, np.ones(39)],
    "short": np.ones(39),
    "two dimensions": np.ones((40, 2)),
    "text": np.array(["a"] * 40),
    "a number": 2.0,
    "zero number": 0,
    "integers": np.arange(40),
    "huge": np.full(40, 1e300),
    "tiny": np.full(40, 1e-300),
}


@pytest.mark.parametrize("ours, theirs", PREDICTORS)
@pytest.mark.parametrize("name", BAD_WEIGHTS)
def test_weights_raise_what_scikit_learn_raises(ours, theirs, name):
    if "sample_weight" not in inspect.signature(theirs.fit).parameters:
        pytest.skip("it has no weights")
    compare(ours, theirs, "sample_weight", name, fit, X0, target(theirs()), sample_weight=BAD_WEIGHTS[name])


WRONG = [-1, 0, 1.5, "no such", None, True, object(), [], {}, np.nan, np.inf, 10**30]


def fit_with(cls, name, value, y):
    few = {"n_estimators": 3} if "n_estimators" in cls().get_params() else {}
    return cls(**{**few, name: value}).fit(X0, y)


@pytest.mark.parametrize("ours, theirs", PREDICTORS)
def test_wrong_parameters_raise_what_scikit_learn_raises(ours, theirs):
    boosted = "HistGradientBoosting" in ours.__name__
    for name in theirs().get_params():
        for value in WRONG:
            if value == 10**30 and (name in ("n_init", "n_estimators") or boosted and name == "max_iter"):
                continue  # so many runs are what was asked for, and both would do them
            compare(ours, theirs, name, repr(value), fit_with, name, value, target(theirs()))


def call(cls, method, X, y, fitted):
    model = cls().fit(X0, y) if fitted else cls()
    return getattr(model, method)(X, y) if method == "score" else getattr(model, method)(X)


@pytest.mark.parametrize("ours, theirs", PREDICTORS)
@pytest.mark.parametrize("method", ["predict", "transform", "predict_proba", "score", "inverse_transform", "apply"])
def test_predicting_before_fitting_and_with_other_columns(ours, theirs, method):
    if not hasattr(theirs(), method):
        pytest.skip("it has no such method")
    compare(ours, theirs, method, "before fitting", call, method, X0, target(theirs()), fitted=False)
    compare(ours, theirs, method, "other columns", call, method, X0[:, :2], target(theirs()), fitted=True)
