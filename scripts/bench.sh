#!/usr/bin/env bash
# Micro benchmarks of the decision, then load against the built Worker; with --providers, --crm or --builds that bench instead.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
export WORKER_BUILD=release

# --quick, --state=DIR and --floor-only are for the load, --quick and --only=PARTS for the providers, --leads=N and
# --only=CRMS for the CRMs, --load-only leaves the micro benchmarks out; the rest is for cargo.
load=() micro=() load_only= providers= crm=
for argument in "$@"; do
  case $argument in
    --quick | --state=* | --floor-only | --only=* | --leads=*) load+=("$argument") ;;
    --load-only) load_only=1 ;;
    --providers) providers=1 ;;
    --crm) crm=1 ;;
    --builds) exec bash scripts/bench-builds.sh ;;
    *) micro+=("$argument") ;;
  esac
done

bash scripts/setup.sh
if [ -n "$providers" ]; then
  bash scripts/build.sh
  exec node bench/providers.mjs ${load[@]+"${load[@]}"}
fi
if [ -n "$crm" ]; then
  bash scripts/build.sh
  step "building the played CRMs" bench-vendors cargo build -p lead-router-app --example fakes
  exec node bench/crm.mjs ${load[@]+"${load[@]}"}
fi
[ -n "$load_only" ] || cargo bench -p lead-router-core ${micro[@]+"${micro[@]}"}
bash scripts/build.sh
node bench/load.mjs ${load[@]+"${load[@]}"}
