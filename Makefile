# The two commands that matter: `make serve` and `make test`.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
RAY_TESTS := tests/test_parallel_encoding.py

# Every install, and the environment that pip builds our package in, goes through the pins.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_BUILD_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: serve test check format bench wheel clean

## Install, prepare the model and the embedded library the first time, and serve.
serve: $(VENV)/installed
	$(BIN)/massilia serve --host $(HOST) --port $(PORT)

## Install with the development tools, and run every check and test. Ray takes a quiet machine to
## start within its limit, so its tests run before the others and alone.
test: check
	OPENBLAS_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/pytest $(RAY_TESTS)
	OPENBLAS_NUM_THREADS=1 HF_HUB_OFFLINE=1 $(BIN)/pytest -n auto --dist loadfile \
		--ignore=$(RAY_TESTS)

## Style, layers and types. mypy does not follow setuptools' editable finder, so it is shown the
## package as a folder.
check: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	types=$$(mktemp -d) && ln -s "$(CURDIR)" "$$types/massilia" && \
		MYPYPATH="$$types" $(BIN)/mypy; status=$$?; rm -r "$$types"; exit $$status

format: $(VENV)/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## Measure times and memory on the embedded library and on small made ones. BLAS gets one thread,
## as in the program itself: threads that wait for each other cost more than they bring.
bench: export HF_HUB_OFFLINE = 1
bench: export OPENBLAS_NUM_THREADS = 1
bench: $(VENV)/installed-dev
	$(BIN)/python -m tests.bench.retrieval
	$(BIN)/python -m tests.bench.answering
	$(BIN)/python -m tests.bench.start
	$(BIN)/python -m tests.bench.encoding
	$(BIN)/python -m tests.bench.scale

## Build the sdist, and the wheel from it, into dist/.
wheel: $(VENV)/installed-dev
	$(BIN)/python -m build

clean:
	rm -rf $(VENV) dist build ./*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/pip install --quiet --editable ".[dev,milvus,ray]"
	touch $@ $(VENV)/installed
