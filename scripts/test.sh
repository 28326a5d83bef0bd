#!/usr/bin/env bash
# Every test: native ones, those that need no Worker, those against the development build of the Worker, and a few
# against the optimised one. Runs all, and fails at the end if any failed. tests/README.md says what belongs where.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
export FAILURE_LINES=400
failed=()

# node_tests TITLE NAME LIMIT_S FILE...
# Two files at a time: most of a test is waiting. A test that hangs fails after its time, and so does a file that never ends.
node_tests() {
  local title=$1 name=$2 limit=$3
  shift 3
  step "$title" "test-$name" timeout "$limit" node --test --test-concurrency=2 --test-timeout=300000 \
    --test-reporter=spec "$@" || failed+=("$name")
  grep '^ℹ ' "target/logs/test-$name.log" || true
}

bash scripts/setup.sh
node scripts/check-versions.mjs || failed+=(versions)

native=(cargo test -p lead-router-core -p lead-router-app -p lead-router-cli)
if step "compiling the native tests" test-compile "${native[@]}" --no-run; then
  step "native tests" test-native "${native[@]}" --no-fail-fast || failed+=(native)
  grep -E '^(     Running|   Doc-tests|test result:)' target/logs/test-native.log || true
else
  failed+=(native)
fi

node_tests "tests of what is sent to vendors" wire 120 'tests/wire/**/*.test.mjs'
node_tests "tests of the environments" environments 120 tests/deploy/environments.test.mjs

bash scripts/setup.sh browser || say "no browser on this machine: the tests of forms in a browser are left out"
if bash scripts/build.sh dev; then
  node_tests "tests against the Worker" edge 1500 'tests/edge/**/*.test.mjs'
else
  failed+=(build-dev)
fi

# The optimised Worker is the one that is deployed: it loads, keeps the contract and decides the sample leads.
if bash scripts/build.sh release; then
  WORKER_BUILD=release node_tests "tests against the optimised Worker" release 300 \
    tests/edge/{contract,forms,seed_cases}.test.mjs tests/deploy/upload.test.mjs
else
  failed+=(build-release)
fi

[ ${#failed[@]} -eq 0 ] || die "failed: ${failed[*]}"
say "all tests passed in $SECONDS s"
