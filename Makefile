VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
# Most tests wait for a peer most of the time, so more than one for each of two cores; peers need some of them too.
PYTEST_ARGS ?= -n 3 --dist worksteal

.PHONY: run test check bench install system-packages format

# The stamp is renewed when the declared dependencies change.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[livekit]' --group dev
	touch $@

install: $(VENV)/.installed

run: install
	$(BIN)/trunkd up --practice

test: install system-packages
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install
	PYTHON="$(PYTHON)" sh benchmarks/install-peers.sh
	$(BIN)/python -m benchmarks

system-packages:
	sh tests/install-peers.sh
