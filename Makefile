# One place for every command that the README, CONTRIBUTING and CI use.
VENV   ?= .venv
PYTHON ?= python3
BIN     = $(VENV)/bin
STAMP   = $(VENV)/.installed
PYTEST ?= $(BIN)/python -m pytest
# Handed to pip, e.g. PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_ARGS ?=

.PHONY: venv demo test test-benign test-libraries test-browser lint format bench bench-scanners docs fuzz clean

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt hatch_build.py safeload/guard/_filter.c
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --constraint constraints.txt --editable ".[all]" --group dev
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/python examples/demo.py

test: $(STAMP)
	$(PYTEST) -n 2 -m "not browser and not kernel and not heavy" --ignore tests/benign tests
	$(PYTEST) -n 2 -m heavy tests
	$(PYTEST) -m "browser or kernel" -rs tests/browser tests/notebook

# Pickles of libraries that are not needed for anything else: installed on first use, beside the same torch.
test-benign: $(STAMP)
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --constraint constraints.txt --group benign
	$(PYTEST) -n 2 tests/benign

# Libraries that are heavy or quarrel with others, each in an environment of its own over this one, made on the first run.
# What was seen is written down for the page of libraries (`make docs`).
test-libraries: $(STAMP)
	$(BIN)/python -m tests.libraries.environments
	$(BIN)/python -m tests.libraries.record
	$(BIN)/python -m tests.bypasses.runtimes

test-browser: $(STAMP)
	$(PYTEST) -m browser -rs tests/browser

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/hook.py
	$(BIN)/python benchmarks/levels.py

# Other scanners, each in an environment of its own that is made on the first run; needs 3 GB.
bench-scanners: $(STAMP)
	$(BIN)/python benchmarks/scanners/run.py

# A long run; `make test` has a short one. FUZZ=10000 for a look.
FUZZ ?= 1000000
fuzz: $(STAMP)
	$(BIN)/python -m tests.fuzz --streams $(FUZZ) --output docs/fuzzing.md
	$(BIN)/python -m tests.fuzz.coverage --seconds 600

# The page of every rule, from the rules themselves.
docs: $(STAMP)
	$(BIN)/python -m tools.rule_pages
	$(BIN)/python -m tools.library_page

clean:
	rm -rf $(VENV) .demo build dist
