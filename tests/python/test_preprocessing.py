"""The transformers against scikit-learn's: attributes, results, names, errors."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.compose
import sklearn.impute
import sklearn.preprocessing as reference
from ironlearn._table import DateTimeEncoder, FrequencyEncoder, TargetEncoder
from ironlearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from ironlearn.impute import SimpleImputer
from ironlearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from scipy import sparse


def numbers(n=500, p=4, missing=0.1, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(3, 2, size=(n, p))
    X[rng.random(X.shape) < missing] = np.nan
    return X


def frame(n=200):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "city": rng.choice(["Rome", "Oslo", "Lima"], n),
            "grade": rng.integers(0, 4, n),
            "kind": pd.Categorical(rng.choice(["u", "v"], n)),
            "note": np.where(rng.random(n) < 0.2, None, rng.choice(["a", "b"], n)).astype(object),
        }
    )


def dense(X):
    return X.toarray() if sparse.issparse(X) else np.asarray(X)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("params", [{}, {"with_mean": False}, {"with_std": False}])
def test_scaler_is_scikit_learns(dtype, weighted, params):
    X = numbers().astype(dtype)
    weights = np.random.default_rng(3).random(len(X)) if weighted else None
    ours = StandardScaler(**params).fit(X, sample_weight=weights)
    theirs = reference.StandardScaler(**params).fit(X, sample_weight=weights)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        if getattr(theirs, name) is None:
            assert getattr(ours, name) is None
        else:
            np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=tolerance)
    assert ours.transform(X).dtype == dtype
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=tolerance * 10)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(X)), X, rtol=tolerance * 100)


def test_scaler_in_parts_is_the_scaler_of_all():
    X = numbers(900)
    parts = StandardScaler()
    for part in np.array_split(X, 7):
        parts.partial_fit(part)
    whole = StandardScaler().fit(X)
    np.testing.assert_allclose(parts.mean_, whole.mean_, rtol=1e-13)
    np.testing.assert_allclose(parts.var_, whole.var_, rtol=1e-13)
    np.testing.assert_array_equal(parts.n_samples_seen_, whole.n_samples_seen_)


def test_scaler_obeys_assigned_attributes_and_constant_columns():
    X = np.column_stack([np.full(50, 7.7), np.arange(50.0)])
    scaler = StandardScaler().fit(X)
    assert scaler.scale_[0] == 1.0
    scaler.mean_ = np.array([7.7, 1.0])
    scaler.scale_ = np.array([1.0, 2.0])
    np.testing.assert_array_equal(scaler.transform(X)[:, 1], (np.arange(50.0) - 1) / 2)


def test_scaler_keeps_sparse_rows_sparse():
    X = sparse.random(300, 20, density=0.1, random_state=0, format="csr")
    ours = StandardScaler(with_mean=False).fit(X)
    theirs = reference.StandardScaler(with_mean=False).fit(X)
    np.testing.assert_allclose(ours.var_, theirs.var_, rtol=1e-12)
    np.testing.assert_allclose(dense(ours.transform(X)), dense(theirs.transform(X)), rtol=1e-12)
    with pytest.raises(ValueError, match="Cannot center sparse"):
        StandardScaler().fit(X)


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("indicator", [False, True])
@pytest.mark.parametrize("keep", [False, True])
def test_imputer_is_scikit_learns(strategy, indicator, keep):
    X = np.round(numbers())
    X[:, 2] = np.nan
    params = {"strategy": strategy, "add_indicator": indicator, "keep_empty_features": keep}
    ours = SimpleImputer(**params).fit(X)
    theirs = sklearn.impute.SimpleImputer(**params).fit(X)
    np.testing.assert_allclose(ours.statistics_.astype(float), theirs.statistics_.astype(float), rtol=1e-13)
    with pytest.warns(UserWarning, match="Skipping features") if not keep else _nothing():
        got = ours.transform(X)
    with pytest.warns(UserWarning, match="Skipping features") if not keep else _nothing():
        wanted = theirs.transform(X)
    np.testing.assert_allclose(got, wanted, rtol=1e-13)
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())


class _nothing:
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return False


def test_imputer_fills_text():
    X = np.array([["a"], ["b"], [np.nan], ["b"], [None]], dtype=object)
    for params in (
        {"strategy": "most_frequent"},
        {"strategy": "constant", "fill_value": "?"},
        {"strategy": "constant"},
    ):
        got = SimpleImputer(**params).fit_transform(X)
        np.testing.assert_array_equal(got, sklearn.impute.SimpleImputer(**params).fit_transform(X))
    with pytest.raises(ValueError, match="Cannot use mean strategy"):
        SimpleImputer().fit(np.array([["a"]], dtype=object))


ENCODERS = [
    {},
    {"drop": "first"},
    {"drop": "if_binary"},
    {"min_frequency": 60},
    {"max_categories": 2, "handle_unknown": "infrequent_if_exist"},
    {"handle_unknown": "ignore", "sparse_output": False},
]


@pytest.mark.parametrize("params", ENCODERS)
@pytest.mark.parametrize("kind", ["pandas", "polars", "object", "unicode"])
def test_one_hot_is_scikit_learns(params, kind):
    table = frame()
    X = {
        "pandas": table,
        "polars": table.drop(columns="note"),
        "object": table.to_numpy(dtype=object),
        "unicode": table[["city", "grade"]].astype(str).to_numpy(dtype="U8"),
    }[kind]
    ours = OneHotEncoder(**params).fit(pl.from_pandas(X) if kind == "polars" else X)
    theirs = reference.OneHotEncoder(**params).fit(X)
    for a, b in zip(ours.categories_, theirs.categories_, strict=True):
        assert list(map(str, a)) == list(map(str, b))
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())
    X_ours = pl.from_pandas(X) if kind == "polars" else X
    got, wanted = ours.transform(X_ours), theirs.transform(X)
    assert sparse.issparse(got) == sparse.issparse(wanted)
    np.testing.assert_array_equal(dense(got), dense(wanted))
    if kind != "polars":
        back, expected = ours.inverse_transform(got), theirs.inverse_transform(wanted)
        assert [list(map(str, row)) for row in back] == [list(map(str, row)) for row in expected]


def test_one_hot_refuses_and_ignores_the_unknown():
    train, test = frame()[["city"]], pd.DataFrame({"city": ["Rome", "Mars", None]})
    with pytest.raises(ValueError, match=r"Found unknown categories \['Mars', .*\] in column 0 during transform"):
        OneHotEncoder().fit(train).transform(test)
    got = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(train).transform(test)
    assert got.sum(axis=1).tolist() == [1, 0, 0]
    with pytest.warns(UserWarning, match="Found unknown categories in columns"):
        OneHotEncoder(handle_unknown="warn", min_frequency=60).fit(train).transform(test)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"encoded_missing_value": -1},
        {"min_frequency": 60},
        {"handle_unknown": "use_encoded_value", "unknown_value": -2, "max_categories": 2},
    ],
)
def test_ordinal_is_scikit_learns(params):
    X = frame()
    X["note"] = X["note"].where(X["note"].notna(), np.nan)
    if "max_categories" in params:
        # scikit-learn inverts the code of the rare categories to NaN where the feature has missing entries too.
        X = X.drop(columns="note")
    ours, theirs = OrdinalEncoder(**params).fit(X), reference.OrdinalEncoder(**params).fit(X)
    got, wanted = ours.transform(X), theirs.transform(X)
    np.testing.assert_array_equal(got, wanted)
    back, expected = ours.inverse_transform(got), theirs.inverse_transform(wanted)
    assert [list(map(str, row)) for row in back] == [list(map(str, row)) for row in expected]


def test_target_encoder_learns_what_scikit_learn_learns_and_does_not_leak():
    rng = np.random.default_rng(0)
    X = rng.choice([f"c{i}" for i in range(300)], size=(2000, 1)).astype(object)
    for y in (rng.normal(size=2000), rng.integers(0, 2, 2000), rng.integers(0, 3, 2000)):
        for smooth in ("auto", 5.0):
            ours, theirs = TargetEncoder(smooth=smooth).fit(X, y), reference.TargetEncoder(smooth=smooth).fit(X, y)
            np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-9, atol=1e-12)
            for a, b in zip(ours.encodings_, theirs.encodings_, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    y = rng.normal(size=2000)
    crossed = TargetEncoder(smooth=0.0).fit_transform(X, y)[:, 0]
    assert abs(np.corrcoef(crossed, y)[0, 1]) < 0.1
    assert np.corrcoef(TargetEncoder(smooth=0.0).fit(X, y).transform(X)[:, 0], y)[0, 1] > 0.3


def test_times_and_frequencies():
    times = pd.DataFrame({"when": pd.to_datetime(["2013-01-01T10:00:00", None, "2024-02-29T23:59:59"])})
    got = DateTimeEncoder().fit(times)
    assert list(got.get_feature_names_out())[:2] == ["when_year", "when_month"]
    out = got.transform(times)
    assert out[0].tolist() == [2013, 1, 1, 1, 10, 1357034400]
    assert np.isnan(out[1]).all() and out[2].tolist()[:5] == [2024, 2, 29, 3, 23]
    X = pd.DataFrame({"a": ["x", "x", "y", None]})
    encoder = FrequencyEncoder().fit(X)
    assert encoder.transform(pd.DataFrame({"a": ["y", "z", None, "x"]}))[:, 0].tolist() == [0.25, 0, 0.25, 0.5]


def test_column_transformer_and_set_output():
    X = frame()
    selector = make_column_selector(dtype_include="number")
    ours = make_column_transformer((StandardScaler(), selector), (OneHotEncoder(sparse_output=False), ["city", "kind"]))
    assert isinstance(ours, ColumnTransformer) and isinstance(ours, sklearn.compose.ColumnTransformer)
    theirs = sklearn.compose.make_column_transformer(
        (reference.StandardScaler(), selector), (reference.OneHotEncoder(sparse_output=False), ["city", "kind"])
    )
    np.testing.assert_allclose(ours.fit_transform(X), theirs.fit_transform(X), rtol=1e-12)
    out = ours.set_output(transform="pandas").fit_transform(X)
    assert list(out.columns) == list(theirs.get_feature_names_out())
    assert OneHotEncoder(sparse_output=False).set_output(transform="polars").fit_transform(X).shape == (200, 12)


def test_integers_that_float64_cannot_hold_are_refused():
    with pytest.raises(ValueError, match="beyond 2\\*\\*53"):
        OneHotEncoder().fit(np.array([[2**53 + 1], [2**53 + 2]]))
