# What people and machines run here. Everything is built in release mode, once: the tests, the
# purity check and the programs come from the same objects.
SWIFT ?= swift
MODE = -c release --explicit-target-dependency-import-check error
BIN = $(shell $(SWIFT) build -c release --show-bin-path)
SOURCES = Package.swift Sources Tests

.PHONY: help deps build build-tests test demo bench fuzz lint format tidy docs containers ci clean

help:
	@echo "make demo     set up, build, and see a mesh answer"
	@echo "make test     set up, build, and run every test"
	@echo "make ci       lint, tidy, import check, tests, purity, documents: what .ci/run runs"
	@echo "also          deps build bench fuzz lint format tidy docs containers clean"

deps:
	@Scripts/deps.sh

build: deps
	$(SWIFT) build $(MODE)

build-tests: deps
	$(SWIFT) build $(MODE) --build-tests

test: build-tests
	$(SWIFT) test -c release --skip-build --disable-xctest --quiet

demo: deps
	$(SWIFT) build -c release --product bored
	$(BIN)/bored demo

bench: build
	$(BIN)/bored-bench

fuzz: build
	$(BIN)/bored-bench fuzz 1000000

lint:
	$(SWIFT) format lint --strict --recursive $(SOURCES)

format:
	$(SWIFT) format --in-place --recursive $(SOURCES)

tidy: build-tests
	$(BIN)/bored-tidy --objects $(BIN)

docs: build-tests
	$(BIN)/bored-tidy --binary $(BIN)/bored

containers:
	Scripts/test-containers.sh

ci: lint build-tests
	$(BIN)/bored-tidy --objects $(BIN) --binary $(BIN)/bored
	$(MAKE) test

clean:
	$(SWIFT) package clean
