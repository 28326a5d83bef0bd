#!/usr/bin/env bash
# Installs what is missing, pinned by versions.env, into node_modules and a user cache. Repeating it is cheap.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# `browser` installs what only the tests of pages need, `npm` only the packages of npm.
main() {
  local needed
  if [ "${1:-}" = browser ]; then
    [ -n "${CHROMIUM:-}" ] || command -v chromium google-chrome >/dev/null || debian_packages chromium
    return
  fi
  for needed in cargo rustc node npm; do
    command -v "$needed" >/dev/null || die "$needed is missing: install Rust (rustup), Node.js and npm, then repeat"
  done
  rust_is_new_enough || install_rust
  npm_is_ready || install_npm
  [ "${1:-}" != npm ] || return 0
  wasm_rust_is_ready || install_wasm_rust
  [ -x "$WASM_BINDGEN_HOME/bin/wasm-bindgen" ] || install_wasm_bindgen
  [ -x "$WORKER_BUILD_HOME/bin/worker-build" ] || install_worker_build
}

# --- Rust for this machine -------------------------------------------------------------------

rust_is_new_enough() {
  local least
  least=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  printf '%s\n%s\n' "$least" "$(rustc_version)" | sort -C -V
}

rustc_version() { rustc --version | cut -d ' ' -f 2; }

install_rust() {
  if command -v rustup >/dev/null && step "Rust $RUST_VERSION with rustup" rust rustup toolchain install \
    "$RUST_VERSION" --profile minimal --component rustfmt,clippy; then
    say "export RUSTUP_TOOLCHAIN=$RUST_VERSION" >"$CACHE/rust.env"
    export RUSTUP_TOOLCHAIN=$RUST_VERSION
  else
    debian_packages rustc-web cargo-web || true
    hash -r
  fi
  rust_is_new_enough || die "rustc $(rustc_version) is too old for this project: install Rust $RUST_VERSION or newer"
}

# --- Rust for wasm32: rustup's target, or Debian's compiler with a std built from its source ---

# In a subshell, so that the chosen compiler does not leak into native builds.
wasm_rust_is_ready() (
  [ -f "$WASM_RUST_ENV" ] || exit 1
  # shellcheck disable=SC1090
  . "$WASM_RUST_ENV"
  [ "$(rustc_version)" = "$WASM_RUST_VERSION" ] && has_wasm_std
)

has_wasm_std() {
  compgen -G "$(rustc --print target-libdir --target wasm32-unknown-unknown)/libstd-*.rlib" >/dev/null
}

install_wasm_rust() {
  # A machine that cannot reach rustup's server goes on after 20 s; a slow one gets its time at the end.
  has_wasm_std || wasm_std_from_rustup 20 || wasm_std_from_debian || wasm_std_from_rustup 900 ||
    die "no Rust for wasm32: run 'rustup target add wasm32-unknown-unknown', or as root on Debian" \
      "'apt-get install rustc-web cargo-web rust-web-src lld-$LLD_VERSION', then repeat"
  if ! wasm_rust_is_ready; then
    say "WASM_RUST_VERSION=$(rustc_version)" >"$WASM_RUST_ENV"
  fi
}

wasm_std_from_rustup() {
  command -v rustup >/dev/null || return 1
  step "wasm32 target with rustup (at most $1 s)" wasm-target timeout "$1" rustup target add wasm32-unknown-unknown &&
    has_wasm_std
}

wasm_std_from_debian() {
  local version home host
  debian_packages rustc-web cargo-web rust-web-src "lld-$LLD_VERSION" || return 1
  version=$(/usr/bin/rustc --version | cut -d ' ' -f 2)
  home=$CACHE/rust-$version
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  step "wasm32 standard library $version from source (about 1 minute, once)" wasm-std build_wasm_std "$home" || return 1

  # A sysroot of its own: the packaged compiler with the packaged host libraries and the new wasm32 ones.
  mkdir -p "$home/bin"
  ln -sfn "$(/usr/bin/rustc --print sysroot)/lib/rustlib/$host" "$home/lib/rustlib/$host"
  ln -sfn /usr/bin/cargo "$home/bin/cargo"
  printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$home" >"$home/bin/rustc"
  chmod +x "$home/bin/rustc"
  cat >"$WASM_RUST_ENV" <<EOF
WASM_RUST_VERSION=$version
export PATH="$home/bin:\$PATH"
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-$LLD_VERSION
EOF
}

