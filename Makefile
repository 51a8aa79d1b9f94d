# Everything runs in .venv; each goal sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt
# Two pytest workers on two cores: one thread each, or they wait for each other.
THREADS := OMP_NUM_THREADS=1

.PHONY: setup demo test lint bench clean

setup: $(VENV)/.dev

$(VENV)/.core: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) -e ".[train,medical,view,seg,onnx,scale,dev]"
	touch $@

demo: $(VENV)/.core
	$(BIN)/python examples/demo.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(THREADS) $(BIN)/python -m pytest -n 2 --dist worksteal

bench: $(VENV)/.dev
	$(PIP) -e ".[bench]"
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/lime_peers.py --side 192
	$(BIN)/python benchmarks/captum_peers.py --side 192
	$(BIN)/python benchmarks/evaluator.py
	$(BIN)/python benchmarks/guidance.py
	$(BIN)/python benchmarks/jacobian.py

clean:
	rm -rf $(VENV) out
