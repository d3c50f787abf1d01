# Two commands do everything on a machine that has Python 3.11 or newer, make and a package index:
#   make vibe q="feeling sunny and lazy"
#   make test

VENV := .venv
PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet
# The words of a vibe reach the program through the environment: no quote or dollar sign in them means anything to a shell.
export VIBE_TEXT = $(value q)

.PHONY: help vibe test lint format run doctor lock clean
help:
	@echo 'make vibe q="feeling sunny and lazy"   a playlist for a vibe'
	@echo 'make test                              the test suite'
	@echo 'make run                               the Discord bot (needs DISCORD_TOKEN)'
	@echo 'make doctor                            check an installation'
	@echo 'make lint | format | lock | clean      for developers'

vibe: $(VENV)/.ready
	@$(VENV)/bin/vibesmith vibe -- "$$VIBE_TEXT"

run: $(VENV)/.ready
	@exec $(VENV)/bin/vibesmith run

doctor: $(VENV)/.ready
	@$(VENV)/bin/vibesmith doctor

test: $(VENV)/.ready-dev
	@$(VENV)/bin/python -m pytest --numprocesses auto

lint: $(VENV)/.ready-dev
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

format: $(VENV)/.ready-dev
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or newer is needed, and none was found on the PATH.' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo 'Setting up .venv, once …' >&2
	@$(PIP) install --require-hashes --requirement requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt $(VENV)/.ready
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@touch $@

# Pins and hashes without any address of an index.
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet
lock: $(VENV)/.ready-dev
	@$(PIP) install uv
	@$(VENV)/bin/$(LOCK) --upgrade --extra build --output-file requirements.txt
	@$(VENV)/bin/$(LOCK) --upgrade --extra build --extra dev --constraint requirements.txt --output-file requirements-dev.txt

clean:
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
