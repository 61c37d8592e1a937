# Edgewise. Each command sets up what it needs first; see docs/operations.md.
PYTHON := .venv/bin/python
EMBEDDED := $(PYTHON) -m governance.embedded
# Tools that read the settings without a database.
OFFLINE := EDGEWISE_HOME=$$(mktemp -d) DATABASE_URL=postgresql://edgewise_app@/none?host=/nonexistent \
	DATABASE_OWNER_URL=postgresql://edgewise_owner@/none?host=/nonexistent
CODE := governance audits councils modelcards demo bench sdk/src sdk/examples tests manage.py
TEMPLATES := governance audits councils modelcards
export PORT ?= 8000

.PHONY: help setup setup-run run demo test check format bench bench-10m bench-peers faults shell

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' Makefile

setup: ## everything the other commands need: .venv, and Debian's packages when root
	@scripts/setup test

setup-run:
	@scripts/setup run

run: setup-run ## serve http://127.0.0.1:$PORT until Ctrl-C
	@$(EMBEDDED) run

demo: setup-run ## the main job, end to end; DATA=DIR for a real data set
	@$(EMBEDDED) demo $(if $(DATA),"$(DATA)")

# Three processes on two cores: tests wait for servers.
test: setup ## the test suite, journeys included; ARGS for pytest, "-m deep" for what takes minutes
	@$(PYTHON) -m pytest -n 3 --dist loadfile --no-loadscope-reorder -q -m "not deep" $(ARGS)

bench: setup-run ## the benchmarks
	@$(EMBEDDED) bench $(ARGS)

faults: setup ## kill everything under load, and look for what was acknowledged; ARGS="--seed N"
	@$(if $(ARGS),true,EDGEWISE_FAULTS_RESTARTS=10 $(PYTHON) -m pytest -q tests/faults/test_sdk_outlives_the_server.py)
	@$(PYTHON) -m tests.faults $(ARGS)

bench-10m: setup-run ## one log grown to ten million (an hour or more, 30 GB in EDGEWISE_HOME); BENCH_TO=1000000 for less, ARGS=again for the log that is there
	@$(EMBEDDED) bench $(or $(ARGS),10m)

bench-peers: setup-run ## the same records into MLflow, for comparison (installs it apart, into EDGEWISE_HOME)
	@$(EMBEDDED) bench peers

shell: setup-run ## a shell with the database of this home in its environment
	@$(EMBEDDED) shell

format: setup ## write code and templates the way `make check` wants them
	@$(PYTHON) -m ruff format $(CODE)
	@$(PYTHON) -m ruff check --fix $(CODE)
	@git ls-files '*/templates/*.html' | xargs -r .venv/bin/djade --target-version 5.2

check: setup ## format, lint, types, import contracts, migrations, templates
	$(PYTHON) -m ruff format --check $(CODE)
	$(PYTHON) -m ruff check $(CODE)
	$(OFFLINE) .venv/bin/mypy $(filter-out tests manage.py,$(CODE))
	.venv/bin/lint-imports
	$(OFFLINE) $(PYTHON) -W ignore manage.py makemigrations --check --dry-run
	git ls-files '*/templates/*.html' | xargs -r .venv/bin/djade --target-version 5.2 --check
	git ls-files '*/templates/*.html' | xargs -r .venv/bin/djlint --quiet --lint
