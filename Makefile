# Boxship, for people who work on it. `make` lists the targets; demo and test need nothing prepared but make, git and
# python3 on Debian 12 or later, as root.

# The interpreter itself, once: a pyenv shim in front of it costs 100 ms a start.
PYTHON := $(shell python3 -c 'import sys; print(sys.executable)')
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find src -name '*.py' -o -name '*.json' -o -name '*.txt')
PEER_DOCKER_HOST ?=
SHARED ?= ../shared
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help venv clients demo ready test check bench facts soak fuzz vm clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

venv: $(VENV)/installed ## a virtual environment in .venv with Boxship and what its tests need

# Installed as a user has it, not editable: the bytecode is compiled once, whatever PYTHONDONTWRITEBYTECODE says.
$(VENV)/installed: $(VENV)/tools $(SOURCES)
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --force-reinstall .
	@$(BIN)/python -m compileall -q $$($(BIN)/python -c 'import os, boxship; print(os.path.dirname(boxship.__file__))')
	@touch $@

$(VENV)/tools: pyproject.toml
	@$(PYTHON) -m tools.system python3-venv
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade hatchling editables '.[dev]'
	@touch $@

clients: ## docker CLI, compose and buildx of current versions, in .cache (nothing is installed)
	@$(PYTHON) -m tools.clients

demo: venv ## set-up, then the main job: a daemon, a Debian image, containers by docker and by boxship
	@$(PYTHON) -m tools.system debootstrap nftables tini
	@$(PYTHON) -m tools.clients >/dev/null
	@$(BIN)/python -m tools.demo

ready: venv ## what the tests need: Debian packages and the real clients
	@$(PYTHON) -m tools.system bzip2 crun debootstrap e2fsprogs fish gcc iproute2 libc6-dev mount nftables \
		openssl procps runc tini xz-utils zsh
	@$(PYTHON) -m tools.clients >/dev/null

test: ready ## set-up and all tests (ARGS="-k name" for some)
	$(BIN)/pytest $(ARGS)

check: venv ## ruff, mypy --strict and the import contracts: seconds, for every save
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: venv ## side by side with the Docker at PEER_DOCKER_HOST (peers up prints it): medians and ratios
	@test -n "$(PEER_DOCKER_HOST)" || { echo "bench: set PEER_DOCKER_HOST to the socket of a real Docker, such as unix:///run/docker.sock" >&2; exit 2; }
	@$(PYTHON) -m tools.clients >/dev/null
	PEER_DOCKER_HOST=$(PEER_DOCKER_HOST) $(BIN)/python -m bench $(ARGS)

facts: venv ## ask the Docker at PEER_DOCKER_HOST again and keep its answers (tests/facts, tests/probe)
	@test -n "$(PEER_DOCKER_HOST)" || { echo "facts: set PEER_DOCKER_HOST to the socket of a real Docker, such as unix:///run/docker.sock" >&2; exit 2; }
	PEER_DOCKER_HOST=$(PEER_DOCKER_HOST) $(BIN)/python -m tests.facts $(ARGS)
	PEER_DOCKER_HOST=$(PEER_DOCKER_HOST) $(BIN)/python -m tests.probe

soak: venv ## many cycles and crashes against one daemon, for an hour (ARGS="--minutes 5" for less)
	@$(PYTHON) -m tools.clients >/dev/null
	$(BIN)/python -m tools.soak $(ARGS)

fuzz: venv ## 100,000 hostile requests against one daemon (ARGS="--requests 5000 --seed 7")
	@$(PYTHON) -m tools.clients >/dev/null
	$(BIN)/python -m tools.fuzz $(ARGS)

vm: ## kernel/, api/ and systemd/ tests on an emulated Debian 13, in the background (ARGS=--wait, --show, --fresh, or paths)
	@test -x $(SHARED)/vm/vm || { echo "vm: $(SHARED)/vm/vm is not here: it is a script of the maintainers' that boots such a machine. Run make test on one of your own instead." >&2; exit 2; }
	@VM=$(SHARED)/vm/vm $(PYTHON) -m tools.vm $(ARGS)

clean: ## remove .venv, .cache and what the tools left in the tree
	rm -rf $(VENV) .cache .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
