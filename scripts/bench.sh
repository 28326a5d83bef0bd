#!/usr/bin/env bash
# Micro benchmarks of the decision, then load against the built Worker.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# --quick, --state=DIR and --floor-only are for the load, --load-only leaves the micro benchmarks out; the rest is
# for cargo.
load=() micro=() load_only=
for argument in "$@"; do
  case $argument in
    --quick | --state=* | --floor-only) load+=("$argument") ;;
    --load-only) load_only=1 ;;
    *) micro+=("$argument") ;;
  esac
done

bash scripts/setup.sh
[ -n "$load_only" ] || cargo bench --no-default-features ${micro[@]+"${micro[@]}"}
bash scripts/build.sh
node bench/load.mjs ${load[@]+"${load[@]}"}
