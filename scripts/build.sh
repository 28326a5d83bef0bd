#!/usr/bin/env bash
# Compiles the Worker to build/index.js and build/index_bg.wasm. Also the `[build] command` of wrangler.toml.
# Does nothing when no input has changed since the last build.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# Whatever the compiler may read: sources, embedded files, manifests, tools.
inputs() {
  local path paths=()
  for path in src crates/core crates/app providers migrations sample ./*.json build.rs Cargo.toml Cargo.lock \
    scripts/build.sh scripts/versions.env "$WASM_RUST_ENV"; do
    [ ! -e "$path" ] || paths+=("$path")
  done
  find "${paths[@]}" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum
}

is_fresh() { [ -f build/index_bg.wasm ] && [ "$(inputs)" = "$(cat build/.inputs 2>/dev/null)" ]; }

# Run by `step`, where a command that fails does not end the function by itself.
compile() {
  # shellcheck disable=SC1090
  . "$WASM_RUST_ENV"
  # Apart from native builds, which may use another compiler and would invalidate these.
  CARGO_TARGET_DIR=$ROOT/target/wasm CARGO_TERM_PROGRESS_WHEN=never worker-build --release || return
  # Function names are 7 % of what is uploaded; a panic still says its file and line. The features are those of
  # the step before: with all of them the output has encodings that the runtime does not read yet.
  wasm-opt --enable-{mutable-globals,sign-ext,nontrapping-float-to-int,bulk-memory,multivalue,reference-types,exception-handling} \
    --strip-debug build/index_bg.wasm -o build/index_bg.wasm || return
  node -e 'new WebAssembly.Module(require("fs").readFileSync("build/index_bg.wasm"))'
}

is_fresh && exit
bash scripts/setup.sh
# One build at a time; whoever waited finds the work done.
exec 9>target/.wasm.lock
flock 9
is_fresh && exit
before=$(inputs)
step "compiling the Worker" wasm-build compile
say "$before" >build/.inputs
say "    build/index_bg.wasm: $(($(wc -c <build/index_bg.wasm) / 1024)) KiB, $(($(gzip -c build/index_bg.wasm | wc -c) / 1024)) KiB compressed"
