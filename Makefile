# make setup | run | test | ui: everything a newcomer needs. Each is safe to repeat.
# The first interpreter that runs and is supported: a shim that only prints an error does not count.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup run test acceptance ui bench truth lint sbom audit clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

run: setup
	$(BIN)/journey generate --if-absent
	$(BIN)/journey run --as-of 2026-11-16

test: setup
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

acceptance: setup
	$(BIN)/python -m pytest -m long --numprocesses auto --maxprocesses 4 --dist loadfile

ui: setup
	$(BIN)/journey ui

bench: setup
	$(BIN)/python -m tests.benchmarks

truth: setup
	$(BIN)/journey truth --page docs/ATTRIBUTION.md

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# What looks at the dependencies lives in an environment of its own.
AUDIT := .venv-audit

$(AUDIT)/.installed: requirements-audit.lock
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r requirements-audit.lock
	touch $@

sbom: setup $(AUDIT)/.installed
	$(AUDIT)/bin/cyclonedx-py environment $(VENV) --pyproject pyproject.toml --output-reproducible --output-file sbom.json

# Fails on a known vulnerability, and on a dependency that nothing was asked of.
audit: $(AUDIT)/.installed
	$(AUDIT)/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements.lock

clean:
	rm -rf $(VENV) $(AUDIT)
