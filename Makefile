# Every target installs what it needs first; see scripts/ for the steps.
# `exec`, so that stopping make stops the script and not a shell in between.

PORT ?= 8787
ARGS ?=
export PORT

.PHONY: help run test check build bench setup clean

help:
	@echo 'make run    serve on this machine and route one sample lead (PORT=$(PORT), ARGS= for wrangler dev)'
	@echo 'make test   every test, native and against the built Worker'
	@echo 'make check  format, lints and fast tests, before a commit'
	@echo 'make build  the optimised Worker in build/release, as it is deployed'
	@echo 'make bench  benchmarks (ARGS=--providers or --crm: played vendors; ARGS=--builds: builds)'
	@echo 'make setup  install the tools, without running anything'
	@echo 'make clean  remove build output and local state, keep the installed tools'

run:
	@exec bash scripts/run.sh $(ARGS)

test:
	@exec bash scripts/test.sh

check:
	@exec bash scripts/check.sh

build:
	@exec bash scripts/build.sh

bench:
	@exec bash scripts/bench.sh $(ARGS)

setup:
	@exec bash scripts/setup.sh

clean:
	rm -rf target build .state .wrangler
