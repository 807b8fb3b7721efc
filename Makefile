# make run | test | bench | lint | lock | screenshots | clean
PYTHON ?= python3
VENV   ?= .venv
export UV_SYSTEM_CERTS = 1
BIN    := $(VENV)/bin
ARGS   ?=

.PHONY: run test bench lint lock screenshots clean
.DEFAULT_GOAL := run

$(VENV)/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Gatehouse needs Python 3.11 or newer; set PYTHON=/path/to/python3."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt

# A stamp per requirement set: the second run installs nothing.
$(VENV)/.demo: requirements/demo.txt requirements/build.txt pyproject.toml | $(VENV)/bin/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/demo.txt -r requirements/build.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: requirements/test.txt requirements/build.txt pyproject.toml $(VENV)/.demo | $(VENV)/.system
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/test.txt
	@touch $@

# Debian packages: broker, database, smart card daemon with virtual reader, browser.
$(VENV)/.system: tests/debian-packages.txt tests/install-debian-packages.sh | $(VENV)/bin/uv
	sh tests/install-debian-packages.sh
	@touch $@

run: $(VENV)/.demo
	@$(BIN)/gatehouse demo $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest $(ARGS)

bench: $(VENV)/.test
	$(BIN)/python -m tests.bench $(ARGS)

screenshots: $(VENV)/.test
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

UV_COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url
lock: $(VENV)/bin/uv
	for set in bootstrap build run demo test; do $(UV_COMPILE) requirements/$$set.in -o requirements/$$set.txt || exit 1; done

clean:
	rm -rf $(VENV) var
