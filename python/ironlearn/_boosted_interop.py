"""What other packages read of scikit-learn's boosting on histograms: its tree objects, on request.

SHAP and partial dependence look for instances of scikit-learn's classes with `_predictors`, `_baseline_prediction` and
`_bin_mapper`. Ours register as virtual subclasses; these attributes are scikit-learn's own objects, filled with our
arrays when they are first read. Predictions do not run on them.
"""

from __future__ import annotations

import numpy as np

from ironlearn import _core


def register(base, classifier, regressor) -> None:
    """Makes our classes virtual subclasses of scikit-learn's."""
    from sklearn import ensemble
    from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting

    BaseHistGradientBoosting.register(base)
    ensemble.HistGradientBoostingClassifier.register(classifier)
    ensemble.HistGradientBoostingRegressor.register(regressor)


class BoostedInterop:
    """The attributes that other packages read."""

    def _parts(self) -> dict:
        """The arrays of the fitted trees, kept."""
        tables = self.__dict__.get("_tables")
        if tables is None:
            tables = self._tables = _core.boosting_parts(self._fitted("_model"))
        return tables

    @property
    def _baseline_prediction(self):
        return self._parts()["baseline"].reshape(1, -1)

    @property
    def _n_features(self):
        return self.n_features_in_

    @property
    def _predictors(self):
        """scikit-learn's `TreePredictor` of each tree, in a list for each iteration."""
        made = self.__dict__.get("_sklearn_predictors")
        if made is None:
            made = self._sklearn_predictors = _predictors(self._parts(), self.n_trees_per_iteration_, self.max_bins)
        return made

    @property
    def _bin_mapper(self):
        from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper

        bins = self._parts()["bins"]
        mapper = _BinMapper(n_bins=self.max_bins + 1)
        mapper.is_categorical_ = np.array([flag for flag, _ in bins], dtype=np.uint8)
        mapper.bin_thresholds_ = [values for _, values in bins]
        counts = [len(values) + (not flag) for flag, values in bins]
        mapper.n_bins_non_missing_ = np.array(counts, dtype=np.uint32)
        mapper.missing_values_bin_idx_ = self.max_bins
        return mapper

    def _compute_partial_dependence_recursion(self, grid, target_features):
        """Partial dependence by scikit-learn's walk over its own trees: what its inspection module calls."""
        if self._parts()["weighted"]:
            raise NotImplementedError(
                f"{type(self).__name__} does not support partial dependence plots with the 'recursion' method when "
                "sample weights were given during fit time."
            )
        grid = np.asarray(grid, dtype=np.float64, order="C")
        averaged = np.zeros((self.n_trees_per_iteration_, grid.shape[0]))
        target_features = np.asarray(target_features, dtype=np.intp, order="C")
        for iteration in self._predictors:
            for k, predictor in enumerate(iteration):
                predictor.compute_partial_dependence(grid, target_features, averaged[k])
        return averaged


_FIELDS = {
    "value": "value",
    "count": "count",
    "threshold": "num_threshold",
    "missing_left": "missing_go_to_left",
    "gain": "gain",
    "depth": "depth",
    "bin": "bin_threshold",
}


def _predictors(parts: dict, trees_per_iteration: int, max_bins: int):
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

    nodes = np.zeros(len(parts["left"]), dtype=PREDICTOR_RECORD_DTYPE)
    for name, field in _FIELDS.items():
        nodes[field] = parts[name]
    leaf = parts["left"] < 0
    nodes["is_leaf"] = leaf
    nodes["feature_idx"] = np.where(leaf, 0, parts["feature"])
    for side in ("left", "right"):
        nodes[side] = np.where(leaf, 0, parts[side])
    nodes["is_categorical"] = parts["set"] >= 0
    sets = np.ascontiguousarray(parts["categories"]).view("<u4").astype(np.uint32).reshape(-1, 8)
    trees = []
    for start, end in zip(parts["starts"][:-1], parts["starts"][1:], strict=True):
        mine = nodes[start:end].copy()
        used = parts["set"][start:end]
        places = np.flatnonzero(used >= 0)
        mine["bitset_idx"][places] = np.arange(len(places))
        binned = sets[used[places]].copy()
        raw = binned.copy()
        for at, place in enumerate(places):
            flag, categories = parts["bins"][parts["feature"][start + place]]
            # The bit of missing values has a place of its own, the last one.
            n = len(categories)
            binned[at, n // 32] &= ~np.uint32(1 << n % 32)
            raw[at] = binned[at]
            if mine["missing_go_to_left"][place]:
                binned[at, max_bins // 32] |= np.uint32(1 << max_bins % 32)
        trees.append(TreePredictor(mine, binned, raw))
    return [trees[i : i + trees_per_iteration] for i in range(0, len(trees), trees_per_iteration)]
