"""scikit-learn's own checks of an estimator, on every class of ours, with its own expected failures."""

import importlib
import inspect
import pkgutil
import warnings

import ironlearn
import pytest
from sklearn.base import BaseEstimator
from sklearn.utils._test_common.instance_generator import _construct_instances, _get_expected_failed_checks
from sklearn.utils.discovery import all_estimators
from sklearn.utils.estimator_checks import estimator_checks_generator

THEIRS = dict(all_estimators())
# They hold other estimators; scikit-learn's common tests treat them apart as well.
COMPOSITIONS = {"Pipeline", "ColumnTransformer", "FeatureUnion"}


def our_classes():
    for info in pkgutil.iter_modules(ironlearn.__path__):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"ironlearn.{info.name}")
        for name in module.__all__:
            cls = getattr(module, name)
            if inspect.isclass(cls) and issubclass(cls, BaseEstimator) and name not in COMPOSITIONS:
                yield cls


def instances(cls):
    """Ours with the parameters that scikit-learn's tests give to its class of that name."""
    theirs = THEIRS.get(cls.__name__)
    if theirs is None:
        yield cls(), {}
        return
    for instance in _construct_instances(theirs):
        parameters = instance.get_params(deep=False)
        known = inspect.signature(cls.__init__).parameters
        yield cls(**{k: v for k, v in parameters.items() if k in known}), _get_expected_failed_checks(instance)


def check_name(check):
    while hasattr(check, "func"):
        check = check.func
    return check.__name__


def cases():
    for cls in our_classes():
        for number, (estimator, expected) in enumerate(instances(cls)):
            seen = {}
            for instance, check in estimator_checks_generator(estimator, legacy=True, mark=None):
                name = check_name(check)
                seen[name] = seen.get(name, 0) + 1
                marks = [pytest.mark.xfail(reason=expected[name])] if name in expected else []
                yield pytest.param(instance, check, id=f"{cls.__name__}-{number}-{name}-{seen[name]}", marks=marks)


@pytest.mark.parametrize("estimator, check", list(cases()))
def test_check(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


def test_every_class_has_the_parameters_of_scikit_learns():
    for cls in our_classes():
        theirs = THEIRS.get(cls.__name__)
        if theirs is None:
            continue
        ours, reference = inspect.signature(cls.__init__).parameters, inspect.signature(theirs.__init__).parameters
        for name, parameter in reference.items():
            assert name in ours, f"{cls.__name__} lacks {name}"
            # NaN is itself, but not equal to itself.
            same = ours[name].default is parameter.default or ours[name].default == parameter.default
            assert same or name == "self", f"{cls.__name__}.{name}"
        extra = [p for name, p in ours.items() if name not in reference]
        assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in extra), cls.__name__
