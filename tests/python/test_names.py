"""Every public name of scikit-learn's modules that we say to cover whole is there, with the same parameters."""

import importlib
import inspect

import pytest
from ironlearn import linear_model as ours
from sklearn import linear_model as reference


@pytest.mark.parametrize("name", reference.__all__)
def test_linear_models(name):
    assert name in ours.__all__ and hasattr(ours, name)
    found, wanted = (inspect.signature(getattr(m, name)).parameters for m in (ours, reference))
    assert [p for p in wanted if p not in found] == []
    for parameter in wanted.values():
        assert found[parameter.name].default == parameter.default or parameter.default != parameter.default


SOME = [("svm", "LinearSVC"), ("svm", "LinearSVR"), ("svm", "l1_min_c")]
SOME += [("kernel_approximation", "Nystroem"), ("kernel_approximation", "RBFSampler")]


@pytest.mark.parametrize(("module", "name"), SOME)
def test_what_there_is_of_other_modules(module, name):
    ours, reference = (importlib.import_module(f"{package}.{module}") for package in ("ironlearn", "sklearn"))
    assert name in ours.__all__
    found, wanted = (inspect.signature(getattr(m, name)).parameters for m in (ours, reference))
    assert list(found)[: len(wanted)] == list(wanted)
    assert all(found[p.name].default == p.default and found[p.name].kind == p.kind for p in wanted.values())
