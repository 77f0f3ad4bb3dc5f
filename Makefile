# Everything starts from here; only Python 3.11+, git and make are needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := .ci/requirements.lock
RUN_LOCK := .ci/run.lock
FUZZ_LOCK := .ci/fuzz.lock
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest -q -n auto --dist loadfile --no-loadscope-reorder
# Tests that start processes or simulate AWS.
SLOW := $(addprefix tests/unit/,git runners sandbox settings)
LOCKED := uv pip compile pyproject.toml --universal --generate-hashes --python-version 3.11 \
  --no-emit-index-url --no-emit-find-links --no-header --quiet

.DEFAULT_GOAL := help
# Hundreds of processes load the same modules: compile them once.
export PYTHONDONTWRITEBYTECODE :=
.PHONY: help install demo test quick check lint type bench faults terraform docs lock clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## make .venv with aft and every locked dependency in it

$(STAMP): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "aft needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Installing into $(VENV) (half a minute, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP)  ## vend this repository's account requests into a simulated organization
	@PATH="$(CURDIR)/$(BIN):$$PATH" .ci/demo

test: $(STAMP) check  ## run every check and test
	@$(PYTEST)

quick: $(STAMP) lint  ## lint, architecture and the pure units: under a minute
	@$(PYTEST) tests/architecture tests/unit $(SLOW:%=--ignore=%)

check: $(STAMP) lint type

lint: $(STAMP)  ## format, lint and import rules
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-logo --config pyproject.toml >/dev/null || $(BIN)/lint-imports --no-logo

type: $(STAMP)  ## mypy --strict
	@$(BIN)/mypy --no-error-summary

bench: $(STAMP)  ## counts and ratios of the performance promises
	@$(BIN)/python -m tests.bench

faults: $(STAMP) $(VENV)/.fuzz  ## every fault at every AWS call; fifteen times the examples; PART=2/5: a fifth of it
	@HYPOTHESIS_PROFILE=thorough AFT_FAULTS_PART=$(PART) $(PYTEST) --dist worksteal -m "faults or hypothesis" \
	  --override-ini addopts="-ra --import-mode=importlib"

$(VENV)/.fuzz: $(FUZZ_LOCK) $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: \
	  --require-hashes -r $(FUZZ_LOCK) || echo "there is no atheris for this machine: fuzzing is skipped" >&2
	@touch $@

terraform: $(STAMP)  ## a whole AFT customization with the real terraform and its AWS provider
	@$(BIN)/python -m pytest -q -m terraform --override-ini addopts="-ra --import-mode=importlib"

docs: $(STAMP)  ## bring docs/ up to date with the code and with the output of commands
	@$(BIN)/python -m tests.docs_pages --record

lock: $(STAMP)  ## resolve dependencies again into the lock files (needs uv)
	@$(LOCKED) --upgrade --extra dev -o $(LOCK)
	@$(LOCKED) --constraint $(LOCK) --extra build --extra signing -o $(RUN_LOCK)

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
