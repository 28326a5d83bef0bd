#!/usr/bin/env bash
# build.sh [release|dev]: compiles the Worker to build/release or build/dev, as index.js and index_bg.wasm.
# `release` is small and fast, and takes minutes: for deploys and benchmarks. `dev` takes seconds after a change: for
# `make run` and the edge tests. Does nothing when no input has changed since the last build of that kind.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

PROFILE=${1:-release}
OUT=build/$PROFILE

# Whatever the compiler may read: sources, embedded files, manifests, tools.
inputs() {
  local path paths=()
  for path in src crates/core crates/app providers migrations sample ./*.json Cargo.toml Cargo.lock \
    scripts/build.sh scripts/versions.env "$WASM_RUST_ENV"; do
    [ ! -e "$path" ] || paths+=("$path")
  done
  find "${paths[@]}" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

is_fresh() { [ -f "$OUT/index_bg.wasm" ] && [ "$(inputs)" = "$(cat "$OUT/.inputs" 2>/dev/null)" ]; }

# Both are run by `step`, where a command that fails does not end the function by itself.
compile_dev() {
  run_worker_build --profile worker-dev && loads
}

compile_release() {
  run_worker_build --release || return
  # Function names are 7 % of what is uploaded; a panic still says its file and line. The features are those that
  # worker-build names: with all of them the output has encodings that the runtime does not read yet.
  wasm-opt -O --enable-{mutable-globals,sign-ext,nontrapping-float-to-int,bulk-memory,multivalue,reference-types,exception-handling} \
    --strip-debug "$OUT/index_bg.wasm" -o "$OUT/index_bg.wasm" && loads
}

run_worker_build() {
  # shellcheck disable=SC1090
  . "$WASM_RUST_ENV"
  # Apart from native builds, which may use another compiler and would invalidate these.
  CARGO_TARGET_DIR=$ROOT/target/wasm CARGO_TERM_PROGRESS_WHEN=never worker-build --no-opt --out-dir "$OUT" "$@"
}

loads() { node -e 'new WebAssembly.Module(require("fs").readFileSync(process.argv[1]))' "$OUT/index_bg.wasm"; }

case $PROFILE in
  dev | release) ;;
  *) die "no such build: $PROFILE; choose dev or release" ;;
esac
# wrangler says for which of its commands it builds. The environment of this machine has the build `dev`, the deployed
# ones have the other.
[ "$PROFILE" = release ] || [ "${WRANGLER_COMMAND:-dev}" = dev ] ||
  die "the environment without a name is for this machine only: deploy one by its name," \
    "'wrangler $WRANGLER_COMMAND --env staging' or 'wrangler $WRANGLER_COMMAND --env production'"
is_fresh && exit
bash scripts/setup.sh
# One build at a time; whoever waited finds the work done.
exec 9>target/.wasm.lock
flock 9
is_fresh && exit
before=$(inputs)
step "compiling the Worker ($PROFILE)" "worker-$PROFILE" "compile_$PROFILE"
say "$before" >"$OUT/.inputs"
say "    $OUT/index_bg.wasm: $(($(wc -c <"$OUT/index_bg.wasm") / 1024)) KiB, $(($(gzip -c "$OUT/index_bg.wasm" | wc -c) / 1024)) KiB compressed"
