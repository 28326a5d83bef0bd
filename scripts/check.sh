#!/usr/bin/env bash
# What has to be green before a commit: format, versions, lints, dependencies, environments, fast tests.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

bash scripts/setup.sh npm
step "format" fmt cargo fmt --check
node scripts/check-versions.mjs
step "lints" clippy cargo clippy --workspace --all-targets -- -D warnings
if command -v cargo-deny >/dev/null; then
  step "licences, duplicates and sources of dependencies" deny cargo deny check licenses bans sources
  if cargo deny fetch db >"$LOGS/deny-fetch.log" 2>&1; then
    step "known vulnerabilities of dependencies" advisories cargo deny check advisories
  else
    say "- known vulnerabilities are not checked: the database cannot be reached"
  fi
else
  say "- dependencies are not checked: for that, install cargo-deny with 'cargo install --locked cargo-deny'"
fi
step "environments of wrangler.toml" check-environments node --test --test-reporter=spec tests/deploy/environments.test.mjs
step "native tests" check-tests cargo test -p lead-router-core -p lead-router-app -p lead-router-cli --lib --bins --tests --examples
grep '^test result:' target/logs/check-tests.log
