"""The model file: ``save`` writes what Python, Rust and the shell read alike, ``load`` gives a usable object."""

from __future__ import annotations

import importlib
import inspect
import os
from pathlib import Path

import numpy as np
from sklearn.compose import ColumnTransformer as _ColumnTransformer
from sklearn.pipeline import Pipeline as _Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

from ironlearn import _categories, _core
from ironlearn._base import NativeEstimator
from ironlearn._members import Savable, registered
from ironlearn._transformer import NativeTransformer

_MODULES = (
    "linear_model",
    "cluster",
    "tree",
    "ensemble",
    "preprocessing",
    "impute",
    "isotonic",
    "discriminant_analysis",
    "kernel_ridge",
    "kernel_approximation",
    "svm",
    "_table",
)


def save(obj, path: str | os.PathLike) -> None:
    """Writes a fitted estimator of ironlearn, or a Pipeline or ColumnTransformer of such, to a model file.

    Parameters
    ----------
    obj : an estimator or transformer of ironlearn; scikit-learn's or ironlearn's Pipeline or ColumnTransformer of them
    path : str or os.PathLike

    Raises
    ------
    TypeError
        For a step that ironlearn cannot write; the message names it.
    """
    Path(path).write_bytes(dumps(obj))


def load(path: str | os.PathLike):
    """Reads a model file, whoever wrote it.

    Parameters
    ----------
    path : str or os.PathLike

    Returns
    -------
    obj : the estimator, transformer or pipeline, fitted
    """
    return loads(Path(path).read_bytes())


def dumps(obj) -> bytes:
    """The bytes of the model file of ``obj``; see :func:`save`."""
    names = getattr(obj, "feature_names_in_", None)
    named = {} if names is None else {"columns": [str(n) for n in names], "feature_names": [str(n) for n in names]}
    if isinstance(obj, _Pipeline):
        return _pipeline(obj, named).to_bytes()
    if _is_estimator(obj):
        model = _fitted(type(obj).__name__, obj)._saved_model()
        own = [(name, _transformer(name, step)) for name, step in obj._saved_steps()]
        return _core.Pipeline(own, model, params=_params(obj), classes=_classes(obj), **named).to_bytes()
    return _core.Pipeline([("", _transformer(type(obj).__name__, obj))], **named).to_bytes()


def loads(content: bytes):
    """The object in the bytes of a model file; see :func:`load`."""
    whole = _core.Pipeline.from_bytes(bytes(content))
    names = [name for name, _ in whole.columns] or whole.feature_names
    steps = []
    for name, model in whole.steps:
        # Later steps are given arrays without names, as at the fit.
        steps.append((name, _restore_transformer(model, None if steps else names)))
    if whole.model is None and len(steps) == 1 and steps[0][0] == "":
        return steps[0][1]
    if whole.model is None:
        return _as_pipeline(steps, whole)
    estimator = _restore_estimator(whole, None if steps else names)
    if whole.estimator is None and estimator._take_steps(steps):
        _set_names(estimator, estimator.n_features_in_, names)
        return estimator
    return _as_pipeline([*steps, (whole.estimator or type(estimator).__name__.lower(), estimator)], whole)


def _is_estimator(obj) -> bool:
    return isinstance(obj, NativeEstimator | Savable) and not isinstance(obj, NativeTransformer)


def _fitted(name: str, step):
    try:
        check_is_fitted(step)
    except Exception as error:
        raise type(error)(f"step '{name}': {error}") from None
    return step


def _params(estimator) -> dict:
    """The parameters that a file can hold: plain values under the names of the constructor."""
    plain = (bool, int, float, str, type(None), list, tuple, np.ndarray, np.generic)
    params = estimator.get_params(deep=False).items()
    inside = {name: {type(v).__name__: _params(v)} for name, v in params if registered(v)}
    return {**{name: v for name, v in params if isinstance(v, plain)}, **inside}


def _classes(estimator) -> list:
    if hasattr(estimator, "_saved_classes"):
        return estimator._saved_classes()
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return []
    return list(classes) if isinstance(classes, list) else [np.asarray(classes)]


