# The words of this project. Set-up is part of each: uv when it is there, venv and pip otherwise, from one lock.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ONCE ?=

#: the tests often wait for other processes, so more of them than cores
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
CHECKS := check-format check-lint check-types check-imports check-house

.PHONY: help demo test quick check $(CHECKS) fix clean

help:
	@echo "make demo    start the gateway with a simulated carrier and watch four messages (ONCE=1: then end)"
	@echo "make test    the whole test suite (WORKERS=4; SEED=1: the same chances again)"
	@echo "make quick   the tests of what changed since main (SLOW=1: also those that start gateways)"
	@echo "make check   format, lint, types, import contracts, house rules"
	@echo "make fix     format and mend what can be mended"
	@echo "make lock    resolve the dependencies again"
	@echo "make floors  the tests that start nothing, with the lowest versions that pyproject names"
	@echo "make interpreter  the same on another one (PYTHON=python3.13)"
	@echo "make postgresql  its store's tests on each of the distribution's servers (PLANS=1: no statement may read a whole table)"
	@echo "make crash   the crash tests, long (KILLS=60)"
	@echo "make cluster-crash  the faults at a PostgreSQL with two standbys, each 20 times (KILLS=20)"
	@echo "make ha-demo three databases under Patroni and two gateways, of which one after the other is killed"
	@echo "make interop other people's SMPP clients and servers, and the fuzzer (FUZZ=60 seconds)"
	@echo "make e2e     the console in a real browser, with screenshots; its API by schemathesis (Debian's chromium)"
	@echo "make bench   Aldis beside Kannel, about half an hour (QUICK=1: under five minutes)"
	@echo "make bench-beside OTHER=/checkout  the same rows, this build beside another one, five rounds"
	@echo "make bench-abuse  what an honest client sees while others abuse the gateway (OTHER=/checkout: its build too)"
	@echo "make bench-cluster  the store over PostgreSQL beside the one over SQLite"
	@echo "make clean   remove the virtual environment and caches"

demo: $(READY)
	@$(BIN)/aldis demo $(if $(ONCE),--once)

test: $(READY)
	$(BIN)/pytest -q -n $(WORKERS) --dist worksteal $(if $(SEED),--seed $(SEED))

quick: $(READY)
	@$(BIN)/python tools/quick.py -q $(if $(SLOW),,-m "not slow")

check: $(READY)
	@$(MAKE) --no-print-directory --jobs --keep-going --output-sync $(CHECKS)

check-format:
	$(BIN)/ruff format --check src tests tools contrib

check-lint:
	$(BIN)/ruff check src tests tools contrib

check-types:
	$(BIN)/mypy

check-imports:
	$(BIN)/lint-imports

check-house:
	$(BIN)/pytest -q tests/house

fix: $(READY)
	$(BIN)/ruff format src tests tools contrib
	$(BIN)/ruff check --fix src tests tools contrib

$(READY): requirements.lock pyproject.toml tools/set-up
	@sh tools/set-up $(VENV)
	@touch $@

# What pyproject promises: that its lowest versions do. The tests that start nothing, in an environment of their own.
FLOORS := .venv-floors
$(FLOORS)/.ready: pyproject.toml requirements.lock tools/floors.py $(READY)
	$(BIN)/python -m venv $(FLOORS)
	$(BIN)/python tools/floors.py > $(FLOORS)/requirements.txt
	$(FLOORS)/bin/python -m pip install --quiet --disable-pip-version-check -r $(FLOORS)/requirements.txt
	$(FLOORS)/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

.PHONY: floors
floors: $(FLOORS)/.ready
	timeout 600 $(FLOORS)/bin/pytest -q -n $(WORKERS) --dist worksteal -m "not slow" --ignore tests/house

# The same on other interpreters: PYTHON=python3.13, once for each.
.PHONY: interpreter
interpreter:
	PYTHON=$(PYTHON) sh tools/set-up .venv-$(notdir $(PYTHON))
	.venv-$(notdir $(PYTHON))/bin/pytest -q -n $(WORKERS) --dist worksteal -m "not slow" --ignore tests/house

.PHONY: lock
lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --upgrade -o requirements.lock

clean:
	rm -rf $(VENV) $(wildcard .venv-*) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Python peers into the same environment, node's beside their scripts; Kannel comes from the distribution.
