# Everything a developer does, by name. `make help` lists it.
PYTHON ?= python3
BIN := .venv/bin
# The receiver of the demo is on this machine, and a webhook may reach it only when it is let.
RUN_ALLOW := $(if $(FLIPLINE_WEBHOOK_ALLOW),$(FLIPLINE_WEBHOOK_ALLOW),127.0.0.1)

.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-fast check mutate torture format kafka kafka-stop postgres postgres-stop bench bench-peers lock clean

##@ Use
help: ## List these targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.run ## Make .venv from the hash-locked requirements

run: .venv/.run ## Run all of Flipline on http://127.0.0.1:8000
	@FLIPLINE_WEBHOOK_ALLOW=$(RUN_ALLOW) exec $(BIN)/flipline up

demo: .venv/.run ## Play the story of Antonio against a running instance
	@$(BIN)/flipline demo

##@ Try
test: .venv/.dev ## Run all tests that this machine can run
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 4 --dist worksteal --durations=25

test-fast: .venv/.dev ## Run the unit tests alone, in seconds
	@$(BIN)/pytest tests/unit tests/architecture

check: .venv/.dev ## Lint, format, types, import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/basedpyright
	@$(BIN)/basedpyright -p tests
	@$(BIN)/lint-imports

mutate: .venv/.dev ## Change the scoring core in a copy, mutant by mutant, and see that a test notices (minutes)
	@copy=$$(mktemp -d) && git archive HEAD | tar -xf - -C $$copy && cd $$copy && $(CURDIR)/$(BIN)/mutmut run --max-children 2 && $(CURDIR)/$(BIN)/mutmut results; rm -rf $$copy

torture: .venv/.dev ## Break real parts around Flipline while events come in, and compare the books (minutes)
	@$(BIN)/python -m tests.torture --scale 5 --rounds 2

format: .venv/.dev ## Put the code into its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: .venv/.dev ## Measure the paths of the table in README beside their floors
	@$(BIN)/python -m tests.bench

bench-peers: .venv/.dev ## Measure the fold beside a Kafka Streams application that does the same (minutes; JDK 17, Maven)
	@$(BIN)/python -m tests.bench.peers

##@ Outgrow one process
kafka: ## Start a real Kafka broker on 127.0.0.1:9092 (Java 17 and Maven)
	@$(PYTHON) deploy/kafka/broker.py start

kafka-stop: ## Stop it
	@$(PYTHON) deploy/kafka/broker.py stop

postgres: ## Start a private PostgreSQL cluster on a free port (or PORT=...)
	@$(PYTHON) deploy/postgres/cluster.py start --port $(or $(PORT),0)

postgres-stop: ## Stop it
	@$(PYTHON) deploy/postgres/cluster.py stop

##@ Keep
lock: .venv/.dev ## Renew the hash locks in requirements/
	@$(BIN)/uv pip compile -q pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -o requirements/runtime.txt
	@$(BIN)/uv pip compile -q pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-header -o requirements/build.txt
	@$(BIN)/uv pip compile -q pyproject.toml --group build --group dev --universal --python-version 3.11 --generate-hashes --no-header -o requirements/dev.txt

clean: ## Remove what was made here, except data
	rm -rf .venv .ruff_cache .hypothesis .import_linter_cache

.venv/.run: requirements/build.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Flipline needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the hash-locked requirements ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.run
	@echo "Installing the hash-locked developers' requirements ..."
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@
