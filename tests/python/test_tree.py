"""Our decision trees beside scikit-learn's: the same trees where no two splits are equally good."""

import pickle
import warnings

import ironlearn
import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.tree
from ironlearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

REFERENCE = {
    DecisionTreeClassifier: sklearn.tree.DecisionTreeClassifier,
    DecisionTreeRegressor: sklearn.tree.DecisionTreeRegressor,
}


def data(n=400, p=6, seed=0, classes=None, missing=False, outputs=None):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = X[:, 0] * 2 + np.sin(3 * X[:, 1]) + rng.normal(size=n) * 0.5
    if missing:
        X[rng.random(X.shape) < 0.1] = np.nan
    if outputs:
        y = np.column_stack([y + k * X[:, 2] for k in range(outputs)])
        y = np.nan_to_num(y)
    if classes:
        y = np.digitize(y, np.quantile(y, np.linspace(0, 1, classes + 1)[1:-1]))
    return X, y


def exact_weights(n):
    """Weights whose sums are exact: by rounding, scikit-learn takes some pure nodes for mixed ones and splits them."""
    return np.random.default_rng(1).integers(512, 2048, size=n) / 1024


def same_tree(ours, theirs):
    a, b = ours.tree_, theirs.tree_
    np.testing.assert_array_equal(a.children_left, b.children_left)
    np.testing.assert_array_equal(a.children_right, b.children_right)
    np.testing.assert_array_equal(a.feature, b.feature)
    np.testing.assert_array_equal(a.threshold, b.threshold)
    np.testing.assert_array_equal(a.n_node_samples, b.n_node_samples)
    inner = a.children_left >= 0
    np.testing.assert_array_equal(a.missing_go_to_left[inner], b.missing_go_to_left[inner])
    np.testing.assert_allclose(a.weighted_n_node_samples, b.weighted_n_node_samples)
    np.testing.assert_allclose(a.impurity, b.impurity, atol=1e-9)
    np.testing.assert_allclose(a.value, b.value, atol=1e-12)
    np.testing.assert_allclose(ours.feature_importances_, theirs.feature_importances_, atol=1e-9)
    assert (a.max_depth, a.n_leaves) == (b.max_depth, b.n_leaves) == (ours.get_depth(), ours.get_n_leaves())


def reference(ours, X, y, weights=None):
    """scikit-learn's tree. Of equally good splits it draws one, as we do: the seed that drew as ours is looked for."""
    params = ours.get_params()
    del params["categorical_features"]  # ours alone
    for seed in range(200):
        theirs = REFERENCE[type(ours)](**{**params, "random_state": seed}).fit(X, y, sample_weight=weights)
        if np.array_equal(ours.tree_.threshold, theirs.tree_.threshold):
            break
    return theirs


CASES = [
    *[(DecisionTreeClassifier, {"criterion": c}) for c in ("gini", "entropy", "log_loss")],
    *[(DecisionTreeRegressor, {"criterion": c}) for c in ("squared_error", "absolute_error", "poisson")],
]


