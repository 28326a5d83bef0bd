#!/usr/bin/env bash
# What has to be green before a commit: format, versions, lints with and without the edge, fast tests.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

step "format" fmt cargo fmt --check
node scripts/check-versions.mjs
step "lints" clippy cargo clippy --workspace --all-targets -- -D warnings
step "native tests" check-tests cargo test -p lead-router-core -p lead-router-app -p lead-router-cli --lib --bins --tests --examples
grep '^test result:' target/logs/check-tests.log
