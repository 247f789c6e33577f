# The verbs of this checkout. Everything they need is built into .venv from exact pins; nothing else is installed.
#   make PYTHON=python3.12 …   another Python for .venv (3.11 or later)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LAB := $(BIN)/python -m ansible_collections.mailops.exchange2007.plugins.plugin_utils.lab
CORE := $(VENV)/core.stamp
DEV := $(VENV)/dev.stamp

# The tools of .venv come first for everything that starts other tools (ansible-lint, molecule, ansible-test).
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv rehearse lab lint unit integration molecule sanity test bench test-matrix kerberos dist clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(DEV) ## build .venv with everything that make test needs

rehearse: $(CORE) ## upgrade a simulated two-node cluster with the real playbook, and prove it (ARGS=--help)
	@$(BIN)/python playbooks/files/rehearse.py $(ARGS)

lab: $(CORE) ## the simulated clusters by hand: make lab ARGS="up ccr-2003-rtm --inventory lab.yml"
	@$(LAB) $(ARGS)

lint: $(DEV) ## formatting, style, types, YAML, Ansible, changelog
	ruff check .
	ruff format --check .
	mypy
	yamllint --strict .
	ansible-lint --offline --profile production
	antsibull-changelog lint

unit: $(DEV) ## unit tests
	pytest tests/unit

integration: $(DEV) ## modules and playbooks against the lab, through pytest-ansible and ansible-playbook
	pytest tests/integration

molecule: $(DEV) ## every scenario of extensions/molecule
	molecule test --all

sanity: $(DEV) ## ansible-test sanity, all tests
	python tests/sanity/run.py

test: lint unit sanity molecule integration ## everything that CI runs

bench: $(DEV) ## the numbers that tests/bench/README.md explains, at real speed
	python tests/bench/run.py $(ARGS)

test-matrix: $(DEV) ## unit tests and the rehearsal with the other ansible-core versions, where their Pythons are installed
	python tools/matrix.py

kerberos: ## the connection's Kerberos against a KDC of its own, where the Debian packages are installed
	@$(PYTHON) tests/kerberos/run.py $(ARGS)

dist: $(DEV) ## the collection as a tarball for ansible-galaxy collection install
	ansible-galaxy collection build --force --output-path .build

clean: ## remove what the other verbs made, .venv included
	rm -rf $(VENV) .build .ansible .*_cache .hypothesis collections

$(CORE): requirements/core.txt tools/build_venv.py
	@$(PYTHON) tools/build_venv.py $(VENV) $<
	@touch $@

$(DEV): requirements/dev.txt requirements/core.txt tools/build_venv.py
	@$(PYTHON) tools/build_venv.py $(VENV) $<
	@touch $(CORE) $@
