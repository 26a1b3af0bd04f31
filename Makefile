# Everything a developer does here is one word: make help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= $(shell $(PYTHON) -c "import os; print(2 * len(os.sched_getaffinity(0)) + 1)")  # tests wait more often than they compute

.PHONY: help run test test-slow services lint bench bench-gate bench-zoo docs release lock clean
.DEFAULT_GOAL := help

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/' | column -t -s '|'

run: $(VENV)/.demo  ## set up, then gate the embedded demo shop with budgets.yaml
	$(BIN)/perfgate run --budget budgets.yaml

test: $(VENV)/.dev  ## lint, then run all tests but the slow proofs: side by side, then those with load alone
	@$(MAKE) --no-print-directory --jobs 2 lint services
	$(BIN)/python -m pytest -m "not slow and not load" -n $(WORKERS) --dist loadfile --no-loadscope-reorder; side_by_side=$$?; \
	$(BIN)/python -m pytest -m "load and not slow" -n 0 tests/end_to_end && exit $$side_by_side

test-slow: $(VENV)/.dev services  ## the slow proofs: what a kill -9 at fifty moments leaves behind (minutes)
	$(BIN)/python -m pytest -m slow -n 0

services: $(VENV)/.dev  ## install the programs that tests need (root on Debian and Ubuntu), or say what is missing
	tests/services/install.sh $(BIN)/python

lint: $(VENV)/.dev  ## ruff, mypy (strict) and the architecture rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("perfgate needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[demo,dev,docs]'
	@touch $@

bench: $(VENV)/.dev  ## measure against peers, side by side (an hour; QUICK=1: 5 minutes, for a look)
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/recorder.py
	$(BIN)/python bench/memory.py
	$(BIN)/python bench/beyond.py
	$(BIN)/python -m bench.engine $(if $(QUICK),--quick)

bench-gate: $(VENV)/.dev  ## how often the gate and its peers are wrong, in one table (10 minutes)
	$(BIN)/python -m bench.gate $(if $(QUICK),--quick)

bench-zoo: $(VENV)/.dev  ## what the diagnosis says of five sick applications (an hour; ONLY=disease, TIER=0,1,2)
	$(BIN)/python -m bench.zoo --write --tier $(or $(TIER),0,1,2) --only "$(ONLY)"

docs: $(VENV)/.dev  ## write the generated parts of docs/, and build the site into site/ (links checked)
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict --quiet

release: $(VENV)/.dev  ## build wheel, sdist and the list of what is inside into dist/; twice, to see that both are the same
	$(BIN)/python deploy/release.py

lock: $(VENV)/.dev  ## write constraints.txt from what is installed now
	$(BIN)/python -m pip freeze --exclude-editable --exclude perfgate > constraints.txt

clean:  ## remove the virtual environment and all runs
	rm -rf $(VENV) site .perfgate .mypy_cache .ruff_cache .pytest_cache build dist