# Leaves of several rows: in nodes of two or three rows many splits are equally good, and one is drawn.
@pytest.mark.parametrize("cls, params", CASES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("limits", [{"max_depth": 5}, {"max_leaf_nodes": 12}, {"min_weight_fraction_leaf": 0.05}])
def test_same_tree(cls, params, weighted, missing, limits):
    X, y = data(classes=3 if cls is DecisionTreeClassifier else None, missing=missing)
    if params["criterion"] == "poisson":
        y = np.exp(y)
    weights = exact_weights(len(y)) if weighted else None
    counts = cls is DecisionTreeClassifier and not weighted
    params = {"min_samples_leaf": 30 if counts else 8, **params, **limits}
    ours = cls(random_state=0, **params).fit(X, y, sample_weight=weights)
    theirs = reference(ours, X, y, weights)
    same_tree(ours, theirs)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(ours.apply(X), theirs.apply(X))
    np.testing.assert_array_equal(ours.decision_path(X).toarray(), theirs.decision_path(X).toarray())


@pytest.mark.parametrize("cls, params", CASES[:1] + CASES[3:4])
def test_multi_output_pruning_constraints(cls, params):
    classes = 2 if cls is DecisionTreeClassifier else None
    weights = exact_weights(400)
    X, y = data(classes=classes, outputs=2)
    params = {"min_samples_leaf": 8, "random_state": 0, **params}
    ours = cls(**params).fit(X, y, weights)
    same_tree(ours, reference(ours, X, y, weights))
    X, y = data(classes=classes)
    path = ours.cost_complexity_pruning_path(X, y, weights)
    expected = reference(cls(**params).fit(X, y, weights), X, y, weights).cost_complexity_pruning_path(X, y, weights)
    np.testing.assert_allclose(path.ccp_alphas, expected.ccp_alphas, atol=1e-12)
    np.testing.assert_allclose(path.impurities, expected.impurities, atol=1e-12)
    alpha = (path.ccp_alphas[-3] + path.ccp_alphas[-2]) / 2
    for extra in ({"ccp_alpha": alpha}, {"monotonic_cst": [1, 0, -1, 0, 0, 0]}):
        ours = cls(**params, **extra).fit(X, y, weights)
        same_tree(ours, reference(ours, X, y, weights))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("criterion", ["gini", "entropy"])
def test_one_weight_for_all_rows_is_no_weight(classes, criterion):
    # 2²⁰ · 5,000 is more than 32 bits hold; powers of two round nothing.
    rng = np.random.default_rng(0)
    X = rng.normal(size=(5000, 6))
    y = (X[:, 0] + rng.normal(size=5000) > 0).astype(int) + (classes == 3) * (X[:, 1] > 0)
    model = DecisionTreeClassifier(max_depth=6, criterion=criterion, random_state=0)
    plain = clone(model).fit(X, y)
    for weight in (2.0**10, 2.0**20, 2.0**31, 2.0**40, 2.0**-40):
        weighted = clone(model).fit(X, y, sample_weight=np.full(5000, weight))
        np.testing.assert_array_equal(weighted.tree_.feature, plain.tree_.feature)
        np.testing.assert_array_equal(weighted.tree_.threshold, plain.tree_.threshold)
        np.testing.assert_allclose(weighted.predict_proba(X), plain.predict_proba(X), rtol=1e-12, atol=0)


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, sp.csr_array])
def test_sparse(form):
    X, y = data(classes=3)
    X[np.abs(X) < 0.8] = 0
    dense = DecisionTreeClassifier(random_state=0, min_samples_leaf=5).fit(X, y)
    sparse = DecisionTreeClassifier(random_state=0, min_samples_leaf=5).fit(form(X), y)
    same_tree(sparse, dense)
    np.testing.assert_array_equal(sparse.predict_proba(form(X)), dense.predict_proba(X))


@pytest.mark.parametrize("labels", [["b", "a", "c"], [10, -3, 7], [2.0, 0.0, 1.0]])
def test_labels(labels):
    X, y = data(classes=3)
    names = np.array(labels)[y]
    weights = exact_weights(len(y))
    for class_weight in (None, {labels[0]: 3.0}):
        params = {"min_samples_leaf": 8, "class_weight": class_weight, "random_state": 0}
        ours = DecisionTreeClassifier(**params).fit(X, names, sample_weight=weights)
        theirs = reference(ours, X, names, weights)
        same_tree(ours, theirs)
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        with np.errstate(divide="ignore"):
            np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X))
    by_rule = DecisionTreeClassifier(min_samples_leaf=5, class_weight="balanced", random_state=0).fit(X, names)
    by_hand = {name: len(y) / (3 * (names == name).sum()) for name in labels}
    by_hand = DecisionTreeClassifier(min_samples_leaf=5, class_weight=by_hand, random_state=0).fit(X, names)
    same_tree(by_rule, by_hand)