$(VENV)/.interop: $(READY) interop.lock tests/interop/peers/package-lock.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r interop.lock
	cd tests/interop/peers && npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: interop
interop: $(VENV)/.interop
	ALDIS_INTEROP=1 $(BIN)/pytest -q --timeout 120 tests/interop
	$(BIN)/python tests/interop/fuzz.py $(or $(FUZZ),60)

.PHONY: bench bench-abuse bench-beside bench-cluster bench-gateways bench-console bench-protocol bench-search crash
# What looks at the console from outside, into the same environment; Chromium comes from the distribution. In two
# runs: the browser and asyncio each want the loop of the thread.
$(VENV)/.e2e: $(READY) e2e.lock tests/e2e/package-lock.json
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r e2e.lock
	cd tests/e2e && npm ci --silent --no-audit --no-fund
	@touch $@

.PHONY: e2e
e2e: $(VENV)/.e2e
	ALDIS_E2E=1 $(BIN)/pytest -q --timeout 300 tests/e2e --ignore tests/e2e/test_openapi.py
	ALDIS_E2E=1 $(BIN)/pytest -q --timeout 600 tests/e2e/test_openapi.py

bench: $(READY) bench/tools/target/slow_flush.so
	cd bench/tools && cargo build --release --quiet
	python3 bench/targets.py $(if $(QUICK),--quick)

bench-beside: $(READY) bench/tools/target/slow_flush.so
	cd bench/tools && cargo build --release --quiet
	python3 bench/beside.py $(OTHER)

bench-abuse: $(READY)
	cd bench/tools && cargo build --release --quiet
	python3 bench/abuse.py $(if $(OTHER),--other $(OTHER))

bench-cluster: $(READY)
	$(BIN)/python bench/cluster.py

bench-gateways: $(READY)
	cd bench/tools && cargo build --release --quiet
	$(BIN)/python bench/cluster_gateways.py

bench-console: $(READY)
	cd bench/tools && cargo build --release --quiet
	python3 bench/console_cost.py

# A store of ten million messages is built first, where there is none: minutes, and 3 GB.
STORE := bench/scratch/search.db
bench-search: $(READY)
	mkdir -p $(dir $(STORE))
	test -f $(STORE) || $(BIN)/python bench/searching.py build $(STORE)
	$(BIN)/python bench/searching.py search $(STORE)

bench-protocol: $(VENV)/.interop
	$(BIN)/python bench/protocol.py

bench/tools/target/slow_flush.so: bench/tools/slow_flush.c
	@mkdir -p $(@D)
	cc -shared -fPIC -O2 -o $@ $< -ldl

# The wheel brings one version of PostgreSQL; these are the distribution's. The benchmark, short, so that it runs.
.PHONY: postgresql
postgresql: $(READY)
	$(BIN)/python bench/cluster.py --rounds 1 --messages 600 >/dev/null
	$(foreach bin,$(wildcard /usr/lib/postgresql/*/bin),ALDIS_POSTGRES_BIN=$(bin) ALDIS_PLANS=$(PLANS) $(BIN)/pytest -q -n $(WORKERS) \
	    --dist worksteal tests/store -k postgresql &&) true

# Three databases under Patroni, two gateways and a customer on the loopback, of which one after the other is killed.
$(VENV)/.ha: $(READY) contrib/ha/ha.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r contrib/ha/ha.lock
	@touch $@

.PHONY: ha-demo
ha-demo: $(VENV)/.ha
	$(BIN)/python -m contrib.ha.demo

# Faults at the database: each so often.
.PHONY: cluster-crash cluster-cuts
cluster-crash: $(READY) cluster-cuts
	ALDIS_KILLS=$(or $(KILLS),20) $(BIN)/pytest -q tests/cluster

# The network cut and the disk full, in namespaces made for it: as root, with nftables.
cluster-cuts: $(READY)
	ALDIS_KILLS=$(or $(KILLS),20) tests/cluster/in_a_namespace.sh $(BIN)/pytest -q -p no:xdist tests/cluster/test_cuts.py

crash: $(READY)
	ALDIS_KILLS=$(or $(KILLS),60) $(BIN)/pytest -q tests/crash
