# Needs Python 3.11 or newer and make; everything else goes into .venv.
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS ?= dev

# The first of these that is new enough and can make a virtual environment;
# `make PYTHON=/path/to/python run` takes another.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$python"; break; }; done)

.DEFAULT_GOAL := help
.PHONY: help run install check lint types test slow newest lowest format bench pages \
	readers browser clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

run: install ## Install what is needed, run long-term-plan and write its page
	$(BIN)/simulator run long-term-plan --force
	$(BIN)/simulator report long-term-plan.h5 --force

install: $(STAMP) ## Make .venv and install the simulator in it

$(STAMP): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv was not found; try make PYTHON=/path/to/python" >&2; exit 1; }
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS)]"
	@touch $@

check: lint types test ## What every change must pass: lint, types, test

lint: install ## Look for mistakes and untidy code
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: install ## Check the types of the package
	$(BIN)/mypy

test: install ## Run the fast tests
	$(BIN)/python -m pytest -m "not slow" --numprocesses auto

slow: install ## Run the statistical tests, which need many draws
	$(BIN)/python -m pytest -m slow --numprocesses auto

newest: install ## Try a wheel with the newest versions of what it needs
	$(BIN)/python tests/try_wheel.py newest

lowest: install ## Try a wheel with the lowest versions that are declared
	$(BIN)/python tests/try_wheel.py lowest

format: install ## Put the code in its usual form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: install ## Measure speed and size on this machine
	$(BIN)/python -m pip install --quiet --editable ".[$(EXTRAS),bench]"
	$(BIN)/python -m benchmarks

pages: install ## Renew what commands print in README.md and docs
	$(BIN)/python -m benchmarks.pages

readers: ## Install the other programs that read run files, with apt
	apt-get install --yes --no-install-recommends r-base-core r-cran-ncdf4 \
		r-cran-rnetcdf r-bioc-rhdf5 octave octave-netcdf netcdf-bin hdf5-tools udunits-bin

browser: ## Install the browser that the page is tried in, with apt
	apt-get install --yes --no-install-recommends chromium chromium-driver \
		fonts-liberation

clean: ## Remove caches and builds; the environment and your results stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find simulator tests benchmarks -type d -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
