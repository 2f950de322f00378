# Every target installs what it needs into .venv, from nothing but python3 and make.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

# One thread a process: training is spread over processes, and numbers must not depend on how many cores there are.
export OMP_NUM_THREADS := 1
export OMP_WAIT_POLICY := PASSIVE
export NO_MKDOCS_2_WARNING := 1

.PHONY: help audit test test-all bench lint format docs clean

help:  ## what there is to make
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

audit: .venv/core  ## audit digits with 10 % wrong labels, and write the report
	$(BIN)/byheart audit digits --plant label-noise=0.1

test: .venv/dev  ## the tests, but for the slow ones
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-all: .venv/dev  ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: .venv/bench  ## measure what the tables in benchmarks/ claim
	@set -e; for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file; done

lint: .venv/dev  ## style, types, and which room may import which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright
	$(BIN)/lint-imports

format: .venv/dev  ## let ruff lay out the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/docs  ## the pages, in site/
	$(BIN)/mkdocs build --strict --quiet

clean:  ## remove the environment and what was built
	rm -rf .venv site dist

# A stamp is younger than what it was installed from, so a second make does nothing.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "byheart needs Python 3.11 or later: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/core: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) .
	@touch $@

.venv/dev: .venv/core
	$(INSTALL) '.[dev]'
	@touch $@

.venv/docs: .venv/core
	$(INSTALL) '.[docs]'
	@touch $@

.venv/bench: .venv/core
	$(INSTALL) '.[bench]'
	@touch $@