def _unsavable(name: str, step) -> TypeError:
    kind = f"{type(step).__module__}.{type(step).__qualname__}"
    if type(step).__module__.startswith("ironlearn."):
        return TypeError(f"step '{name}': the model file has no form for {type(step).__name__} yet; pickle it instead")
    return TypeError(f"step '{name}' ({kind}) cannot be saved: it is no estimator of ironlearn")


def _transformer(name: str, step):
    """The core's transformer of a fitted step."""
    if isinstance(step, NativeTransformer):
        return _fitted(name, step)._saved_model()
    if isinstance(step, _ColumnTransformer):
        return _columns(name, _fitted(name, step))
    if isinstance(step, _Pipeline):
        inner = [(n, _transformer(f"{name}__{n}", s)) for n, s in step.steps if s not in (None, "passthrough")]
        if inner:
            return _core.Transformer.of_steps(inner)
    raise _unsavable(name, step)


def _columns(name: str, step: _ColumnTransformer):
    if step.transformer_weights:
        raise TypeError(f"step '{name}': transformer_weights cannot be saved")
    groups = []
    for own, transformer, _ in step.transformers_:
        places = [int(j) for j in np.arange(step.n_features_in_)[step._transformer_to_input_indices[own]]]
        if isinstance(transformer, str) and transformer == "drop" or not places:
            groups.append((own, places, "drop"))
        elif isinstance(transformer, FunctionTransformer) and transformer.func is None or transformer == "passthrough":
            groups.append((own, places, "passthrough"))
        else:
            groups.append((own, places, _transformer(f"{name}__{own}", transformer)))
    verbose = step.verbose_feature_names_out
    if not isinstance(verbose, bool | np.bool_):
        raise TypeError(f"step '{name}': verbose_feature_names_out={verbose!r} cannot be saved")
    sparse = bool(step.sparse_output_)
    return _core.Transformer.of_columns(
        int(step.n_features_in_), groups, sparse, float(step.sparse_threshold), bool(verbose)
    )


def _pipeline(obj: _Pipeline, named: dict):
    steps = [(name, step) for name, step in obj.steps if step is not None and not isinstance(step, str)]
    if not steps:
        raise TypeError("an empty pipeline cannot be saved")
    last, estimator = steps[-1]
    if not _is_estimator(estimator):
        return _core.Pipeline([(name, _transformer(name, step)) for name, step in steps], **named)
    model = _fitted(last, estimator)._saved_model()
    before = [(name, _transformer(name, step)) for name, step in [*steps[:-1], *estimator._saved_steps()]]
    if not before:
        names = getattr(estimator, "feature_names_in_", None)
        named = {} if names is None else {"columns": [str(n) for n in names], "feature_names": [str(n) for n in names]}
    return _core.Pipeline(
        before, model, estimator=last, params=_params(estimator), classes=_classes(estimator), **named
    )


def _class(name: str):
    for module in _MODULES:
        try:
            found = importlib.import_module(f"ironlearn.{module}")
        except ModuleNotFoundError:
            continue
        if hasattr(found, name):
            return getattr(found, name)
    raise ValueError(f"not a usable ironlearn model: this version has no class {name}")


def _with_params(cls, params: dict):
    """An object of ``cls`` with those of the parameters that its constructor knows."""
    known = set(inspect.signature(cls.__init__).parameters) - {"self"}
    return cls(**{name: _param(name, value) for name, value in params.items() if name in known})


def _param(name: str, value):
    """A parameter as the constructor takes it: an estimator lies in a file as its class and parameters."""
    if name != "estimator" or not isinstance(value, dict):
        return value
    ((inside, params),) = value.items()
    return _with_params(_class(inside), params)


def _restore_estimator(whole, names):
    estimator = _with_params(_class(whole.model.name), whole.params)
    fill(estimator, whole.model, names, [np.array(c) for c in whole.classes])
    return estimator


def fill(estimator, model, names, classes) -> None:
    """Makes ``estimator`` what a fit that ended in ``model`` would have made of it."""
    for name, value in model.attributes().items():
        setattr(estimator, name, value)
    estimator._model = model
    estimator.report_ = model.report()
    _set_names(estimator, model.n_features_in, names)
    if classes:
        estimator.classes_ = classes[0] if len(classes) == 1 else classes
    restore = getattr(estimator, "_after_load", None)
    if restore is not None:
        restore()


