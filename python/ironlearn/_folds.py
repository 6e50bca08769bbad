"""Cross-validation splits as the core takes them."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import _num_samples


def explicit_folds(splits, n: int) -> list[dict]:
    """The core's ``cv`` parameter for pairs of training and test rows (indices or masks) of n rows."""
    rows = np.arange(n, dtype=np.uint32)
    folds = []
    for train, test in splits:
        train, test = (rows[part if _num_samples(part) else []] for part in (train, test))
        folds.append({"train": train.tobytes(), "test": test.tobytes()})
    return folds
