# One command each: `make train` and `make test` set up everything that they need first.

PYTHON ?=
ARGS ?=
PARALLEL := -n auto --maxprocesses 4 --dist loadfile
VENV := .venv
OLDEST := .venv-oldest
AUDIT := .venv-audit
GPUNET := $(VENV)/bin/gpunet

.PHONY: train test oldest audit lint docs bench clean help
.DEFAULT_GOAL := help

train: $(VENV)/.installed $(VENV)/.driver ## train on the best adapter found, with a live dashboard
	$(GPUNET) train --device "$$(cat $(VENV)/.driver)" --optimizer adam --hidden 16,16 $(ARGS)

test: $(VENV)/.installed-dev $(VENV)/.driver ## run all tests; those on an adapter only if there is one, or could be
	GPUNET_REQUIRE_ADAPTER=$$(sh tools/set_up.sh promise) $(VENV)/bin/python -m pytest $(PARALLEL) $(ARGS)

oldest: $(VENV)/.installed ## run all tests with the oldest libraries that are allowed
	$(VENV)/bin/python -m venv --clear $(OLDEST)
	$(VENV)/bin/python tools/oldest.py >$(OLDEST)/constraints
	$(OLDEST)/bin/pip install --quiet --constraint $(OLDEST)/constraints --editable '.[dev]'
	$(OLDEST)/bin/python -m pytest $(PARALLEL) $(ARGS)

audit: $(VENV)/.installed ## look up published vulnerabilities of the base install's libraries
	$(VENV)/bin/python -m venv --clear $(AUDIT)
	$(AUDIT)/bin/pip install --quiet pip-audit
	$(AUDIT)/bin/pip install --quiet --target $(AUDIT)/base .
	rm -r $(AUDIT)/base/gpunet-*.dist-info # gpunet itself is on no index to be looked up in
	$(AUDIT)/bin/pip-audit --strict --path $(AUDIT)/base $(ARGS)

lint: $(VENV)/.installed-dev ## check style, types and who imports whom; JavaScript where there is npm
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo --no-cache
	@sh tools/web/lint.sh

docs: $(VENV)/.installed-docs ## build the site of documentation into build/site
	$(VENV)/bin/python tools/reference.py
	$(VENV)/bin/python tools/site.py

bench: $(VENV)/.installed $(VENV)/.driver ## measure this machine's adapters against numpy
	$(GPUNET) bench $(ARGS)

clean: ## remove the virtual environments and everything that tools left
	rm -rf $(VENV) $(OLDEST) $(AUDIT) tools/web/node_modules build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## say this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile
	@echo 'More options go into ARGS, for example: make train ARGS="--epochs 5 --device cpu"'

$(VENV)/.installed: pyproject.toml tools/set_up.sh
	@PYTHON="$(PYTHON)" sh tools/set_up.sh install

$(VENV)/.installed-dev: pyproject.toml tools/set_up.sh
	@PYTHON="$(PYTHON)" sh tools/set_up.sh install dev

$(VENV)/.installed-docs: pyproject.toml tools/set_up.sh
	@PYTHON="$(PYTHON)" sh tools/set_up.sh install docs

$(VENV)/.driver: tools/set_up.sh | $(VENV)/.installed
	@sh tools/set_up.sh driver
