# Everything runs from .venv, which is made from the hash-pinned lock.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.made
OLDEST := 3.11
# Tests run a file at a time, three files side by side on two processors: those on a broker wait
# half of their time. What takes longest begins (tests/kinds.py).
BESIDE := --dist loadfile --no-loadscope-reorder
SLOWEST := --durations 10 --durations-min 1

.DEFAULT_GOAL := help
.PHONY: help venv demo fast test lint format types contracts check bench chaos soak dashboards lock clean

help: ## this list
	@echo "make TARGET:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(STAMP) ## .venv with touchline on its path

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < tuple(map(int, "$(OLDEST)".split("."))))' \
	  || { echo "Python $(OLDEST) or newer is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1 || true);" \
	            "say: make venv PYTHON=python$(OLDEST)" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
	  --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  --no-build-isolation --editable .
	@touch $(STAMP)

demo: venv ## workers, a simulated bank and live alerts on a real Kafka; SECONDS=60 ends it by itself
	$(BIN)/touchline demo $(if $(SECONDS),--seconds $(SECONDS))

fast: venv ## tests of rules, schemas and a partition, without a broker; ARGS="-k word" picks some
	$(BIN)/python -m pytest -m "not live and not long and not soak and not chaos" -n 2 $(BESIDE) $(ARGS)

test: venv ## every test but the soak and chaos, those on a real broker included; ARGS="-k word" picks some
	$(BIN)/python -m pytest -m "not soak and not chaos" -n 3 $(BESIDE) $(SLOWEST) $(ARGS)

lint: venv ## ruff: rules and form
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: venv ## ruff: put the code into form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: venv ## mypy, strict
	$(BIN)/mypy

contracts: venv ## which room may import which
	$(BIN)/lint-imports

check: lint types contracts test soak ## all of these

bench: venv ## benchmarks, with results in bench/results; NAME=engines runs one
	$(BIN)/python -m bench$(if $(NAME),.$(NAME))

chaos: venv ## the long kill test on a real Kafka, MINUTES=30 by default; NAME=word: the faults of that name
	$(BIN)/python -m $(if $(NAME),pytest -m chaos -s -k "$(NAME)",tests.chaos.run --minutes $(or $(MINUTES),30))

soak: venv ## memory, files and times stay flat, by a test of three minutes; MINUTES=60 for an hour
	$(BIN)/python -m $(if $(MINUTES),bench.soak --minutes $(MINUTES),pytest -m soak)

dashboards: venv ## Grafana's dashboards anew, from ops/grafana/*.py
	$(BIN)/python -m ops.grafana.build

LOCK := uv pip compile --universal --python-version $(OLDEST) --generate-hashes --no-emit-index-url \
  --no-annotate --no-header pyproject.toml --group build

lock: ## the locks anew from pyproject.toml, hosts left out (needs uv)
	$(LOCK) --group dev --output-file requirements.lock
	$(LOCK) --constraint requirements.lock --output-file requirements-runtime.lock

clean: ## remove .venv and what the tools left
	rm -rf .venv build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
