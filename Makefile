# make demo     install what is missing and run the quickstart     make lab        JupyterLab on the demo's repository
# make test     every check                                        make test-fast  the same without browser and slow tests
# More: make help

.DEFAULT_GOAL := help
SHELL := /bin/sh
.PHONY: help install demo lab test test-fast test-deep lint format front-end constraints clean

# A Python that is new enough, or python3 so that the installer can say what is missing.
ifeq ($(strip $(PYTHON)),)
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
  && { echo $$p; exit 0; }; done; echo python3)
endif
# Relative: the path of this folder may hold spaces.
VENV := .venv/bin/
SEED ?= $(shell date +%s)
REPO ?=
ARGS ?=

export REPO
# What would lead a Python of ours out of .venv, or our Git into another repository.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONSAFEPATH GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

define NO_PYTHON
Nootropic needs Python 3.11 or newer. Install it with:
  Debian, Ubuntu: sudo apt-get install python3 python3-venv
  Fedora: sudo dnf install python3
  macOS: brew install python
endef
export NO_PYTHON

help: ## what there is to type
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r a b; do printf '  %-18s %s\n' "$$a" "$$b"; done

have-python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 7))' >/dev/null 2>&1 \
	  || { printf '%s\n' "$$NO_PYTHON"; exit 1; }

install: have-python ## install all groups into .venv (skips what is there)
	@$(PYTHON) install.py

demo: have-python ## install what is missing, run the quickstart (REPO=path: on a copy of your repository)
	@$(PYTHON) install.py
	@$(VENV)python demo.py --repo "$$REPO"

lab: have-python ## open JupyterLab with the extension in the demo's repository (ARGS=…: for jupyter lab)
	@$(PYTHON) install.py --groups core
	@$(VENV)python demo.py --lab $(ARGS)

test: have-python ## every check; this is what CI runs
	@$(PYTHON) install.py --strict --groups core,pipelines,learning,dev
	@$(VENV)python -m tests.gates

test-fast: have-python ## the checks without browser, quickstart and slow tests (about two minutes)
	@$(PYTHON) install.py --groups core,pipelines,learning,dev
	@$(VENV)python -m tests.gates --fast

test-deep: have-python ## long random, kill and soak runs (SEED=… repeats one)
	@$(PYTHON) install.py --strict --groups core,pipelines,learning,dev
	@echo "SEED=$(SEED)"
	@NOOTROPIC_SEED=$(SEED) $(VENV)python -m tests.gates --deep

lint: have-python ## ruff, mypy and import-linter
	@$(PYTHON) install.py --groups core,pipelines,dev --no-model
	@$(VENV)python -m tests.gates --lint

format: ## let ruff put the Python files in order
	@$(VENV)ruff format .
	@$(VENV)ruff check --fix .

front-end: have-python ## build the lab extension from its sources
	@$(PYTHON) install.py --groups core --no-model

constraints: ## write constraints.txt and environment.yml from what is installed in .venv
	@$(VENV)python -m bootstrap.lock

clean: ## remove .venv, builds, caches and the demo's repositories
	@rm -rf .venv .venv.lock demo dist build test-results .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache \
	  .import_linter_cache .hypothesis jupyter_extension/node_modules jupyter_extension/lib \
	  jupyter_extension/nootropic_lab/labextension
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
