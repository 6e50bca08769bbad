"""Writes the bundled sets from scikit-learn's copies: a header of feature names, then rows, the target last.

Run once (`python make.py`); the files are committed. The bytes do not depend on the day they are made.
"""

import gzip
from pathlib import Path

from sklearn import datasets


def write(name, bunch):
    lines = [",".join(f'"{feature}"' for feature in [*bunch.feature_names, "target"])]
    for row, target in zip(bunch.data, bunch.target, strict=True):
        lines.append(",".join(trim(value) for value in [*row, target]))
    content = ("\n".join(lines) + "\n").encode()
    Path(__file__).with_name(f"{name}.csv.gz").write_bytes(gzip.compress(content, 9, mtime=0))


def trim(value):
    """The shortest decimal that reads back as the same double, without a trailing `.0`."""
    return repr(float(value)).removesuffix(".0")


write("iris", datasets.load_iris())
write("wine", datasets.load_wine())
write("breast_cancer", datasets.load_breast_cancer())
write("diabetes", datasets.load_diabetes(scaled=False))
write("digits", datasets.load_digits())
