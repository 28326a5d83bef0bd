#!/usr/bin/env bash
# What has to be green before a commit: format, versions, lints with and without the edge, fast tests.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

step "format" fmt cargo fmt --check
node scripts/check-versions.mjs
step "lints without the edge" clippy-native cargo clippy --no-default-features --features cli --all-targets -- -D warnings
step "lints with the edge" clippy-edge cargo clippy --all-targets -- -D warnings
step "native tests" check-tests cargo test --no-default-features --features cli --lib --bins --tests
grep '^test result:' target/logs/check-tests.log
