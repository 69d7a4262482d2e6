PYTHON ?= python3
BIN := .venv/bin

# Each stamp stands for one set of installed packages; it is remade when pyproject.toml changes.
CORE := .venv/.core
DEVELOP := .venv/.develop

ROUNDS ?= 10

.PHONY: demo test browser explore-tests lint docs bench clean

demo: $(CORE)
	$(BIN)/backpath train digits

# Without a browser the tests of pages fail, and say what to install.
test: $(DEVELOP)
	@.ci/browser || true
	$(BIN)/python -m pytest -n auto

browser:
	.ci/browser

# Property tests again and again, each time on other examples; what fails is kept in .hypothesis and tried first.
explore-tests: $(DEVELOP)
	for round in $$(seq $(ROUNDS)); do env -u CI $(BIN)/python -m pytest -n auto -q -m hypothesis tests || exit 1; done

lint: $(DEVELOP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

# Material prints that its successor is called Zensical; the site is built without that line.
docs: $(DEVELOP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(DEVELOP)
	$(BIN)/python -m benchmarks.peers

clean:
	rm -rf .venv build dist

$(BIN)/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(CORE): $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

# torch is installed by itself first: a resolver that may choose another torch would fetch gigabytes.
$(DEVELOP): $(CORE)
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable ".[torch,jax,onnx,symbolic,plot,excel]" --group test --group bench --group docs --group lint
	touch $@
