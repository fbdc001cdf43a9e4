# The few commands a person needs. `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help run demo test check format soak soak-loss soak-joins soak-kills load bench bench-http conformance fuzz
SHELL := /bin/bash
CARGO ?= cargo

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build the web client and the server, start it, print where to go
	@scripts/need cargo node npm cc
	@$(MAKE) --no-print-directory web/dist/index.html
	$(CARGO) run --release --locked

demo: ## Broadcast a made class to the running server: no camera needed
	$(CARGO) run --release --locked -- demo

test: ## Install what the tests need and run everything, fast things first
	@scripts/need cargo node npm cc
	@scripts/test

check: web/node_modules/.package-lock.json tests/clients/node_modules/.package-lock.json ## What is fast: format, lints, tidy, the web client's types and unit tests
	@scripts/test check

format: web/node_modules/.package-lock.json ## Format Rust and TypeScript in place
	$(CARGO) fmt --all
	cd web && npx biome check --write .

soak-joins: ## Five minutes of viewers that come and go: all admitted, memory flat
	$(CARGO) run --release --locked --package lectern-fanout -- soak $(or $(MINUTES),5)

soak: ## A ten-minute class with two viewers: no freeze, no growth, a replay in time
	SOAK_S=600 scripts/test needs build soak

soak-loss: ## Five minutes of a line that loses 5 %: no frozen second in a real browser
	LOSSY_S=300 scripts/test needs build soak:loss

soak-kills: ## Fifty kills of a server that records: one replay, less than a second lost each time
	KILLS=50 $(CARGO) test --locked --all-features --test it end_to_end_kills

load: ## So many viewers of a running class: make load URL=http://localhost:8080/whep/SESSION VIEWERS=500
	$(CARGO) run --release --locked --package lectern-load -- $(URL) --viewers $(or $(VIEWERS),500) $(ARGS)

bench: ## One table: CPU per forwarded packet beside a bare loop, memory, shards, joins, recording, replays beside nginx
	@scripts/need cargo cc nginx
	$(CARGO) run --release --locked --package lectern-fanout
	@$(MAKE) --no-print-directory bench-http

bench-http: ## The API at 500 requests a second beside a class with 200 viewers: percentiles, from outside
	$(CARGO) build --release --locked --package lectern --package lectern-load
	scripts/bench-http

conformance: ## Grade any WHIP or WHEP server: URL=https://… [TOKEN=…] [PUBLISH_URL=…] [HEAVY=1] [JSON=file]
	@$(CARGO) run --quiet --locked --package lectern-conformance -- $(if $(HEAVY),--heavy)

fuzz: ## Random input for the engine's parsers and the whole of it: make fuzz T=3600 [TARGETS="offer engine"]
	$(CARGO) run --locked --package lectern-fuzz -- --seconds $(or $(T),600) $(TARGETS)

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

tests/clients/node_modules/.package-lock.json: tests/clients/package.json tests/clients/package-lock.json
	cd tests/clients && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
	cd web && npm run build
	@touch $@
