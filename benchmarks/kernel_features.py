"""What a kernel's features cost and lose beside the exact machine: `python kernel_features.py`.

Two classes on 10 columns whose border is curved. The exact SVC is fitted to 20,000 rows; Nyström's features with
LinearSVC to the same rows and to a million. Accuracy on 50,000 other rows; seconds of the fit and of the prediction.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from ironlearn.kernel_approximation import Nystroem, RBFSampler
from ironlearn.svm import LinearSVC
from sklearn.pipeline import make_pipeline

GAMMA, C = 0.1, 10.0


def rows(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 10))
    z = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + np.abs(x[:, 3]) - 0.8 + 0.5 * x[:, 4]
    return x, (z + 0.3 * rng.standard_normal(n) > 0).astype(int)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=20_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--components", type=int, nargs="*", default=[100, 300, 1_000])
    parser.add_argument("--no-exact", action="store_true", help="leave out scikit-learn's SVC")
    arguments = parser.parse_args()
    x, y = rows(arguments.many, 0)
    x_test, y_test = rows(50_000, 1)

    def tell(name: str, model, n: int) -> None:
        start = time.perf_counter()
        model.fit(x[:n], y[:n])
        fitted = time.perf_counter()
        accuracy = float((model.predict(x_test) == y_test).mean())
        print(
            f"{name:34} {n:>9,} rows  fit {fitted - start:8.2f} s  "
            f"predict {time.perf_counter() - fitted:6.2f} s  accuracy {accuracy:.4f}",
            flush=True,
        )

    if not arguments.no_exact:
        from sklearn.svm import SVC

        tell("scikit-learn's SVC", SVC(gamma=GAMMA, C=C, cache_size=1000), arguments.few)
    tell("LinearSVC", LinearSVC(), arguments.few)
    for n in (arguments.few, arguments.many):
        for m in arguments.components:
            if n > 200_000 and m > 300:
                continue
            features = Nystroem(gamma=GAMMA, n_components=m, random_state=0)
            tell(f"Nystroem({m}) + LinearSVC", make_pipeline(features, LinearSVC(C=C / 10)), n)
            features = RBFSampler(gamma=GAMMA, n_components=m, random_state=0)
            tell(f"RBFSampler({m}) + LinearSVC", make_pipeline(features, LinearSVC(C=C / 10)), n)


if __name__ == "__main__":
    main()