def _set_names(obj, n: int, names) -> None:
    obj.n_features_in_ = n
    if names is not None:
        obj.feature_names_in_ = np.array(names, dtype=object)


def _restore_transformer(model, names):
    """The Python object of the core's transformer, for columns of these names."""
    if (steps := model.steps()) is not None:
        out = []
        for name, step in steps:
            out.append((name, _restore_transformer(step, None if out else names)))
        from ironlearn.pipeline import Pipeline

        return Pipeline(out)
    if (groups := model.groups()) is not None:
        return _restore_columns(model, groups, names)
    state = model.state()
    obj = _with_params(_class(model.name), _constructor_params(model.name, state["params"]))
    obj._model = model
    _set_names(obj, model.n_features_in, names)
    if model.name in ("OneHotEncoder", "OrdinalEncoder"):
        obj.categories_ = [_categories.to_array(c, None) for c in obj._found(state)]
    if model.name == "SimpleImputer":
        texts = any(fill is not None and "number" not in fill for fill in state["fills"])
        obj._fit_dtype = obj._fill_dtype = np.dtype(object if texts else np.float64)
    obj._set_attributes(state)
    return obj


def _constructor_params(name: str, params: dict) -> dict:
    out = dict(params)
    if name in ("OneHotEncoder", "OrdinalEncoder"):
        given = params["categories"]
        out["categories"] = "auto" if given == "auto" else [_categories.to_array(c, None) for c in given["given"]]
    if name == "OneHotEncoder":
        drop = params["drop"]
        if isinstance(drop, dict):
            out["drop"] = np.array([_categories.from_category(c) for c in drop["given"]], dtype=object)
        else:
            out["drop"] = None if drop == "none" else drop
    if name == "OrdinalEncoder":
        for value in ("unknown_value", "encoded_missing_value"):
            v = params[value]
            out[value] = int(v) if isinstance(v, float) and v.is_integer() else v
    if name == "SimpleImputer":
        out["missing_values"] = _categories.from_category(params["missing_values"])
        fill = params["fill_value"]
        out["fill_value"] = None if fill is None else _categories.from_category(fill)
    if name == "TargetEncoder":
        out["categories"] = "auto"
        out["smooth"] = "auto" if params["smooth"] is None else params["smooth"]
    return out


def _restore_columns(model, groups, names):
    from ironlearn.compose import ColumnTransformer

    state = model.state()
    plain, fitted, indices, remainder = [], [], {}, "drop"
    output, start = {}, 0
    for name, places, step in groups:
        columns = [names[j] for j in places] if names is not None else places
        own = [names[j] for j in places] if names is not None else None
        width = 0
        if step == "passthrough":
            transformer = FunctionTransformer(accept_sparse=True, check_inverse=False, feature_names_out="one-to-one")
            _set_names(transformer, len(places), own)
            width = len(places)
        elif step == "drop":
            transformer = "drop"
        else:
            transformer = _restore_transformer(step, own)
            width = len(step.feature_names_out(own or [f"x{j}" for j in range(len(places))]))
        indices[name] = places
        output[name] = slice(start, start + width)
        start += width
        fitted.append((name, transformer, columns))
        user = step if isinstance(step, str) else transformer
        if name == "remainder":
            remainder = user
        else:
            plain.append((name, user, columns))
    out = ColumnTransformer(
        plain,
        remainder=remainder,
        sparse_threshold=state["params"]["sparse_threshold"],
        verbose_feature_names_out=state["params"]["verbose_feature_names_out"],
    )
    _set_names(out, model.n_features_in, names)
    out._columns = [columns for _, _, columns in plain]
    out._transformer_to_input_indices = {"remainder": [], **indices}
    out._remainder = ("remainder", remainder, indices.get("remainder", []))
    out.transformers_ = fitted
    out.sparse_output_ = state["sparse_output"]
    out.output_indices_ = {"remainder": slice(0, 0), **output}
    return out


def _as_pipeline(steps, whole):
    from ironlearn.pipeline import Pipeline

    out = Pipeline(steps)
    out._whole = whole
    out._whole_steps = [id(step) for _, step in steps]
    return out
