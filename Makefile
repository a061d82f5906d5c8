# What people and CI both run. `make bench PYTHON=3.13t` uses an environment of its own.
# ARGS is passed on: make bench ARGS="--cases=smallest", make gate ARGS="--threshold=8%".

PYTHON ?= python3
ARGS ?=
BASE ?= main
TESTS ?= tests
PAGES ?= README.md docs/*.md docs/workloads/*.md
# Made with python3: it makes the others, checks the code, and runs what is not measured.
OWN = .venv
# One for each interpreter, named after it: .venv-3.13t, .venv-usr-bin-python3.12
VENV ?= $(OWN)$(if $(filter-out python3,$(PYTHON)),-$(subst /,-,$(PYTHON:/%=%)))
VENV := $(VENV:$(OWN)-python3.%=$(OWN)-3.%)
BIN = $(VENV)/bin
# Runs the blocks in Markdown pages; studies/blocks.py has their functions.
COG = $(OWN)/bin/cog -P -p "from studies import blocks, figures" -I .
READY = $(VENV)/ready
# The flag server's interpreter, the same whichever one is measured.
export CONCURBENCH_SERVER_PYTHON ?= $(CURDIR)/$(OWN)/bin/python

.DEFAULT_GOAL = help
.PHONY: help bench matrix gate calibrate interval-study gate-study settings-study cost-study engine-study verdict-study agreement test test-slow check capacity docs docs-check interpreters clean

help: ## show this list
	@echo "concurbench: which concurrency model suits a program on this machine?"
	@echo
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24
	@echo
	@echo "  PYTHON=3.13t        another interpreter: a name, a command or a path"
	@echo "  BASE=v1.2           what make gate compares the working tree with (main)"
	@echo "  TESTS=FILES         some of the tests, in make test"
	@echo "  PAGES=FILES         some of the pages, in make docs"
	@echo "  ARGS=…              for the command itself: make bench ARGS=--cases=smallest"

bench: $(READY) ## measure every default benchmark, and save the run
	$(BIN)/concurbench run $(ARGS)

matrix: $(OWN)/ready ## measure under every interpreter found, in one table
	$(OWN)/bin/concurbench matrix $(addprefix --python ,$(filter-out python3,$(PYTHON))) $(ARGS)

gate: $(READY) ## did the working tree get slower than BASE?
	$(BIN)/concurbench gate $(BASE) $(ARGS)

calibrate: $(READY) ## how noisy is each of the gate's rows on this machine?
	$(BIN)/concurbench calibrate $(ARGS)

interval-study: $(READY) ## how often do intervals contain the next median? (20 min)
	$(BIN)/python -m studies.intervals $(ARGS) -- -m gate

gate-study: $(READY) ## the error rates of the gate on this machine (1 h)
	$(BIN)/python -m studies.gate $(ARGS)

cost-study: $(READY) ## are CPU time and memory right? (4 min)
	$(BIN)/python -m studies.costs $(ARGS)

engine-study: $(READY) ## what does a task cost in Dask, Ray and pools? (4 min)
	$(BIN)/python -m studies.engines $(ARGS)

verdict-study: $(READY) ## how often are the verdicts right? (50 min)
	$(BIN)/python -m studies.verdicts $(ARGS)

settings-study: $(READY) ## what does each setting of flags do? (15 min)
	$(BIN)/python -m studies.settings $(ARGS)

agreement: $(READY) ## does pyperf find the same times? (12 min)
	$(BIN)/python -m studies.agreement $(ARGS)

test: $(READY) ## test the suite itself, or TESTS of it
	$(BIN)/python -m pytest $(TESTS) -n auto -m "not slow" $(ARGS)

test-slow: $(READY) ## the tests that take too long for make test
	$(BIN)/python -m pytest $(TESTS) -n auto -m slow $(ARGS)

check: $(OWN)/ready ## ruff and mypy
	$(OWN)/bin/ruff check
	$(OWN)/bin/ruff format --check
	$(OWN)/bin/mypy

capacity: $(READY) ## how many requests a second the flag servers can answer
	$(BIN)/python -m programs.capacity

docs: $(OWN)/ready ## run the commands in PAGES, and put their output there
	MEASURE=1 $(COG) -r $(PAGES)

docs-check: $(OWN)/ready ## is the output in PAGES up to date, except measurements?
	$(COG) --check $(PAGES)

interpreters: $(OWN)/ready ## list the interpreters found, and which can be measured
	@$(OWN)/bin/concurbench matrix --list

clean: ## remove the environments and everything cached
	rm -rf .venv* *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

ifneq ($(VENV),$(OWN))
$(READY): $(OWN)/ready pyproject.toml constraints.txt
	@$(OWN)/bin/python -m concurbench.matrix.environment $(PYTHON) --folder $(VENV)
	@touch $(READY)
endif

# With PYTHON where python3 will not do.
$(OWN)/ready: pyproject.toml constraints.txt
	@for python in python3 $(filter-out python3,$(PYTHON)); do \
		why="no $$python on this machine: install Python 3.11 or newer, or name one: make bench PYTHON=python3.12"; \
		command -v $$python >/dev/null || continue; \
		why="$$($$python -V) is too old: concurbench needs 3.11 or newer; name one: make bench PYTHON=python3.12"; \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || continue; \
		why="$$($$python -V) has no venv module: install it (Debian, Ubuntu: apt install python3-venv), or name another: make bench PYTHON=python3.12"; \
		$$python -c 'import venv, ensurepip' 2>/dev/null || continue; \
		exec $$python -m venv $(OWN); \
	done; echo "$$why"; exit 1
	$(OWN)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: --no-binary=curio -c constraints.txt -e '.[dev]'
	@touch $(OWN)/ready
