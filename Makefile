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
# Some containers set it. Then each of the thousands of processes of the tests would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv rehearse lab lint unit seeds integration integration-foreign molecule molecule-all sanity test coverage bench scale kill-matrix fault-matrix moving-world test-matrix kerberos quoting dist clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-19s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

unit: $(DEV) ## unit tests, and a sample of the seeds and of the moving world
	pytest tests/unit tests/seeds tests/moving

seeds: $(DEV) ## 18,000 runs over 6,000 random clusters, faults and kills on virtual time (ARGS="--seeds 10000")
	@python -m ansible_collections.mailops.exchange2007.tests.seeds.run $(ARGS)

integration: $(DEV) ## modules and playbooks against the lab, through pytest-ansible and ansible-playbook
	pytest tests/integration

integration-foreign: $(DEV) ## the same with every lab in another language: no English word, code page 850, accents
	pytest tests/integration --language foreign

molecule: $(DEV) ## the scenarios of extensions/molecule that every test runs
	molecule test --scenario-name default --scenario-name ccr-2003-rtm --scenario-name half-done

molecule-all: $(DEV) ## every scenario of extensions/molecule
	molecule test --all

sanity: $(DEV) ## ansible-test sanity, all tests
	python tests/sanity/run.py

test: lint unit sanity molecule integration ## everything that CI runs

coverage: export COVERAGE_ROOT := $(CURDIR)
coverage: $(DEV) ## branches of plugins/ that the unit and integration tests take: 95 % of the product's, and the lab's
	@rm -rf .build/coverage && mkdir -p .build/coverage
	coverage run -m pytest tests/unit
	coverage run -m pytest tests/integration
	coverage combine --quiet
	@python tools/branches.py

bench: $(DEV) ## the numbers that tests/bench/README.md explains, at real speed
	python tests/bench/run.py $(ARGS)
	python tests/bench/clients.py

scale: $(DEV) ## what 1 to 100 clusters cost the controller (ARGS="--clusters 1 10 --speed 60")
	python tests/bench/scale.py $(ARGS)

fault-matrix: $(DEV) ## every fault of docs/faults.md at every native command of an upgrade (ARGS=--help)
	@python tests/faults/run.py $(ARGS)

kill-matrix: $(DEV) ## the controller dies before, during and after every act of an upgrade or a migration (ARGS=--help)
	@python tests/kill/run.py $(ARGS)

moving-world: $(DEV) ## failovers, moved groups, paused nodes, hands and second controllers at every act (ARGS=--help)
	@python -m ansible_collections.mailops.exchange2007.tests.moving.run $(ARGS)

test-matrix: $(DEV) ## unit tests and the rehearsal with the other ansible-core versions, where their Pythons are installed
	python tools/matrix.py

kerberos: ## the connection's Kerberos against a KDC of its own, where the Debian packages are installed
	@$(PYTHON) tests/kerberos/run.py $(ARGS)

quoting: $(DEV) ## the quoting, and the lab's cmd.exe, against Wine's cmd.exe, where the Debian packages are installed
	@$(BIN)/python tests/wine/run.py $(ARGS)

dist: $(DEV) ## the collection as a tarball for ansible-galaxy collection install
	ansible-galaxy collection build --force --output-path .build

clean: ## remove what the other verbs made, .venv included
	rm -rf $(VENV) .build .ansible .*_cache .hypothesis collections
	find . -name __pycache__ -prune -exec rm -rf {} +

$(CORE): requirements/core.txt tools/build_venv.py
	@$(PYTHON) tools/build_venv.py $(VENV) $<
	@touch $@

$(DEV): requirements/dev.txt requirements/core.txt tools/build_venv.py
	@$(PYTHON) tools/build_venv.py $(VENV) $<
	@touch $(CORE) $@
