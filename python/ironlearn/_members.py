"""Fitted estimators inside others: as the core's models, for the model file, and back as objects."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from sklearn.base import clone

from ironlearn import _core


def registered(estimator) -> bool:
    """Whether ``estimator`` is of the very class of ours that the core has under its name."""
    from ironlearn._saved import _class

    name = type(estimator).__name__
    return name in _registered_names() and type(estimator) is _class(name)


@lru_cache
def _registered_names() -> frozenset[str]:
    return frozenset(name for name, _, _ in _core.estimators())


def models(owner, estimators) -> list:
    """The core's model of each of ``estimators``, which ``owner`` holds.

    Raises
    ------
    TypeError
        Where one of them is not ours, or maps X by steps of its own before the core sees it.
    """
    found = []
    for estimator in estimators:
        name = type(owner).__name__
        if not registered(estimator):
            kind = f"{type(estimator).__module__}.{type(estimator).__qualname__}"
            raise TypeError(f"{name} around {kind} cannot be saved: a model file holds estimators of ironlearn alone")
        if estimator._saved_steps():
            raise TypeError(f"{name} around {type(estimator).__name__} with categories has no form in a model file yet")
        found.append(estimator._saved_model())
    return found


def seeds(estimators) -> list[int]:
    """The seed of each of ``estimators``, 0 where it has none."""
    return [int(getattr(estimator, "random_state", None) or 0) for estimator in estimators]


def fill(estimator, model, classes=None):
    """Makes ``estimator`` what a fit that ended in ``model`` would have made of it."""
    from ironlearn._saved import fill as set_attributes

    set_attributes(estimator, model, None, [] if classes is None else [classes])
    return estimator


def objects(model, like, classes=None) -> list:
    """The members of ``model`` as fitted objects with the parameters of ``like``.

    ``classes(k)`` gives the classes of the kth, where it has some.
    """
    found = []
    for k, (member, seed) in enumerate(zip(_core.members(model), _core.member_seeds(model), strict=True)):
        estimator = clone(like)
        if "random_state" in estimator.get_params(deep=False):
            estimator.set_params(random_state=seed)
        found.append(fill(estimator, member, None if classes is None else classes(k)))
    return found


class Savable:
    """What the model file asks of an estimator of estimators, beside `_saved_model` and `_after_load`."""

    def _saved_steps(self):
        return []

    def _take_steps(self, steps) -> bool:
        return not steps

    def _saved_classes(self):
        classes = getattr(self, "classes_", None)
        return [] if classes is None else [np.asarray(classes)]