def test_threads_layout_and_dtype_change_nothing():
    X, y = data(n=20_000, p=20, missing=True)
    with ironlearn.config_context(n_threads=1):
        one = DecisionTreeRegressor(random_state=3).fit(X, y)
    two = DecisionTreeRegressor(random_state=3).fit(np.asfortranarray(X), y)
    three = DecisionTreeRegressor(random_state=3).fit(X.astype(np.float32), y)
    for other in (two, three):
        assert one._model.to_bytes() == other._model.to_bytes()
    expected = one.predict(X)
    np.testing.assert_array_equal(two.predict(np.asfortranarray(X.astype(np.float32))), expected)
    np.testing.assert_array_equal([one.predict(X[i : i + 1])[0] for i in range(50)], expected[:50])


def test_scikit_learn_around_it():
    X, y = data(classes=2)
    model = DecisionTreeClassifier(random_state=0, max_depth=3).fit(X, y)
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
    same_tree(copy, model)
    assert clone(model).get_params() == model.get_params()
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [1, 3]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.7
    assert cross_val_score(make_pipeline(StandardScaler(), DecisionTreeClassifier()), X, y, cv=3).mean() > 0.7
    with pytest.raises(NotFittedError):
        DecisionTreeClassifier().predict(X)
    with pytest.raises(NotFittedError):
        DecisionTreeClassifier().feature_importances_  # noqa: B018


def test_tools_read_our_trees():
    X, y = data(classes=2)
    model = DecisionTreeClassifier(max_depth=2).fit(X, y)
    theirs = sklearn.tree.DecisionTreeClassifier(max_depth=2).fit(X, y)
    assert isinstance(model, sklearn.tree.DecisionTreeClassifier)
    assert isinstance(model.tree_, sklearn.tree._tree.Tree)
    assert sklearn.tree.export_text(model) == sklearn.tree.export_text(theirs)
    assert sklearn.tree.export_graphviz(model) == sklearn.tree.export_graphviz(theirs)
    pytest.importorskip("matplotlib").use("Agg")
    assert len(sklearn.tree.plot_tree(model)) == len(sklearn.tree.plot_tree(theirs))


def test_shap_reads_our_trees():
    shap = pytest.importorskip("shap")
    X, y = data()
    model = DecisionTreeRegressor(max_depth=3).fit(X, y)
    values = shap.TreeExplainer(model).shap_values(X[:20])
    expected = shap.TreeExplainer(sklearn.tree.DecisionTreeRegressor(max_depth=3).fit(X, y)).shap_values(X[:20])
    np.testing.assert_allclose(values, expected, atol=1e-8)


def test_partial_dependence_by_recursion():
    from sklearn.inspection import partial_dependence

    X, y = data()
    params = {"max_depth": 4, "min_samples_leaf": 5}
    both = [cls(**params).fit(X, y) for cls in (DecisionTreeRegressor, sklearn.tree.DecisionTreeRegressor)]
    ours, theirs = (partial_dependence(m, X, [0], method="recursion")["average"] for m in both)
    np.testing.assert_allclose(ours, theirs)


def test_deprecated_criterion_warns():
    with pytest.warns(FutureWarning, match="friedman_mse"):
        model = DecisionTreeRegressor(criterion="friedman_mse")
    assert model.criterion == "squared_error"


@pytest.mark.parametrize("cls", REFERENCE)
def test_bad_input(cls):
    X, y = data(n=50, classes=2)
    infinite = X.copy()
    infinite[3, 2] = 1e300
    bad = [
        (infinite, y, None),
        (sp.csr_matrix(np.where(X > 2, np.nan, X) * np.nan), y, None),
        (X, y[:-1], None),
        (X[:0], y[:0], None),
        (X[0], y, None),
        (X, y, np.zeros(50)),
        (X, y, np.ones(49)),
        (X, np.where(y == 1, np.nan, y), None),
    ]
    for X_bad, y_bad, weights in bad:
        with pytest.raises(ValueError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            cls().fit(X_bad, y_bad, sample_weight=weights)
    model = cls().fit(X, y)
    for X_bad in (infinite, X[:, :-1], X[0], np.empty((0, X.shape[1])), sp.csr_matrix(np.full_like(X, np.nan))):
        with pytest.raises(ValueError):
            model.predict(X_bad)
    for params in ({"max_depth": 0}, {"min_samples_split": 1}, {"min_samples_leaf": 1.5}, {"max_features": 0}):
        with pytest.raises(ValueError):
            cls(**params).fit(X, y)
