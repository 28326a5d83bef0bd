# Sourced by every script: where things are, which tools are used, how progress is shown.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-${HOME:?}/.cache}/lead-router
LOGS=$ROOT/target/logs
cd "$ROOT" || exit 1
mkdir -p "$CACHE" "$LOGS"

# shellcheck source=scripts/versions.env
. "$ROOT/scripts/versions.env"
WORKER_BUILD_HOME=$CACHE/worker-build-$WORKER_BUILD_VERSION
WASM_BINDGEN_HOME=$CACHE/wasm-bindgen-$WASM_BINDGEN_VERSION
# Which Rust compiles for wasm32; written by setup.sh, read by build.sh.
# shellcheck disable=SC2034
WASM_RUST_ENV=$CACHE/wasm-rust.env

command -v cargo >/dev/null || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
export PATH=$ROOT/node_modules/.bin:$WORKER_BUILD_HOME/bin:$WASM_BINDGEN_HOME/bin:$PATH
# shellcheck disable=SC1091
if [ -f "$CACHE/rust.env" ]; then . "$CACHE/rust.env"; fi

# worker-build takes these from PATH instead of downloading its own.
export WASM_BINDGEN_BIN=wasm-bindgen WASM_OPT_BIN=wasm-opt ESBUILD_BIN=esbuild
# wrangler stays on this machine: no metrics, no update check, no fetched sample data.
export WRANGLER_SEND_METRICS=false WRANGLER_SEND_ERROR_REPORTS=false WRANGLER_HIDE_BANNER=true
export CLOUDFLARE_CF_FETCH_ENABLED=false

say() { printf '%s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# step TITLE LOG COMMAND...
# Runs COMMAND with its output in LOG, says every 15 s that it is alive, shows the end of LOG when it fails.
step() {
  local title=$1 log=$LOGS/$2.log started=$SECONDS beat status=0
  shift 2
  say "- $title"
  while sleep 15 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
    say "    $((SECONDS - started)) s $(tail -n 1 "$log" | tr -d '\r' | cut -c 1-70)"
  done &
  beat=$!
  "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$beat" 2>/dev/null
  wait "$beat" 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    tail -n "${FAILURE_LINES:-60}" "$log" >&2
    printf 'failed after %s s: %s (all output: %s)\n' "$((SECONDS - started))" "$title" "${log#"$ROOT"/}" >&2
    return "$status"
  fi
  say "    done in $((SECONDS - started)) s"
}