build_wasm_std() {
  local crate=$CACHE/build/std libs=$1/lib/rustlib/wasm32-unknown-unknown/lib
  mkdir -p "$crate/src" "$libs"
  printf '[package]\nname = "only_std"\nversion = "0.0.0"\nedition = "2021"\n' >"$crate/Cargo.toml"
  printf '#![no_std]\n' >"$crate/src/lib.rs"
  # Without the bitcode a later build with link-time optimisation cannot read the library.
  (cd "$crate" && RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C embed-bitcode=yes" CARGO_TARGET_DIR=target \
    /usr/bin/cargo build --release --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort,proc_macro) || return 1
  cp "$crate"/target/wasm32-unknown-unknown/release/deps/*.rlib "$libs" || return 1
  rm -rf "$crate" "$libs"/libonly_std-*
}

# debian_packages NAME...: installs those that are missing; fails where that is not possible.
debian_packages() {
  local as_root=() missing=() name
  for name in "$@"; do
    dpkg -s "$name" 2>/dev/null | grep -q '^Status: install ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || return 1
  if [ "$(id -u)" -ne 0 ]; then
    # Asks for a password here, where it can be seen, and not inside the step.
    { command -v sudo >/dev/null && sudo -v; } || return 1
    as_root=(sudo)
  fi
  step "package lists" apt-update "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=120 update || true
  step "packages ${missing[*]}" apt-install "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "${missing[@]}"
}

# --- Tools -----------------------------------------------------------------------------------

install_wasm_bindgen() {
  binstall "$WASM_BINDGEN_HOME" wasm-bindgen-cli "$WASM_BINDGEN_VERSION" || download_wasm_bindgen || {
    need_c_compiler
    step "wasm-bindgen $WASM_BINDGEN_VERSION from source (about 1 minute, once)" wasm-bindgen cargo_install \
      "$WASM_BINDGEN_HOME" wasm-bindgen-cli --version "$WASM_BINDGEN_VERSION" --no-default-features --bin wasm-bindgen
  }
}

# The project's own release. A machine that cannot reach it goes on after seconds.
download_wasm_bindgen() {
  local system package url
  case $(uname -sm) in
    "Linux x86_64") system=x86_64-unknown-linux-musl ;;
    "Linux aarch64") system=aarch64-unknown-linux-musl ;;
    *) return 1 ;;
  esac
  command -v curl >/dev/null || return 1
  package=wasm-bindgen-$WASM_BINDGEN_VERSION-$system
  url=https://github.com/wasm-bindgen/wasm-bindgen/releases/download/$WASM_BINDGEN_VERSION/$package.tar.gz
  say "- wasm-bindgen $WASM_BINDGEN_VERSION, ready made"
  mkdir -p "$WASM_BINDGEN_HOME/bin"
  if curl -fsSL --connect-timeout 5 --max-time 60 "$url" 2>"$LOGS/wasm-bindgen.log" |
    tar -xzf - -C "$WASM_BINDGEN_HOME/bin" --strip-components 1 "$package/wasm-bindgen" 2>>"$LOGS/wasm-bindgen.log" &&
    [ "$("$WASM_BINDGEN_HOME/bin/wasm-bindgen" --version)" = "wasm-bindgen $WASM_BINDGEN_VERSION" ]; then
    return
  fi
  rm -rf "$WASM_BINDGEN_HOME"
  say "    not to be had: $(head -n 1 "$LOGS/wasm-bindgen.log")"
  return 1
}

# Its project publishes the source only.
install_worker_build() {
  binstall "$WORKER_BUILD_HOME" worker-build "$WORKER_BUILD_VERSION" || {
    need_c_compiler
    pkg-config --exists openssl 2>/dev/null || debian_packages pkg-config libssl-dev ||
      die "worker-build needs OpenSSL's headers: install pkg-config and libssl-dev, then repeat"
    step "worker-build $WORKER_BUILD_VERSION from source (about 1 minute, once)" worker-build cargo_install \
      "$WORKER_BUILD_HOME" worker-build --version "$WORKER_BUILD_VERSION" --bin worker-build
  }
  rm -rf "$CACHE/build"
}

# binstall HOME CRATE VERSION: ready made, for those who have cargo-binstall.
binstall() {
  command -v cargo-binstall >/dev/null || return 1
  step "$2 $3 with cargo-binstall" "$2" timeout 120 cargo binstall --no-confirm --disable-strategies compile \
    --root "$1" "$2@$3"
}

need_c_compiler() {
  command -v cc >/dev/null || debian_packages gcc libc6-dev || die "no C compiler: install gcc, then repeat"
}

# cargo_install HOME ARGUMENT...
# A debug build: these tools work for a second per build, and compile four times as fast without optimisation.
# The published lock file comes first; where it names a version the registry does not have, the newest do.
cargo_install() {
  local home=$1
  shift
  export CARGO_TARGET_DIR=$CACHE/build/tools CARGO_PROFILE_DEV_DEBUG=0
  cargo install --debug --root "$home" --locked "$@" || cargo install --debug --root "$home" "$@"
}

# --- npm packages: wrangler, Miniflare, Node.js, wasm-opt, esbuild ----------------------------

npm_inputs() { cat package.json package-lock.json .npmrc | sha256sum; }

npm_is_ready() { [ "$(npm_inputs)" = "$(cat node_modules/.inputs 2>/dev/null)" ]; }

install_npm() {
  # With the machine's own Node.js, because npm replaces the packaged one.
  step "npm packages: wrangler $WRANGLER_VERSION, Node.js $NODE_VERSION, ..." npm \
    env PATH="${PATH#"$ROOT/node_modules/.bin:"}" npm ci --no-progress --loglevel=error
  local packaged
  for packaged in node_modules/node-*/bin/node; do
    # npm 10 leaves this link out when several packages offer a `node`.
    [ ! -x "$packaged" ] || ln -sfn "../${packaged#node_modules/}" node_modules/.bin/node
  done
  # On a platform without a packaged Node.js the machine's own has to be new enough.
  node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 && b >= 12) ? 0 : 1)' ||
    die "wrangler needs Node.js 22.12 or newer on this platform, found $(node --version)"
  npm_inputs >node_modules/.inputs
}

main "$@"
