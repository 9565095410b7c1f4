# Every target says what it does; `make` alone lists them.
# Needs make and Python 3.11 or later (another interpreter: `make PYTHON=python3.12 demo`).

SHELL := /bin/sh
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := healthpassport schemas issuer wallet verifier authority demo

# uv installs in seconds; pip does the same, slower, where uv cannot reach the index that pip knows.
# Both refuse a file whose hash does not stand in constraints/.
install_hashed = $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) \
	|| $(BIN)/python -m pip install --quiet --require-hashes -r $(1)

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url

# The databases sync every write: on a disk the tests would mostly wait for it.
SCRATCH := $(shell test -w /dev/shm && echo TMPDIR=/dev/shm)

# Where it is set, each process that a test starts compiles all that it imports again.
unexport PYTHONDONTWRITEBYTECODE

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_NO_PROGRESS := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv install assets demo test coverage lint fmt bench sbom node lock clean

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:[^#]*## /|/' \
		| while IFS='|' read -r name words; do printf '%-9s %s\n' "$$name" "$$words"; done

venv: $(VENV)/.venv.stamp ## Make .venv with the tools that install the rest

install: $(VENV)/.project.stamp ## Install what the apps need, and the project itself

assets: $(VENV)/.assets.stamp ## Fetch the style sheets of the pages with npm, where there is one

demo: $(VENV)/.project.stamp $(VENV)/.assets.stamp ## Start authority, issuer, wallet and desk (RECORD=file.json: your own FHIR bundle)
	@$(BIN)/passport-demo $(if $(RECORD),--record "$(RECORD)")

test: $(VENV)/.dev.stamp $(VENV)/.assets.stamp ## Run all tests, one process a core (ARGS="tests/wallet -n 0 -x": some of them)
	$(SCRATCH) $(BIN)/pytest --numprocesses auto --dist worksteal $(ARGS)

coverage: $(VENV)/.dev.stamp ## Branch coverage of what must be right, 95 % at the least
	$(BIN)/pytest --quiet tests/healthpassport tests/refusals tests/vectors tests/wallet/vault \
		--cov=healthpassport.verification --cov=healthpassport.formats --cov=healthpassport.trust \
		--cov=healthpassport.status --cov=wallet.vault --cov-branch --cov-fail-under=95

lint: $(VENV)/.dev.stamp ## Style, types, import contracts, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m schemas.error_docs --check
	$(BIN)/python -m demo.reference --check

fmt: $(VENV)/.dev.stamp ## Format the code and write the generated files again
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m schemas.generate
	$(BIN)/python -m schemas.error_docs
	$(BIN)/python -m demo.reference

bench: $(VENV)/.dev.stamp ## Measure against the peers that install, in one run
	@set -e; for file in tests/bench/bench_*.py; do $(BIN)/python "$$file"; done

sbom: $(VENV)/.project.stamp ## Write build/sbom.cdx.json (CycloneDX): what an installation consists of
	@$(BIN)/python -m demo.sbom

node: $(VENV)/.venv.stamp ## Install Node from PyPI, for tests/interop where the system has none
	$(call install_hashed,constraints/node.txt)

lock: $(VENV)/.venv.stamp ## Resolve constraints/ again from pyproject.toml
	$(COMPILE) pyproject.toml --all-extras --output-file constraints/run.txt
	$(COMPILE) pyproject.toml --all-extras --group dev --constraints constraints/run.txt \
		--output-file constraints/dev.txt
	$(COMPILE) pyproject.toml --extra issuer --extra postgresql --extra tracing \
		--constraints constraints/run.txt --output-file constraints/issuer.txt
	$(COMPILE) --group build --output-file constraints/build.txt
	$(COMPILE) --group node --output-file constraints/node.txt

clean: ## Remove everything that make, the demo and the tests have made
	rm -rf $(VENV) .demo build dist htmlcov node_modules .coverage .hypothesis .mypy_cache \
		.pytest_cache .ruff_cache .import_linter_cache
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.venv.stamp: constraints/build.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: say which with make PYTHON=..."; exit 1; }
	@echo "Installing into $(VENV), this once..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r constraints/build.txt
	@touch $@

$(VENV)/.run.stamp: constraints/run.txt $(VENV)/.venv.stamp
	@$(call install_hashed,constraints/run.txt)
	@touch $@

$(VENV)/.project.stamp: pyproject.toml $(VENV)/.run.stamp
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# The pages read well with our own style sheet alone: without npm, or without a network, all goes on.
$(VENV)/.assets.stamp: package.json $(VENV)/.project.stamp
	@if command -v npm >/dev/null 2>&1; then npm=npm; else npm=$(BIN)/npm; fi; \
	if $$npm install --silent --no-package-lock --ignore-scripts --no-audit --no-fund 2>/dev/null \
		&& $(BIN)/python -m demo.assets >/dev/null; \
	then touch $@; \
	else echo "The pages keep their own style sheet (make node assets fetches the other with npm)."; \
	fi

$(VENV)/.dev.stamp: constraints/dev.txt $(VENV)/.project.stamp
	@echo "Installing the tools for development..."
	@$(call install_hashed,constraints/dev.txt)
	@touch $@
