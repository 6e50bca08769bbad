"""What the searches over penalties promise of their fits: the violation of what was chosen, and of each fold's fits, is
what ``tol`` allows under the solver's name (see test_solver_promises.py), and the choice is scikit-learn's. The lasso's
searches are in test_duality_gaps.py."""

from dataclasses import replace

import ironlearn.linear_model as ours
import numpy as np
import pytest
import sklearn.linear_model as reference
from sklearn.model_selection import StratifiedKFold
from test_solver_promises import KINDS, SMOOTH, Case, N, W, X, Y, found, heard, logistic

SEARCHES = [(loss, *s, (0.0,), {}) for loss in ("binary", "classes") for s in SMOOTH.items()]
SEARCHES += [(loss, "saga", "step", (0.4, 1.0), {}) for loss in ("binary", "classes")]
SEARCHES += [("binary", "liblinear", "norm", (r,), {}) for r in (0.0, 1.0)]
SEARCHES += [("binary", "liblinear", "dual", (0.0,), {"dual": True})]
CS = [0.05, 0.5]


def eps_of(kind):
    return np.finfo(np.float32 if kind == "float32" else float).eps


def assert_kept(case, coef, intercept, weighted, tol, kind):
    violation, promised = case.violation(coef, intercept, weighted, tol)
    assert violation <= promised + case.rounding(coef, intercept, weighted, eps_of(kind)), (tol, violation, promised)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("loss", "solver", "rule", "ratios", "more"), SEARCHES, ids=str)
def test_logistic_searches(loss, solver, rule, ratios, more, kind, weighted):
    y, w = Y[loss], W if weighted else None
    splits = list(StratifiedKFold(3).split(X, y))
    params = {"Cs": CS, "l1_ratios": ratios, "solver": solver, "cv": splits, "scoring": "neg_log_loss"}
    params |= {"use_legacy_attributes": False, "max_iter": 1000} | more

    def at(ratio, C, train=None):
        mask = None if train is None else np.isin(np.arange(N), train).astype(float)
        return replace(logistic(loss, solver, rule, float(ratio), float(C), **more), rows=mask)

    for tol in (1e-4, 1e-8):
        fitted, told = heard(ours.LogisticRegressionCV(**params, tol=tol), KINDS[kind](X), y, w)
        assert not told, told
        assert (fitted.n_iter_ >= 1).all()
        chosen = at(fitted.l1_ratio_, fitted.C_)
        assert_kept(chosen, *found(fitted), weighted, tol, kind)
        for f, (train, _) in enumerate(splits):
            for r, ratio in enumerate(ratios):
                for c, C in enumerate(CS):
                    path = fitted.coefs_paths_[f, r, c].astype(float)
                    assert_kept(at(ratio, C, train), path[:, :-1], path[:, -1], weighted, tol, kind)
    wanted = reference.LogisticRegressionCV(**params | {"max_iter": 10_000}, tol=1e-8, random_state=0)
    wanted, _ = heard(wanted, X, y, w)
    assert (fitted.C_, fitted.l1_ratio_) == (wanted.C_, wanted.l1_ratio_)
    least, value = (chosen.looked_at(*found(e), weighted)[0] for e in (wanted, fitted))
    assert value <= least + 1e-6 * abs(least)
    np.testing.assert_allclose(fitted.scores_, wanted.scores_, rtol=1e-3)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("params", [{"gcv_mode": m} for m in ("auto", "svd", "eigen")] + [{"cv": 3}], ids=str)
def test_ridge_searches_are_exact(params, kind, weighted):
    y, w = Y["squares"], W if weighted else None
    fitted, told = heard(ours.RidgeCV(alphas=[0.3, 3.0, 30.0], **params), KINDS[kind](X), y, w)
    wanted, said = heard(reference.RidgeCV(alphas=[0.3, 3.0, 30.0], **params), KINDS[kind](X), y, w)
    # A FutureWarning of 1.9: of sparse X there will be no "svd".
    assert told == said
    assert told <= ({FutureWarning} if params.get("gcv_mode") == "svd" and kind in ("csr", "csc") else set())
    assert fitted.alpha_ == wanted.alpha_
    # Sparse X goes by conjugate gradients after a search over folds, to Ridge's default tol, as in scikit-learn.
    rule = "cg" if "cv" in params and kind in ("csr", "csc") else "exact"
    case = Case("Ridge", "svd", "squares", rule, l2=float(fitted.alpha_), mean=False)
    assert_kept(case, *found(fitted), weighted, 1e-4, kind)
    value, least = (case.looked_at(*found(e), weighted)[0] for e in (fitted, wanted))
    assert value <= least * (1 + 1e-6)
    assert fitted.best_score_ == pytest.approx(wanted.best_score_, rel=1e-4)
