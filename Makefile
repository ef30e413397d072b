# Every verb sets up what is missing first; a repeat costs a second or two.
.PHONY: setup up test contract torture lint bench docs ready

# Where it is set, every process compiles all of Python's sources again: seconds each, minutes for the tests.
unexport PYTHONDONTWRITEBYTECODE

SHELL := /bin/bash
BIN := .venv/bin

setup:
	@deploy/setup.sh again

ready:
	@deploy/setup.sh

up: ready
	@exec $(BIN)/kino up --demo

# Two tests a core: many wait for a server or a clock. With COVERAGE=1 every process is measured as well, which takes
# a third longer, and too few branches fail.
COVERAGE ?=
TESTS_AT_ONCE = $$(( 2 * $$($(BIN)/python -c 'import os; print(os.cpu_count())') ))
PYTEST = pytest -n $(TESTS_AT_ONCE) --dist loadfile --no-loadscope-reorder
test: ready
ifeq ($(COVERAGE),)
	@$(BIN)/$(PYTEST)
else
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m $(PYTEST); tested=$$?; $(BIN)/coverage combine --quiet; \
	set -o pipefail; $(BIN)/coverage report --skip-covered | tail -n 1; covered=$$?; exit $$((tested || covered))
endif

# ROUNDS faults at random under load; with REFRESHES=1 kills during refreshes and checks the lake each time; with
# MEMORY=minutes, watches the memory of the web process instead.
ROUNDS ?= 200
torture: ready
	@$(BIN)/python -m tests.torture --rounds $(ROUNDS) $(if $(REFRESHES),--refreshes) $(if $(MEMORY),--memory $(MEMORY))

# The whole API against its description, as deep as EXAMPLES an operation.
EXAMPLES ?= 300
contract: ready
	@KINO_CONTRACT_EXAMPLES=$(EXAMPLES) $(BIN)/pytest -n 0 tests/contract

lint: ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: ready
	@$(BIN)/python -m benchmarks.refresh
	@$(BIN)/python -m benchmarks.warehouse
	@$(BIN)/python -m benchmarks.ingest
	@$(BIN)/python -m benchmarks.api

docs: ready
	@$(BIN)/python -m docs.build
