"""Clustering."""

from __future__ import annotations

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin, _fit_context
from sklearn.callback import with_callbacks
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions, validate_params
from sklearn.utils.validation import (
    _check_sample_weight,
    _is_arraylike_not_scalar,
    check_is_fitted,
    check_random_state,
    validate_data,
)

from ironlearn import _core
from ironlearn._base import NativeEstimator, draw_seed
from ironlearn._config import get_config

__all__ = ["KMeans", "k_means", "kmeans_plusplus"]


class KMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ClusterMixin, NativeEstimator):
    """Groups of rows around their means: minimises the sum of squared distances to the nearest of k centres.

    Each iteration compares only the rows and centres that bounds on the distances leave open; labels and iterations
    are those of Lloyd's plain alternation, compared exactly in float64. ``fit`` is the same to the bit for any number
    of threads, and ``labels_`` is what ``predict`` says of the same rows.

    Parameters
    ----------
    n_clusters : int, default=8
        The number of clusters and centres.
    init : {"k-means++", "random"}, callable or array-like of shape (n_clusters, n_features), default="k-means++"
        Where it starts: rows drawn far apart (greedily, the best of ``2 + log(n_clusters)`` each time), rows drawn at
        random, the given centres, or ``init(X, n_clusters, random_state=...)``, which sees X as it was passed and
        returns centres in its coordinates. (scikit-learn shows a callable X less its mean.)
    n_init : "auto" or int, default="auto"
        Runs from different starts, of which the one with the lowest inertia is kept; ``"auto"``: 10 for
        ``init="random"`` or a callable, otherwise 1.
    max_iter : int, default=300
        Iterations of one run.
    tol : float, default=1e-4
        A run ends when the centres' squared movements add up to at most ``tol`` times the mean variance of the
        features.
    verbose : int, default=0
        Prints the inertia of each iteration.
    random_state : int, RandomState instance or None, default=None
        Seeds the random starts. One number is drawn from it; the random rows are not those of scikit-learn.
    copy_x : bool, default=True
        Nothing follows from it: X is never changed, copied or not.
    algorithm : {"lloyd", "elkan"}, default="lloyd"
        Two names of one result: bounds are used wherever they save work, whatever the name.

    Attributes
    ----------
    cluster_centers_ : ndarray of shape (n_clusters, n_features)
        The centres, of the type of X. Assigning it takes effect in ``predict``, ``transform`` and ``score``.
    labels_ : ndarray of shape (n_samples,), int32
        The index of each row's nearest centre.
    inertia_ : float
        The weighted sum of squared distances to it.
    n_iter_ : int
        Iterations of the run that was kept.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where X had column names.
    report_ : dict
        What ran where, for how long.
    """

    _native = "KMeans"
    _parameter_constraints: dict = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "init": [StrOptions({"k-means++", "random"}), callable, "array-like"],
        "n_init": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "copy_x": ["boolean"],
        "algorithm": [StrOptions({"lloyd", "elkan"})],
    }

    def __init__(
        self,
        n_clusters=8,
        *,
        init="k-means++",
        n_init="auto",
        max_iter=300,
        tol=1e-4,
        verbose=0,
        random_state=None,
        copy_x=True,
        algorithm="lloyd",
    ):
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.verbose = verbose
        self.random_state = random_state
        self.copy_x = copy_x
        self.algorithm = algorithm

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Finds the centres.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None
            Not negative; a row of weight 2 counts as two rows, in random starts too.

        Returns
        -------
        self : object
        """
        passed = X
        X = self._validate(X, ensure_all_finite=False)
        if X.shape[0] < self.n_clusters:
            raise ValueError(f"n_samples={X.shape[0]} should be >= n_clusters={self.n_clusters}.")
        if sample_weight is not None:
            sample_weight = np.ascontiguousarray(_check_sample_weight(sample_weight, X, dtype=np.float64))
        if self.algorithm == "elkan" and self.n_clusters == 1:
            warnings.warn(
                "algorithm='elkan' doesn't make sense for a single cluster. Using 'lloyd' instead.",
                RuntimeWarning,
                stacklevel=3,
            )
        params = {
            "n_clusters": int(self.n_clusters),
            "max_iter": int(self.max_iter),
            "tol": float(self.tol),
            "algorithm": self.algorithm,
        }
        params |= self._starts(X)
        try:
            self._fit_native(X, sample_weight=sample_weight, params=params, tell=_tell if self.verbose else None)
        except ValueError as error:
            if "X contains NaN or infinity" in str(error):
                # scikit-learn's own words for what is wrong.
                self._validate(passed)
            raise
        if self.verbose:
            print(f"Converged at iteration {self.n_iter_ - 1}." if self.report_["converged"] else "Not converged.")
        self._n_features_out = self.cluster_centers_.shape[0]
        return self

    def _validate(self, X, reset=True, ensure_all_finite=True):
        return validate_data(
            self,
            X,
            reset=reset,
            accept_sparse="csr",
            dtype=[np.float64, np.float32],
            ensure_all_finite=ensure_all_finite,
            accept_large_sparse=False,
        )

    def _starts(self, X):
        """How the runs start, as the core takes it."""
        init, n_init = self.init, self.n_init
        if isinstance(init, str):
            n_init = "auto" if n_init == "auto" else int(n_init)
            self._n_init = {"k-means++": 1, "random": 10}[init] if n_init == "auto" else n_init
            return {"init": str(init), "n_init": n_init, "random_state": draw_seed(self.random_state)}
        if _is_arraylike_not_scalar(init):
            if n_init not in ("auto", 1):
                warnings.warn(
                    "Explicit initial center position passed: performing only one init in"
                    f" {self.__class__.__name__} instead of n_init={n_init}.",
                    RuntimeWarning,
                    stacklevel=4,
                )
            self._n_init = 1
            return {"init": [self._checked_centers(init, X)]}
        self._n_init = 10 if n_init == "auto" else int(n_init)
        random_state = check_random_state(self.random_state)
        runs = (init(X, self.n_clusters, random_state=random_state) for _ in range(self._n_init))
        return {"init": [self._checked_centers(centers, X) for centers in runs]}

    def _checked_centers(self, centers, X):
        centers = check_array(centers, dtype=X.dtype, order="C", input_name="init")
        if centers.shape[0] != self.n_clusters:
            raise ValueError(
                f"The shape of the initial centers {centers.shape} does not match the number of clusters"
                f" {self.n_clusters}."
            )
        if centers.shape[1] != X.shape[1]:
            raise ValueError(
                f"The shape of the initial centers {centers.shape} does not match the number of features of the data"
                f" {X.shape[1]}."
            )
        return centers

    def _ask(self, question, X, *args):
        """Asks the core about X and the centres as they are now; X is validated in Python only where it has to be."""
        centers = np.asarray(self._fitted("cluster_centers_"))
        plain = type(X) is np.ndarray and X.ndim == 2 and X.dtype.kind in "fiub"
        if plain and "feature_names_in_" not in self.__dict__:
            answer = question(X, centers, False, *args, self._options())
            if answer is not None:
                return answer
        X = self._validate(X, reset=False)
        answer = question(X, centers, True, *args, self._options())
        if answer is None:
            raise ValueError(f"cluster_centers_ of shape {centers.shape} do not fit X of shape {X.shape}")
        return answer

    def predict(self, X):
        """The index of the nearest centre; the first of equally near ones.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        labels : ndarray of shape (n_samples,), int32
        """
        return self._ask(_core.nearest_center, X)

    def fit_predict(self, X, y=None, sample_weight=None):
        """``fit(X, sample_weight=sample_weight).labels_``."""
        return self.fit(X, sample_weight=sample_weight).labels_

    def transform(self, X):
        """The distance to each centre.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        X_new : ndarray of shape (n_samples, n_clusters)
        """
        return self._ask(_core.center_distances, X)

    def fit_transform(self, X, y=None, sample_weight=None):
        """``fit(X, sample_weight=sample_weight).transform(X)``."""
        return self.fit(X, sample_weight=sample_weight).transform(X)

    def score(self, X, y=None, sample_weight=None):
        """The weighted sum of squared distances to the nearest centres, times -1.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : Ignored
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        score : float
        """
        check_is_fitted(self)
        if sample_weight is not None:
            X = self._validate(X, reset=False)
            sample_weight = np.ascontiguousarray(_check_sample_weight(sample_weight, X, dtype=np.float64))
        return -self._ask(_core.center_inertia, X, sample_weight)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _tell(done, total, measure):
    if done == 1:
        print("Initialization complete")
    print(f"Iteration {done - 1}, inertia {measure}.")


@validate_params(
    {"X": ["array-like", "sparse matrix"], "sample_weight": ["array-like", None], "return_n_iter": [bool]},
    prefer_skip_nested_validation=False,
)
def k_means(
    X,
    n_clusters,
    *,
    sample_weight=None,
    init="k-means++",
    n_init="auto",
    max_iter=300,
    verbose=False,
    tol=1e-4,
    random_state=None,
    copy_x=True,
    algorithm="lloyd",
    return_n_iter=False,
):
    """Centres, labels and inertia (and iterations) of a :class:`KMeans` of these parameters.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    n_clusters : int
    sample_weight : array-like of shape (n_samples,), default=None
    init, n_init, max_iter, verbose, tol, random_state, copy_x, algorithm
        See :class:`KMeans`.
    return_n_iter : bool, default=False

    Returns
    -------
    centroid : ndarray of shape (n_clusters, n_features)
    label : ndarray of shape (n_samples,)
    inertia : float
    best_n_iter : int
        Only if ``return_n_iter``.
    """
    estimator = KMeans(
        n_clusters=n_clusters,
        init=init,
        n_init=n_init,
        max_iter=max_iter,
        verbose=verbose,
        tol=tol,
        random_state=random_state,
        copy_x=copy_x,
        algorithm=algorithm,
    ).fit(X, sample_weight=sample_weight)
    found = (estimator.cluster_centers_, estimator.labels_, estimator.inertia_)
    return (*found, estimator.n_iter_) if return_n_iter else found


@validate_params(
    {
        "X": ["array-like", "sparse matrix"],
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "sample_weight": ["array-like", None],
        "x_squared_norms": ["array-like", None],
        "random_state": ["random_state"],
        "n_local_trials": [Interval(Integral, 1, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def kmeans_plusplus(X, n_clusters, *, sample_weight=None, x_squared_norms=None, random_state=None, n_local_trials=None):
    """Rows far apart, drawn by greedy k-means++.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
    n_clusters : int
    sample_weight : array-like of shape (n_samples,), default=None
        A row is drawn with probability as its weight times its squared distance to the nearest row drawn before.
    x_squared_norms : array-like of shape (n_samples,), default=None
        Only its length is checked: distances that decide are computed from differences, without it.
    random_state : int, RandomState instance or None, default=None
    n_local_trials : int, default=None
        Rows drawn for each centre, of which the best is kept; None: ``2 + log(n_clusters)``.

    Returns
    -------
    centers : ndarray of shape (n_clusters, n_features)
    indices : ndarray of shape (n_clusters,)
        ``X[indices]`` are the centres.
    """
    X = check_array(X, accept_sparse="csr", dtype=[np.float64, np.float32])
    if sample_weight is not None:
        sample_weight = np.ascontiguousarray(_check_sample_weight(sample_weight, X, dtype=np.float64))
    if X.shape[0] < n_clusters:
        raise ValueError(f"n_samples={X.shape[0]} should be >= n_clusters={n_clusters}.")
    if x_squared_norms is not None:
        x_squared_norms = check_array(x_squared_norms, dtype=X.dtype, ensure_2d=False)
        if x_squared_norms.shape[0] != X.shape[0]:
            raise ValueError(
                f"The length of x_squared_norms {x_squared_norms.shape[0]} should "
                f"be equal to the length of n_samples {X.shape[0]}."
            )
    options = (get_config()["device"], get_config()["n_threads"], None)
    seed = draw_seed(random_state)
    return _core.kmeans_plusplus(X, int(n_clusters), sample_weight, n_local_trials, seed, options)
