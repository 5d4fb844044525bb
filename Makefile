# Everything that is done with this repository; each target is a script that can be run by itself.
.DEFAULT_GOAL := help
.PHONY: help demo test check kafka kafka-stop bindings bench console image-steps interop conformance fuzz tools

help: ## Says what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

demo: ## Builds page and gateway and starts the demo; DEMO_ARGS="--pace 10 --listen 127.0.0.1:9000"
	@scripts/demo $(DEMO_ARGS)

test: ## Installs what is missing and runs all tests, on a real Apache Kafka and in Chromium
	@scripts/test

check: ## The tests that need neither a broker nor a browser
	@scripts/test quick

kafka: ## Starts a real Apache Kafka and prints where; KAFKA_ARGS="--port 9092 --brokers 3"
	@scripts/kafka/start $(KAFKA_ARGS)

kafka-stop: ## Stops it again
	@scripts/kafka/stop

bindings: ## Writes the TypeScript types anew from the Rust types
	@scripts/bindings

bench: ## Runs the benchmarks and fills in README's table
	@scripts/bench

console: ## Builds the page
	@scripts/build page

image-steps: ## Goes through the Dockerfile's steps without Docker
	@scripts/image-steps

interop: ## Runs real STOMP clients from npm, Maven, PyPI and Go against the gateway
	@scripts/interop $(INTEROP_ARGS)

conformance: ## Runs the Autobahn WebSocket cases against the gateway
	@scripts/conformance

fuzz: ## Runs each fuzz target for ten minutes; FUZZ_ARGS="60 stomp_parse"
	@scripts/fuzz $(FUZZ_ARGS)

tools: ## Checks what the tests need and installs what is missing
	@scripts/tools test
