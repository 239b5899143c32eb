# Two commands do everything: `make run` and `make test`. `make help` explains them all.
.DEFAULT_GOAL := help
.PHONY: help run test bench lint lock clean
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

help:  ## this page
	@sed -n 's/^\([a-z]*\):.*##  *\(.*\)/make \1\t\2/p' Makefile | expand -t 14

run: $(READY)  ## run the hotline with sample agents and callers; Ctrl-C stops it and prints the report
	@$(VENV)/bin/hotline run

test: $(READY)  ## run every test, on a real Asterisk
	@$(VENV)/bin/hotline asterisk fetch --with-tests
	@$(VENV)/bin/python -m pytest $(PYTEST)

bench: $(READY)  ## measure: calls per second, waiting callers, time to ring; prints ratios
	@$(VENV)/bin/hotline asterisk fetch --with-tests
	@$(VENV)/bin/python -m benchmarks $(BENCH)

lint: $(READY)  ## ruff and strict types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

$(READY): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "Python is missing. Install it first: apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Install one and say: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing. Install it first: apt install python3-venv" >&2; exit 1; }
	@echo "Installing the Python packages into $(VENV) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lock:  ## renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes --no-header --no-annotate -o requirements.lock pyproject.toml

clean:  ## remove what was installed here (not the site's data in var/)
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
