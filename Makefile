# make run, make test, make long, make browser, make engines, make check, make demo, make proof, make counts,
# make soak, make nodes, make galera, make fuzz, make mutation, make bench, make growth: each prepares what it
# needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
DEMO := demo@example.org
BROWSER := tests/e2e/client tests/e2e/pages tests/e2e/device_bound
ENGINES := tests/e2e/engines
COUNTED = $(shell grep -rl --include="test_*.py" campaigns.counts tests)
export FLASK_APP := wsgi

.PHONY: run test long browser engines check proof counts soak nodes galera fuzz mutation bench growth demo clean

run: $(VENV)/site instance/secret_key instance/demo_password
	@$(BIN)/flask db upgrade 2>/dev/null || $(BIN)/flask db upgrade
	@$(BIN)/flask ratchet create-user $(DEMO) --username demo --if-absent < instance/demo_password
	@echo
	@echo "  Open      http://localhost:$${PORT:-8000}"
	@echo "  Sign in   $(DEMO)"
	@echo "  Password  $$(cat instance/demo_password)"
	@echo
	@exec $(BIN)/gunicorn wsgi:app

test: $(VENV)/tests
	$(BIN)/pytest -n auto -m "not long" $(addprefix --ignore=,$(BROWSER) $(ENGINES)) $(ARGS)

long: $(VENV)/tests
	$(BIN)/pytest -n auto -m long $(addprefix --ignore=,$(BROWSER) $(ENGINES)) $(ARGS)

browser: $(VENV)/tests
	$(BIN)/pytest $(BROWSER) $(ARGS)

engines: $(VENV)/tests
	$(BIN)/pytest $(ENGINES) $(ARGS)

check: $(VENV)/tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-cache

proof: $(VENV)/tests
	@$(BIN)/python -m tests.campaigns.proof $(ARGS)

counts: $(VENV)/tests
	WHOLE_COUNTS=1 $(BIN)/pytest -n auto $(COUNTED) $(ARGS)

soak: $(VENV)/tests
	@$(BIN)/python -m tests.campaigns.soak $(ARGS)

galera: $(VENV)/tests
	@$(BIN)/python -m tests.campaigns.galera $(ARGS)

nodes: $(VENV)/tests
	@$(BIN)/python -m tests.campaigns.nodes $(ARGS)

fuzz: $(VENV)/tests
	@$(BIN)/python -m tests.campaigns.fuzz $(ARGS)

mutation: $(VENV)/tests
	@$(BIN)/python -m tests.campaigns.mutation $(ARGS)

bench: $(VENV)/tests $(PEERS)/ready
	@$(BIN)/python -m bench $(ARGS)

growth: $(VENV)/tests
	@$(BIN)/python -m bench.growth $(ARGS)

demo: $(VENV)/site
	@$(BIN)/python -m app.demo $(ARGS)

clean:
	rm -rf $(VENV) $(PEERS) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ratchet needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/site: $(VENV)/pip requirements.txt
	$(BIN)/pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/tests: $(VENV)/site tests/requirements.txt
	$(BIN)/pip install --disable-pip-version-check -r tests/requirements.txt
	@touch $@

$(PEERS)/ready: bench/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --disable-pip-version-check -r bench/peers/requirements.txt
	@ln -sfn $(CURDIR)/app/auth $$($(PEERS)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/flask_ratchet
	@touch $@

instance/secret_key:
	@mkdir -p -m 700 instance
	@umask 077 && $(PYTHON) -c 'import secrets; print(secrets.token_hex(32))' > $@

instance/demo_password:
	@mkdir -p -m 700 instance
	@umask 077 && $(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(12))' > $@
