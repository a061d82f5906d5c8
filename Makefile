# What people and CI both run. `make bench PYTHON=python3.13` uses an environment of its own.
# ARGS is passed on: make bench ARGS="--cases=smallest", make gate ARGS="--threshold=8%".

PYTHON ?= python3
ARGS ?=
BASE ?= main
# One for each interpreter, named after it: .venv-python3.13, .venv-usr-bin-python3.12
VENV ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(subst /,-,$(PYTHON:/%=%)))
BIN = $(VENV)/bin
READY = $(VENV)/ready

.DEFAULT_GOAL = help
.PHONY: help bench gate calibrate gate-study test check capacity clean

help: ## show this list
	@echo "concurbench: which concurrency model should this program use, here?"
	@echo
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18
	@echo
	@echo "  PYTHON=python3.13   another interpreter, in an environment of its own"
	@echo "  BASE=v1.2           what to compare the working tree with, in make gate (main)"
	@echo "  ARGS=…              for the command itself, as in: make bench ARGS=--cases=smallest"

bench: $(READY) ## measure every default benchmark and save the run
	$(BIN)/python -m pytest $(ARGS)

gate: $(READY) ## did the working tree get slower than BASE?
	$(BIN)/concurbench gate $(BASE) $(ARGS)

calibrate: $(READY) ## how noisy is each of the gate's rows on this machine?
	$(BIN)/concurbench calibrate $(ARGS)

gate-study: $(READY) ## how often is the gate wrong here, and what does it find? (an hour at most)
	$(BIN)/concurbench gate-study --into docs/method.md $(ARGS)

test: $(READY) ## test the suite itself
	$(BIN)/python -m pytest tests -n auto $(ARGS)

check: $(READY) ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

capacity: $(READY) ## how many requests a second the flag servers can answer
	$(BIN)/python -m servers

clean: ## remove the environments and everything cached
	rm -rf .venv* *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || \
		{ echo "There is no $(PYTHON) here: install Python 3.11 or newer, or name one: make bench PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$$($(PYTHON) -V) is too old: concurbench needs 3.11 or newer; name one: make bench PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$$($(PYTHON) -V) has no venv module: install it (Debian, Ubuntu: apt install python3-venv), or name another: make bench PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(READY)
