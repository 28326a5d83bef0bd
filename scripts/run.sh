#!/usr/bin/env bash
# Serves the Worker on this machine, seeds the sample world, routes one lead, and keeps serving until Ctrl-C.
# PORT chooses the port; arguments go to `wrangler dev` (for example --var MODE:shadow).
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

PORT=${PORT:-8787}
STATE=.state
export BASE_URL=http://127.0.0.1:$PORT
SERVER_LOG=$STATE/wrangler.log

main() {
  ! port_is_taken || die "port $PORT is in use: choose another one with 'make run PORT=8788'"
  bash scripts/setup.sh
  bash scripts/build.sh dev
  [ -f .dev.vars ] || [ ! -f .dev.vars.example ] || cp .dev.vars.example .dev.vars
  mkdir -p "$STATE"
  migrate
  serve "$@"
  node scripts/wait-until-up.mjs "$BASE_URL/healthz" 60 "$server" || give_up
  for script in seed first-lead; do
    [ ! -f "scripts/$script.mjs" ] || node "scripts/$script.mjs" "$BASE_URL"
  done
  say "Serving at $BASE_URL   (a page with a form: $BASE_URL/demo, log: $SERVER_LOG, stop: Ctrl-C)"
  wait "$server" || give_up
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }

# wrangler takes seconds to find out that there is nothing to do, a checksum does not.
migrate() {
  local sum
  sum=$(find migrations -type f -print0 2>/dev/null | LC_ALL=C sort -z | xargs -0r sha256sum | sha256sum)
  [ "$sum" != "$(cat "$STATE/.migrations" 2>/dev/null)" ] || return 0
  CI=1 step "database migrations" migrations wrangler d1 migrations apply DB --local --persist-to "$STATE"
  say "$sum" >"$STATE/.migrations"
}

serve() {
  trap stop EXIT
  trap 'exit 0' INT TERM HUP
  say "- starting on port $PORT"
  # A process group of its own, so that wrangler and everything it starts can be stopped together.
  CI=1 setsid wrangler dev --local --ip 127.0.0.1 --port "$PORT" --persist-to "$STATE" "$@" >"$SERVER_LOG" 2>&1 </dev/null &
  server=$!
}

stop() {
  trap '' INT TERM HUP
  kill -TERM -- "-$server" 2>/dev/null || return 0
  for _ in {1..50}; do
    kill -0 -- "-$server" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$server" 2>/dev/null || true
}

give_up() {
  tail -n 40 "$SERVER_LOG" >&2
  die "the Worker is not serving, the lines above are the end of $SERVER_LOG"
}

main "$@"
