#!/usr/bin/env bash
# Every test: native ones first, then those against the built Worker. Fails if any fails, after running all.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
export FAILURE_LINES=400
failed=()

bash scripts/setup.sh
node scripts/check-versions.mjs || failed+=(versions)

native=(cargo test -p lead-router-core -p lead-router-app -p lead-router-cli)
if step "compiling the native tests" test-compile "${native[@]}" --no-run; then
  step "native tests" test-native "${native[@]}" --no-fail-fast || failed+=(native)
  grep -E '^(     Running|   Doc-tests|test result:)' target/logs/test-native.log || true
else
  failed+=(native)
fi

# What is sent to vendors, against their own descriptions; needs no build.
step "tests of the wire" test-wire node --test --test-timeout=60000 --test-reporter=spec 'tests/wire/**/*.test.mjs' \
  || failed+=(wire)
grep '^ℹ ' target/logs/test-wire.log || true

bash scripts/build.sh dev
bash scripts/setup.sh browser || say "no browser on this machine: the tests of forms in a browser are left out"
# Two files at a time: most of a test is waiting. One that hangs fails after its time; so does a file that never ends.
step "tests against the built Worker" test-edge timeout 1500 node --test --test-concurrency=2 --test-timeout=300000 \
  --test-reporter=spec 'tests/edge/**/*.test.mjs' || failed+=(edge)
grep '^ℹ ' target/logs/test-edge.log || true

# The optimised Worker is the one that is deployed: it loads, speaks the contract and decides the sample leads.
bash scripts/build.sh release
step "tests against the optimised Worker" test-release env WORKER_BUILD=release timeout 300 node --test --test-concurrency=2 \
  --test-timeout=60000 --test-reporter=spec tests/edge/{contract,seed_cases,forms}.test.mjs || failed+=(release)
grep '^ℹ ' target/logs/test-release.log || true

[ ${#failed[@]} -eq 0 ] || die "failed: ${failed[*]}"
say "all tests passed in $SECONDS s"
