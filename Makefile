# The two that matter: `make demo` shows Ladders at work, `make test` proves it. Both work from a fresh clone with
# Python 3.11 or 3.12, gcc and make; PYTHON=/path/to/python3.12 chooses the Python. The tests also hold proofs against
# Go's x/mod and set clocks by libfaketime (on Debian: golang-go golang-golang-x-mod-dev libfaketime); `.ci/run` installs
# what is missing.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo serve test check format soak fuzz bench image-test openapi pins clean
SHELL := bash
MAKEFLAGS += --no-builtin-rules --no-print-directory
BIN := .venv/bin
CODE := $(sort $(dir $(wildcard service/*.py tests/*.py bench/*.py client/*/*.py)))

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## prepare .venv, with the command .venv/bin/ladders
	@requirements/install run

demo: setup ## start the service, ask for one promotion, print the explained verdict, stop
	@$(BIN)/ladders demo

serve: setup ## the same, and stay until Ctrl-C
	@$(BIN)/ladders serve

test: check ## everything that must hold: format, lint, types, layers, tests
	@echo "tests"
	@$(BIN)/pytest -n 2 -q

check: tools ## format, lint, types and layers only
	@echo "format"
	@$(BIN)/ruff format --check $(CODE)
	@echo "lint"
	@$(BIN)/ruff check $(CODE)
	@echo "types"
	@$(BIN)/mypy $(CODE)
	@echo "layers"
	@$(BIN)/lint-imports

format: tools ## rewrite the code in the house's format
	@$(BIN)/ruff format $(CODE)
	@$(BIN)/ruff check --fix $(CODE)

soak: tools ## the tests with far more random examples, and an hour of the service under load (hours)
	@LADDERS_TEST_PROFILE=soak $(BIN)/pytest -n 2 -q -m "not fuzz"
	@$(BIN)/python -m bench.soak

fuzz: tools ## generated requests against the running service
	@LADDERS_TEST_PROFILE=soak $(BIN)/pytest -q -m fuzz

bench: tools ## speed, memory and start-up, with the machine they were measured on
	@$(BIN)/python -m bench

image-test: ## build the Dockerfile for real, and run the image (as root)
	@deploy/image-test

openapi: tools ## write docs/openapi.json and docs/ladders.http anew, unless that would break what it promises
	@$(BIN)/python -m tests.web.promise

pins: ## make requirements/*.txt again from requirements/*.in (needs pip-compile, of pip-tools)
	@cd requirements && for name in build run dev; do \
	  echo "requirements/$$name.txt"; \
	  pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate --no-emit-options \
	    $$name.in --output-file $$name.txt && sed -i '/^#/d' $$name.txt || exit 1; \
	done

clean: ## remove .venv and all caches
	@rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

.PHONY: tools
tools:
	@requirements/install dev
