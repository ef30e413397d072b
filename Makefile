# Every verb sets up what is missing first; a repeat costs a second or two.
.PHONY: setup up test lint bench docs ready

SHELL := /bin/bash
BIN := .venv/bin

setup:
	@deploy/setup.sh again

ready:
	@deploy/setup.sh

up: ready
	@exec $(BIN)/kino up --demo

test: ready
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n auto --dist loadfile; status=$$?; \
	$(BIN)/coverage combine --quiet; $(BIN)/coverage report --skip-covered | tail -n 1; exit $$status

lint: ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: ready
	@shopt -s nullglob; for benchmark in benchmarks/*.py; do $(BIN)/python $$benchmark || exit 1; done

docs: ready
	@$(BIN)/python -m docs.build
