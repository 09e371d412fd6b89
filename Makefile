# The daily work. `make` alone lists the recipes. The environment is made on first use and again when pyproject.toml
# changes; use another one with `make test VENV=somewhere/else`.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.civicloop-ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format types check docs bench month build clean

help: ## list these recipes
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## make the virtual environment and install civicloop with its tools

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "civicloop needs Python 3.11 or newer; name one with: make PYTHON=python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(READY) ## run the demonstration: events in, closed loops out
	$(BIN)/civicloop demo

test: $(READY) ## run the whole test suite
	$(BIN)/python -m pytest -n auto

lint: $(READY) ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY) ## repair what lint can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY) ## check types
	$(BIN)/mypy

check: lint types test ## everything a change must pass

docs: $(READY) ## write docs/cli.md from the commands themselves
	$(BIN)/python tests/cli/handbook.py

bench: $(READY) ## measure how fast it is; figures in benchmarks.json
	$(BIN)/python benchmarks --json benchmarks.json

month: $(READY) ## live through a month of a synthetic street, with all laws checked
	$(BIN)/python examples/month/month.py

build: $(READY) ## build the sdist and the wheel into dist/
	$(BIN)/python -m build

clean: ## remove what the other recipes made, the environment included
	rm -rf .venv dist build .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find core plugins tests examples benchmarks src -name __pycache__ -type d -prune -exec rm -rf {} +
