# The two commands are `make demo` and `make test`; `make` alone lists the rest.
SHELL := /bin/bash
python := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup image base lock docs lint types imports check test test-failed synth-full bench demo demo-stop clean

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what this machine lacks: Debian packages, Docker, Python and Node packages
	@scripts/setup

image: ## build the notebook image, if anything in it changed
	@scripts/image

base: ## make the image's Debian anew, with today's security updates, and build the image on it
	@scripts/image --fresh-base

lock: ## write requirements/*.lock anew from requirements/*.in
	@scripts/lock

lint: ## ruff
	@$(python) -m ruff check .
	@$(python) -m ruff format --check .

types: ## mypy --strict
	@$(python) -m mypy

imports: ## the rooms import one way only
	@.venv/bin/lint-imports

docs: ## write the reference pages and diagrams anew from the code
	@$(python) -m ops.reference
	@$(python) -m projects.diagram
	@$(python) -m egress_review.diagram
	@$(python) -m data_catalog.endpoints.document

check: lint types imports ## all that reads the code without running it

test: ## everything that is checked, on a machine that may lack everything
	@scripts/setup --tests
	@scripts/image
	@$(MAKE) --no-print-directory check
	@$(python) -m pytest --cov --numprocesses auto --no-loadscope-reorder

test-failed: ## the tests that failed last time, and no others
	@$(python) -m pytest --last-failed --last-failed-no-failures none

synth-full: ## both resources at full size: draw, map, check, publish, count, and cut for a project; takes minutes
	@scripts/setup
	@scripts/image
	@$(python) -m benchmarks.full

bench: ## everything that is measured, beside a peer or a floor in the same run; takes an hour
	@scripts/setup
	@$(python) -m benchmarks.cut --by-person
	@$(python) -m benchmarks.views
	@$(python) -m benchmarks.sources
	@$(python) -m benchmarks.imaging
	@$(python) -m benchmarks.egress --rows 1_000_000
	@$(python) -m benchmarks.egress
	@$(python) -m benchmarks.endpoints

demo: ## provision the demo project, start everything, say who can sign in where
	@scripts/setup
	@scripts/image
	@.venv/bin/myelin demo up

demo-stop: ## stop the demo, and Docker if setup started it
	@if [[ -x .venv/bin/myelin ]]; then .venv/bin/myelin demo down; fi
	@scripts/stop-docker

clean: ## remove what was made in the checkout; the demo's state and the caches stay
	@rm -rf .venv node_modules build .coverage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf '{}' +
