"""Every public name of scikit-learn's modules that we say to cover whole is there, with the same parameters."""

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
