"""scikit-learn's estimators, natively in Rust.

The modules bear scikit-learn's names: ``from ironlearn.linear_model import Ridge``. ``config_context`` chooses the
device and the number of threads, ``save`` and ``load`` read and write the model file that Rust and the shell share.
"""

from ironlearn._config import config_context, get_config, set_config
from ironlearn._core import __version__
from ironlearn._saved import load, save

__all__ = ["__version__", "config_context", "get_config", "load", "save", "set_config"]
