"""What is measured beside time: the held-out score, the objective, the work done, and memory.

All of these are computed here from predictions and fitted attributes, in float64, alike for every contestant.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import objectives


def r2(model, data, predicted) -> float:
    """The coefficient of determination on the held-out rows; higher is better."""
    y = data["y_test"]
    return 1.0 - float(np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2))


def accuracy(model, data, predicted) -> float:
    """The share of held-out rows whose class is right; higher is better."""
    return float(np.mean(predicted == data["y_test"]))


def inertia(model, data, predicted) -> float:
    """The mean squared distance of held-out rows to their centre; lower is better."""
    centers, x = np.asarray(model.cluster_centers_, dtype=np.float64), data["x_test"]
    total = 0.0
    for start in range(0, len(x), 4096):
        rows = slice(start, start + 4096)
        total += float(np.sum((x[rows].astype(np.float64) - centers[predicted[rows]]) ** 2))
    return total / len(x)


def deviance(model, data, predicted) -> float:
    """The share of the Poisson deviance that is explained on the held-out rows; higher is better."""
    from sklearn.metrics import d2_tweedie_score

    return float(d2_tweedie_score(data["y_test"], predicted, power=1))


def outliers(model, data, predicted) -> float:
    """The area under the ROC curve of the scores of held-out rows; higher is better."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(data["y_test"], np.asarray(model.score_samples(data["x_test"]))))


def training_inertia(model, data) -> float:
    """The fitted `inertia_`, divided by the number of rows."""
    return float(model.inertia_) / len(data["x"])


SCORES = {"r2": r2, "accuracy": accuracy, "inertia": inertia, "deviance": deviance, "outliers": outliers}
OBJECTIVES = {
    "squares": objectives.squares,
    "elastic_net": objectives.elastic_net,
    "logistic": objectives.logistic,
    "margins": objectives.margins,
    "tube": objectives.tube,
    "poisson": objectives.poisson,
    "inertia": training_inertia,
}


def work(model) -> str:
    """How much a fit did, where it can be counted: iterations, leaves, support vectors."""
    if getattr(model, "n_iter_", None) is not None and hasattr(model, "cluster_centers_"):
        return f"{int(model.n_iter_)} iterations"
    if hasattr(model, "get_n_leaves"):
        return f"{int(model.get_n_leaves())} leaves"
    told = []
    if hasattr(model, "alpha_"):
        told.append(f"alpha {float(np.max(model.alpha_)):.4g}")
    if hasattr(model, "support_vectors_"):
        return f"{model.support_vectors_.shape[0]} support vectors"
    if getattr(model, "n_iter_", None) is not None:
        told.append(f"{int(np.max(model.n_iter_))} iterations")
    return ", ".join(told)


class PeakMemory:
    """The most memory that this process held at once since `start`, above what it held then, in bytes."""

    def start(self) -> None:
        """Forgets the peak so far, where the system allows it; elsewhere that peak (of the loading) is the least."""
        try:
            Path("/proc/self/clear_refs").write_text("5")
        except OSError:
            pass
        self.before = _status("VmRSS")

    def stop(self) -> int | None:
        """None where the system does not tell."""
        peak = _status("VmHWM")
        return None if min(peak, self.before) < 0 else max(peak - self.before, 0)


def _status(name: str) -> int:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return -1
