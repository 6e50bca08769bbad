"""What other packages expect to find: scikit-learn's own types, on request. Nothing is computed here.

Tree tools (`plot_tree`, `export_text`, `export_graphviz`, SHAP's TreeExplainer, partial dependence) look for instances
of scikit-learn's tree classes with a `tree_` of its compiled type. Ours register as virtual subclasses, and their
`tree_` is such an object, filled with our arrays when it is first read.
"""

from __future__ import annotations

import numpy as np


def register_trees(base, classifier, regressor) -> None:
    """Makes our trees virtual subclasses of scikit-learn's."""
    from sklearn import tree

    tree.BaseDecisionTree.register(base)
    tree.DecisionTreeClassifier.register(classifier)
    tree.DecisionTreeRegressor.register(regressor)


def register_extra_trees(classifier, regressor) -> None:
    """Makes our extremely randomised trees virtual subclasses of scikit-learn's."""
    from sklearn import tree

    tree.ExtraTreeClassifier.register(classifier)
    tree.ExtraTreeRegressor.register(regressor)


def register_forests(base, **classes) -> None:
    """Makes our forests virtual subclasses of scikit-learn's classes of the same names."""
    from sklearn import ensemble
    from sklearn.ensemble._forest import BaseForest

    BaseForest.register(base)
    for name, forest in classes.items():
        getattr(ensemble, name).register(forest)


def register_gradient_boosting(base, classifier, regressor) -> None:
    """Makes our exact boosting virtual subclasses of scikit-learn's."""
    from sklearn import ensemble
    from sklearn.ensemble._gb import BaseGradientBoosting

    BaseGradientBoosting.register(base)
    ensemble.GradientBoostingClassifier.register(classifier)
    ensemble.GradientBoostingRegressor.register(regressor)


def register_isolation_forest(forest) -> None:
    """Makes our isolation forest a virtual subclass of scikit-learn's."""
    from sklearn import ensemble

    ensemble.IsolationForest.register(forest)


def sklearn_tree(arrays: dict):
    """scikit-learn's `Tree` with the nodes in `arrays` (see the core's `Model.tree`)."""
    from sklearn.tree._tree import NODE_DTYPE, Tree

    if arrays["categorical"]:
        # An AttributeError, so that whoever asks whether there is such a tree is told no.
        raise AttributeError(
            "scikit-learn's Tree, which plot_tree, export_text, SHAP and partial dependence by recursion read, knows "
            "thresholds only, but this tree splits features by sets of categories (categorical_features). Partial "
            "dependence works with method='brute'."
        )
    count, n_classes = arrays["node_count"], np.asarray(arrays["n_classes"], dtype=np.intp)
    nodes = np.zeros(count, dtype=NODE_DTYPE)
    for name, field in _NODE_FIELDS.items():
        nodes[field] = arrays[name]
    tree = Tree(arrays["n_features"], n_classes, len(n_classes))
    values = np.ascontiguousarray(arrays["value"]).reshape(count, len(n_classes), n_classes.max())
    tree.__setstate__({"max_depth": arrays["max_depth"], "node_count": count, "nodes": nodes, "values": values})
    return tree


_NODE_FIELDS = {
    "children_left": "left_child",
    "children_right": "right_child",
    "feature": "feature",
    "threshold": "threshold",
    "impurity": "impurity",
    "n_node_samples": "n_node_samples",
    "weighted_n_node_samples": "weighted_n_node_samples",
    "missing_go_to_left": "missing_go_to_left",
}


def sparse(array):
    """A scipy sparse array in the form that scikit-learn's configuration asks for."""
    from sklearn.utils import _align_api_if_sparse

    return _align_api_if_sparse(array)


def partial_dependence(tree, grid, target_features):
    """Partial dependence by scikit-learn's walk over its own tree: what its inspection module calls."""
    return mean_partial_dependence([tree], grid, target_features)


def mean_partial_dependence(trees, grid, target_features):
    """The mean of the partial dependence of several trees."""
    grid = np.asarray(grid, dtype=np.float32, order="C")
    averaged = np.zeros(grid.shape[0], dtype=np.float64)
    for tree in trees:
        tree.compute_partial_dependence(grid, np.asarray(target_features, dtype=np.intp, order="C"), averaged)
    averaged /= len(trees)
    return averaged


def boosting_loss(name, n_classes, alpha, delta):
    """scikit-learn's loss object of gradient boosting, for tools that ask an estimator for it."""
    from sklearn._loss import loss

    if n_classes is not None:
        if name == "exponential":
            return loss.ExponentialLoss()
        return loss.HalfBinomialLoss() if n_classes == 2 else loss.HalfMultinomialLoss(n_classes=n_classes)
    if name == "huber":
        return loss.HuberLoss(quantile=alpha, delta=delta)
    if name == "quantile":
        return loss.PinballLoss(quantile=alpha)
    return loss.AbsoluteError() if name == "absolute_error" else loss.HalfSquaredError()


def dummy(kind, params, attributes):
    """scikit-learn's dummy estimator of a constant, as if it had been fitted."""
    from sklearn import dummy

    estimator = getattr(dummy, kind)(**params)
    for name, value in attributes.items():
        setattr(estimator, name, value)
    return estimator
