# The verbs of this repository; `make help` prints them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/inspect-operator
PYTHON ?= python3
# One virtual environment a lock file, outside the checkout, so that a second clone finds it ready.
VENV := $(CACHE)/venv-$(shell (cat requirements-dev.lock; $(PYTHON) --version) | sha256sum | cut -c1-12)
BIN := $(VENV)/bin
CODE := operator dev tests
export PYTHONPATH := $(CURDIR)/operator
export CLUSTER

.PHONY: help
help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.PHONY: demo
demo: venv images ## from nothing to results: a real cluster, the operator, two inspections
	@eval "$$($(PYTHON) dev/cluster env)"; $(BIN)/python dev/demo.py

.PHONY: check
check: venv ## format, lint, types, import rules, quick unit tests; no cluster, under a minute
	@$(BIN)/ruff format --check --quiet $(CODE) || { echo "make format would change these files:"; $(BIN)/ruff format --check $(CODE); }
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy -p inspect_operator
	@$(BIN)/mypy dev/cluster/embedded dev/bench/measure dev/bench/naive dev/chart dev/demo.py tests
	@$(BIN)/lint-imports --no-cache | tail -n 3
	@$(BIN)/pytest -q -n 2 -m "not slow" tests/unit

.PHONY: test
test: check images browser ## everything: make check, the slow unit tests, the tests on a real cluster, the demo
	@$(BIN)/pytest -q -n 2 -m slow tests/unit
	@eval "$$($(PYTHON) dev/cluster env)"; $(BIN)/pytest -n $(or $(WORKERS),4) --dist loadgroup -m "not soak" tests/e2e; \
	  $(BIN)/pytest -q tests/e2e_alone
	@$(MAKE) --no-print-directory demo

.PHONY: soak
soak: images ## more of the same on the real cluster, for which make test has no time
	@eval "$$($(PYTHON) dev/cluster env)"; $(BIN)/pytest -n $(or $(WORKERS),4) --dist loadgroup -m soak tests/e2e

.PHONY: faults
faults: images ## one fault at one place, again and again; PLANS=all|sample|learn|ID,… ARGS="--list" (--help)
	@eval "$$($(PYTHON) dev/cluster env)"; $(BIN)/python -m tests.faults --plans "$(or $(PLANS),sample)" $(ARGS)

.PHONY: fuzz
fuzz: images ## objects made from the CRD's own schema, TIMES=10 times as many as in make test; SEED=7 for others
	@export FUZZ_TIMES=$(or $(TIMES),10) FUZZ_SEED=$(or $(SEED),2); \
	  $(BIN)/pytest -q --timeout 7200 tests/unit/fuzz tests/unit/handlers/test_fuzzed_edits.py; \
	  eval "$$($(PYTHON) dev/cluster env)"; $(BIN)/pytest -q -s --timeout 7200 tests/e2e/test_fuzz.py

.PHONY: run
run: venv ## run the operator outside the cluster, against the embedded one; ARGS="-n default"
	@eval "$$($(PYTHON) dev/cluster env)"; kubectl apply -f crds/ >/dev/null; $(BIN)/python -m inspect_operator $(ARGS)

.PHONY: bench
bench: venv cluster-up ## measure ours beside a naive peer; ARGS="--objects 100 300 --tasks 5 --only counts" (--help)
	@eval "$$($(PYTHON) dev/cluster env)"; $(BIN)/python dev/bench $(ARGS)

.PHONY: images
images: cluster-up ## build the operator's and the runner's image and load them into the cluster
	@$(PYTHON) dev/cluster images

.PHONY: browser
browser: ## install Chromium, which the tests of the HTML report look at it with (Debian, as root)
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
	  echo "apt-get install chromium fonts-wqy-microhei (for the tests of the HTML report)"; apt-get update -qq; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-wqy-microhei >/dev/null; }

.PHONY: generate
generate: venv ## write crds/, dist/, parts of docs/ and of the chart from what they are made of
	@for part in api.crd api.reference render.checks_generate render.contract_generate publish.metrics_generate; do \
	  $(BIN)/python -m inspect_operator.$$part .; done
	@eval "$$($(PYTHON) dev/cluster env)"; $(BIN)/python dev/chart/generate.py

.PHONY: bundle
bundle: venv images ## pack charts, images and CRDs into one archive with checksums, for machines without the internet
	@eval "$$($(PYTHON) dev/cluster env)"; $(PYTHON) dev/chart/bundle.py build

.PHONY: format
format: venv ## format the code and mend what the linter can
	@$(BIN)/ruff check --quiet --fix-only $(CODE); $(BIN)/ruff format --quiet $(CODE)

.PHONY: lock
lock: venv ## resolve the dependencies anew into the two lock files
	@for extra in "requirements.lock" "requirements-dev.lock --extra dev --allow-unsafe"; do \
	  $(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --no-header --no-annotate \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o $$extra pyproject.toml; done

.PHONY: cluster-up cluster-down cluster-status cluster-env
cluster-up: ## bring the embedded one-node cluster up (CLUSTER=current: use your own instead)
	@$(PYTHON) dev/cluster up
cluster-down: ## stop it and undo what it changed on this machine; binaries stay in the cache
	@$(PYTHON) dev/cluster down
cluster-status: ## what runs, since when, and where its files are
	@$(PYTHON) dev/cluster status
cluster-env: ## eval "$(make -s cluster-env)" points kubectl and helm to it
	@$(PYTHON) dev/cluster env

.PHONY: clean
clean: ## remove what builds and tests left in the checkout (caches are outside)
	@rm -rf dist/*.whl dist/*.tar.gz build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: venv
venv: $(VENV)/ready
$(VENV)/ready:
	@echo "installing Python packages into $(VENV)"
	@mkdir -p $(CACHE)
	@# Marked ready at the end, under a lock: an interrupted or a second call never takes half of it for whole.
	@exec 9>"$(VENV).lock"; flock 9; if [ ! -e "$(VENV)/ready" ]; then \
	  rm -rf "$(VENV)"; $(PYTHON) -m venv "$(VENV)"; \
	  "$(BIN)/pip" install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock; \
	  touch "$(VENV)/ready"; fi
