VENV ?= .venv
# The system's Python is built with optimizations; one that was built by hand, as pyenv does, takes half as long again.
SYSTEM_PYTHON := /usr/bin/python3
PYTHON ?= $(shell $(SYSTEM_PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $(SYSTEM_PYTHON) || echo python3)
BIN := $(VENV)/bin
# Two for each of two cores: tests that compute keep them busy beside those that wait for a peer. With three they took
# as long within a twentieth, and what hangs on the moment failed sooner.
PYTEST_ARGS ?= -n 4 --dist worksteal

# Marks are set in tests/marks.py.
FAST := -n 3 --dist worksteal -m "not peers and not slow and not story and not long" --hypothesis-profile quick
PYTHONS := 3.11 3.12 3.13 3.14
FUZZED := parser challenge framing dns-answer certificate sdp media-packets
# For each of them.
FUZZ_SECONDS ?= 360
SEEDS := 1 2 3 4 5 6 7 8 9 10

# The tests start hundreds of interpreters: where a machine forbids bytecode, each would compile the product anew.
export PYTHONPYCACHEPREFIX ?= $(CURDIR)/$(VENV)/bytecode
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run test test-stories test-all test-fast test-pythons test-long check bench install compiled system-packages format dist translations

# The stamp is renewed when the declared dependencies change.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[livekit]' --group dev
	touch $@

install: $(VENV)/.installed

run: install
	$(BIN)/trunkd up --practice

# Everything but the stories.
test: compiled system-packages
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not story and not long"

# Crowds, kills, services as processes.
test-stories: compiled system-packages
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m "story and not long"

# Both at once: stories wait for a peer while others keep the cores busy.
test-all: compiled system-packages
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not long"

# The modules are compiled once, before four processes would each compile all of them.
compiled: install
	$(BIN)/python -m compileall -q -j 2 -x '/(test_[^/]*|conftest)\.py$$' sipcheck trunks api worker trunkd tests

# What needs no server and no package of the system.
test-fast: install
	$(BIN)/python -m pytest $(FAST)

test-pythons:
	MAKE="$(MAKE)" sh tests/each-python.sh $(PYTHONS)

# Repetitions of what hangs on the moment, fuzzing with fifty times the examples and by coverage, and the fast tests in ten
# other orders.
test-long: install system-packages
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m long
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m hypothesis --hypothesis-profile long
	$(BIN)/python -m pip install --quiet --group fuzz
	set -e; for target in $(FUZZED); do \
		$(BIN)/python tests/fuzz/coverage_guided.py $$target $(FUZZ_SECONDS) $(VENV)/fuzz; \
	done
	set -e; for seed in $(SEEDS); do \
		$(BIN)/python -m pytest $(FAST) --shuffle $$seed; \
	done

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Sources and wheels of both distributions, in dist/.
dist: install
	$(BIN)/python -m build --outdir dist packages/sipcheck
	$(BIN)/python -m build --outdir dist packages/trunkd

# Brings the catalogues of api/language up to date with the sources, compiles them, and says what is to be translated.
translations: install
	$(BIN)/python tests/translations.py

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install
	PYTHON="$(PYTHON)" sh benchmarks/install-peers.sh
	$(BIN)/python -m benchmarks

system-packages:
	sh tests/install-peers.sh
