# The two commands of a new machine are `make demo` and `make test`; both install what is missing into .venv.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: setup build demo test test-rust test-python lint format bench wheel clean

PYTHON ?= python3
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
export VIRTUAL_ENV := $(VENV)
export PYO3_PYTHON := $(BIN)/python
export PATH := $(BIN):$(PATH)
CARGO := cargo
RELEASE := --release --locked
# Tests and lints of Rust: overflow is an error there.
CHECKED := --locked --profile checked

$(VENV)/.installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	touch $@

setup: $(VENV)/.installed

# The Python package (editable) and the shell's binary, both in .venv.
build: setup
	$(BIN)/maturin develop --release --locked
	$(CARGO) build $(RELEASE) --package ironlearn-cli
	install -m 755 target/release/ironlearn $(BIN)/ironlearn

demo: build
	$(BIN)/python docs/demo.py

test: test-rust test-python

test-rust: setup
	command -v cargo-nextest >/dev/null || $(CARGO) install --locked cargo-nextest
	$(CARGO) nextest run --locked --cargo-profile checked --workspace --no-tests=pass
	$(CARGO) test $(CHECKED) --workspace --doc

test-python: build
	$(BIN)/python -m pytest

lint: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(CHECKED) --workspace --all-targets -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup
	$(CARGO) fmt --all
	$(BIN)/ruff format .

bench: build
	$(BIN)/python -m pip install --quiet --requirement benchmarks/requirements.txt
	$(BIN)/python benchmarks/run.py

# One wheel for Python 3.11 and later with BLAS inside.
wheel: setup
	$(BIN)/maturin build --release --locked --zig --compatibility manylinux_2_28 --out dist

clean:
	rm -rf target .venv dist
